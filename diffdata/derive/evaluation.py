"""From the listings to the summary: one evaluated value for each quantity of each model.

The method follows the Review of Particle Physics:

1. Only current estimates with a central value count, and money only in usd. A limit or an order of
   magnitude is not a central value.
2. Reviewed estimates come before imported ones, which are those that were taken from a snapshot of
   a database (verification ``snapshot``) instead of being read. All snapshots of one publisher are
   one report: of its estimates only those of the latest vintage count.
3. Of these only the best basis counts: reported by those who did it, before estimated, before
   derived, before assumed, before repeated from another source.
4. Exact counts come before rounded ones: a number without unit is set aside if a finer one of the
   same basis (one with a digit that is not zero at a lower place) rounds to it, and differs by at
   most 5 %.
5. A single remaining estimate is the value, with its interval and level. The value of several is
   their mean, geometric for quantities on a logarithmic scale and arithmetic on a linear one
   (source id ``cottier-comments``, advice 3.1 and 3.2); the bounds then span all their values and
   bounds, and have no level.
6. The training compute of a dense model for which no source gives it is `six_nd`.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw
from narwhals.typing import IntoFrameT

from diffdata.derive.compute import six_nd
from diffdata.derive.dates import first_dates, of_models
from diffdata.derive.formula import SECONDS_PER_DAY, documented
from diffdata.derive.frames import (
    Frame,
    choose,
    is_imported,
    make,
    reviewed_first,
    rows,
    unwrap,
    with_group,
    wrap,
)
from diffdata.derive.spread import gpt3_like

__all__ = [
    "HARDWARE_SUMMARY_TABLES", "SUMMARY_TABLES", "compute_of_runs", "evaluate", "evaluation_inputs",
    "hardware_summary", "model_summary",
]  # fmt: skip

# From the most to the least direct (estimates.basis).
_BASES = ("reported", "estimated", "derived", "assumed", "repeated")

# The tables that `model_summary` is made of, in the order of its arguments. After them come
# `model_domains`, which is not in the editions 2026.1 and 2026.2, `sources`, `model_developers`
# and `organizations`.
SUMMARY_TABLES = (
    "models", "model_dates", "artifacts", "estimates", "quantities", "training_runs",
    "hardware_performance",
)  # fmt: skip
HARDWARE_SUMMARY_TABLES = ("hardware", "hardware_performance", "hardware_prices")
# The peaks that chips have, by number format and execution unit.
_PEAKS = (
    ("fp64", "vector"), ("fp64", "matrix"), ("fp32", "vector"), ("fp32", "matrix"),
    ("tf32", "matrix"), ("bf16", "vector"), ("bf16", "matrix"), ("fp16", "vector"),
    ("fp16", "matrix"), ("fp8", "matrix"), ("fp4", "matrix"), ("int16", "matrix"),
    ("int8", "matrix"), ("int4", "matrix"),
)  # fmt: skip
_KEY = ["model_id", "quantity_id", "unit"]
_IN_USD = nw.col("currency").fill_null("USD") == "USD"
# What is not a central value (estimates.limit).
_LIMIT = nw.col("limit").is_in(["lower", "upper", "order_of_magnitude"]).fill_null(False)
# The greatest difference of a rounded count from the exact one, relative.
_ROUNDING = 0.05


@documented
def evaluation_inputs(estimates: IntoFrameT, sources: IntoFrameT | None = None) -> IntoFrameT:
    """Return for each estimate about a model whether the evaluation uses it, and if not, why.

    Without `sources`, all vintages of a publisher count alike.

    Returns: Columns model_id, quantity_id, estimate_id, used, set_aside_because (``not_current``,
    ``no_central_value``, ``other_currency``, ``limit``, ``earlier_vintage``, ``imported``,
    ``weaker_basis``, ``rounded``), sorted by the first three.

    >>> from diffdata import load
    >>> inputs = evaluation_inputs(load("estimates", "2026.2"))
    >>> sorted(inputs["set_aside_because"].dropna().unique())
    ['imported', 'limit', 'no_central_value', 'not_current', 'rounded', 'weaker_basis']
    """
    reason = choose(
        (nw.col("status") != "current", "not_current"),
        (nw.col("value").is_null(), "no_central_value"),
        (~_IN_USD, "other_currency"),
        (_LIMIT, "limit"),
        (nw.col("earlier"), "earlier_vintage"),
        (nw.col("rounded"), "rounded"),
        (nw.col("imported") & (nw.col("best") < len(_BASES)), "imported"),
        (~nw.col("used"), "weaker_basis"),
    )
    names = ["model_id", "quantity_id", "estimate_id"]
    ranked = _ranked(wrap(estimates), sources)
    inputs = ranked.select(*names, "used", reason.alias("set_aside_because"))
    return unwrap(inputs.sort(*names), like=estimates)


@documented
def evaluate(
    estimates: IntoFrameT, quantities: IntoFrameT, sources: IntoFrameT | None = None
) -> IntoFrameT:
    """Evaluate each quantity of each model that has a usable estimate.

    Without `sources`, all vintages of a publisher count alike. For values of reviewed rows alone,
    give only these: ``load("estimates", reviewed=True)``.

    Returns: Columns model_id, quantity_id, unit, value, low, high (in that unit, money in usd),
    level (missing unless the bounds are one author's interval) and method (``single``,
    ``geometric_mean``, ``arithmetic_mean``), sorted by the first three.

    >>> from diffdata import load
    >>> values = evaluate(load("estimates", "2026.2"), load("quantities", "2026.2"))
    >>> values[["model_id", "quantity_id", "value"]].values.tolist()[0]
    ['bloom', 'corpus_tokens', 344175613416.12134]
    """
    scales = wrap(quantities).select("quantity_id", "unit", "scale")
    used = _ranked(wrap(estimates), sources).filter(nw.col("used"))
    used = used.join(scales, on=["quantity_id", "unit"])
    groups = (
        used.with_columns(
            log=choose((nw.col("value") > 0, nw.col("value"))).log(),
            smallest="value",
            greatest="value",
            least=nw.min_horizontal("low", "value"),
            most=nw.max_horizontal("high", "value"),
        )
        .group_by(*_KEY, "scale")
        .agg(
            nw.len().alias("count"),
            nw.mean("value", "log"),
            nw.min("smallest", "low", "least", "level"),
            nw.max("greatest", "high", "most"),
        )
    )
    single, log = nw.col("count") == 1, nw.col("scale") == "log"
    values = groups.select(
        *_KEY,
        # One value is not converted: exp(log(x)) would change its last digit.
        value=choose(
            (nw.col("smallest") == nw.col("greatest"), nw.col("smallest")),
            (log, nw.col("log").exp()),
            otherwise=nw.col("value"),
        ),
        low=choose((single, nw.col("low")), otherwise=nw.col("least")),
        high=choose((single, nw.col("high")), otherwise=nw.col("most")),
        level=choose((single, nw.col("level"))),
        method=choose((single, "single"), (log, "geometric_mean"), otherwise="arithmetic_mean"),
    )
    return unwrap(values.sort(*_KEY), like=estimates)


@documented
def compute_of_runs(training_runs: IntoFrameT, hardware_performance: IntoFrameT) -> IntoFrameT:
    """Return the compute of models from the hardware side: chips, time and speed of their runs.

    A run counts if its chip-hours (or chips and days) are known, and its speed: the achieved one,
    or the utilization of the 16-bit peak of its matrix units. Several runs of a model are reports
    of the same run, of which the geometric mean is taken. Those of a part of the training do not
    count, and imported ones only if the model has no others. Source: ``daan-2024-gpt-3-level``.

    Returns: Columns model_id, run_compute_flop (FLOP that the model needs: three quarters of those
    from hardware utilization), sorted by model_id.

    >>> from diffdata import load
    >>> runs, speeds = load("training_runs", "2026.2"), load("hardware_performance", "2026.2")
    >>> compute = compute_of_runs(runs, speeds).set_index("model_id")["run_compute_flop"]
    >>> print(f"{compute['gpt-3']:.3g}")
    3.15e+23
    """
    column = nw.col
    peaks = (
        wrap(hardware_performance)
        .filter(column("number_format").is_in(["bf16", "fp16"]), execution_unit="matrix")
        .group_by("hardware_id")
        .agg(column("peak_flop_per_second").max())
    )
    runs = wrap(training_runs)
    if "part" in runs.collect_schema().names():  # released editions lack it
        runs = runs.filter(column("part").is_null())
    runs = runs.join(peaks, on="hardware_id", how="left")
    seconds = choose(
        (~column("chip_hours").is_null(), column("chip_hours") * (SECONDS_PER_DAY / 24)),
        otherwise=column("chips").cast(nw.Float64()) * column("duration_days") * SECONDS_PER_DAY,
    )
    achieved = column("achieved_flop_per_second")
    at_peak = column("utilization") * column("peak_flop_per_second")
    speed = choose((~achieved.is_null(), achieved), otherwise=at_peak)
    # With recomputed activations, the hardware performs 8 FLOP per parameter and token, of which
    # the model needs 6 (`six_nd`, `eight_nd`).
    recomputed = (column("utilization_kind") == "hfu").fill_null(False)
    compute = seconds * speed * choose((recomputed, 6 / 8), otherwise=1.0)
    computed = runs.with_columns(compute.alias("compute")).filter(
        ~column("model_id").is_null() & ~column("compute").is_null()
    )
    found = (
        reviewed_first(computed, "model_id")
        .with_columns(log_compute=column("compute").log())
        .group_by("model_id")
        .agg(column("log_compute").mean())
        .select("model_id", column("log_compute").exp().alias("run_compute_flop"))
        .sort("model_id")
    )
    return unwrap(found, like=training_runs)


@documented
def model_summary(
    models: IntoFrameT,
    model_dates: IntoFrameT,
    artifacts: IntoFrameT,
    estimates: IntoFrameT,
    quantities: IntoFrameT,
    training_runs: IntoFrameT,
    hardware_performance: IntoFrameT,
    model_domains: IntoFrameT | None = None,
    sources: IntoFrameT | None = None,
    model_developers: IntoFrameT | None = None,
    organizations: IntoFrameT | None = None,
) -> IntoFrameT:
    """Return the evaluated values in a wide layout, one row per model.

    Reviewed estimates, runs and artifacts come before imported ones (`evaluate`); of dates the
    earliest counts, whoever states it. The editions 2026.1 and
    2026.2 have no `model_domains`; their models have a modality instead. Without the last two
    tables there are no columns developers and countries.
    Each quantity with a ``summary_column`` gives a column of that name and four more: ``_low``,
    ``_high``, ``_level`` and ``_method``.

    Returns: The columns of the table ``model_summary``, sorted by model_id.

    >>> from diffdata import load
    >>> summary = model_summary(*(load(name, "2026.2") for name in SUMMARY_TABLES))
    >>> bool((summary["training_compute_flop_method"] == "six_nd").any())
    True
    """
    dates = _without_announcements(of_models(wrap(model_dates)))
    vocabulary = wrap(quantities)
    modality = ["modality"] if model_domains is None else []
    named = wrap(models)
    named = named.with_columns(reviewed=~is_imported(named))
    columns = ["model_id", "name", "reviewed", "architecture", "objective", *modality]
    wide = _with_developers(named.select(*columns), model_developers, organizations)
    developed, published, announced = (
        first_dates(dates.filter(milestone=milestone)).select("model_id", "date", "date_precision")
        for milestone in ("developed", "published", "announced")
    )
    # What has no paper was made public by its announcement.
    rest = announced.join(published.select("model_id"), on="model_id", how="anti")
    published = nw.concat([published, rest])
    for milestone, first in {"published": published, "developed": developed}.items():
        names = {"date": milestone, "date_precision": f"{milestone}_precision"}
        wide = wide.join(first.rename(names), on="model_id", how="left")
    weights = wrap(artifacts).filter(nw.col("variant").is_null(), artifact_kind="weights")
    weights = reviewed_first(weights, "model_id")
    latest = weights.unique(["model_id"], keep="last", order_by=["available", "stage"])
    licenses = {"weights_license": "license", "weights_license_kind": "license_kind"}
    there = weights.collect_schema().names()  # released editions lack kinds of licences
    licenses = {name: column for name, column in licenses.items() if column in there}
    latest = latest.select("model_id", weights_access="access", **licenses)
    wide = wide.join(latest, on="model_id", how="left")
    values = evaluate(wrap(estimates), vocabulary, sources)
    with_column = vocabulary.filter(~nw.col("summary_column").is_null())
    for quantity, unit, name in rows(with_column.select("quantity_id", "unit", "summary_column")):
        parts = {part: f"{name}_{part}" for part in ("low", "high", "level", "method")}
        chosen = values.filter(quantity_id=quantity, unit=unit).drop("quantity_id", "unit")
        wide = wide.join(chosen.rename({"value": name, **parts}), on="model_id", how="left")
    runs = compute_of_runs(wrap(training_runs), wrap(hardware_performance))
    wide = wide.join(runs, on="model_id", how="left")
    # The training compute of dense models for which no source gives it.
    compute, method = "training_compute_flop", "training_compute_flop_method"
    derived = six_nd(nw.col("parameters"), nw.col("training_tokens"))
    dense = (nw.col("architecture") == "dense").fill_null(False)
    applies = nw.col(compute).is_null() & dense & ~derived.is_null()
    wide = wide.with_columns(
        choose((applies, derived), otherwise=nw.col(compute)).alias(compute),
        choose((applies, "six_nd"), otherwise=nw.col(method)).alias(method),
    )
    domains = None if model_domains is None else wrap(model_domains)
    likeness = gpt3_like(wide, domains).drop(*modality)
    return unwrap(likeness.sort("model_id"), like=models)


@documented
def hardware_summary(
    hardware: IntoFrameT, hardware_performance: IntoFrameT, hardware_prices: IntoFrameT
) -> IntoFrameT:
    """Return what is known of each chip in a wide layout, one row per chip.

    A peak is that without sparsity, in FLOP (operations) per second, by number format and execution
    unit; reviewed ones come before imported ones. The list price is the purchase price that names
    neither a seller nor the day on which it was seen; the last purchase price is the mean of
    those of the last day on which one was seen.

    Returns: The columns of the table ``hardware_summary``, sorted by hardware_id.

    >>> from diffdata import load
    >>> summary = hardware_summary(*(load(name) for name in HARDWARE_SUMMARY_TABLES))
    >>> h100 = summary.set_index("hardware_id").loc["nvidia-h100-sxm5"]
    >>> f"{h100['bf16_matrix_flop_per_second']:.3g}"
    '9.89e+14'
    """
    wide = wrap(hardware).select(
        "hardware_id", "name", "vendor_organization_id", "hardware_kind", "released",
        "released_precision", "memory_bytes", "bandwidth_bytes_per_second", "power_watt",
    )  # fmt: skip
    peaks = reviewed_first(
        wrap(hardware_performance), "hardware_id", "number_format", "execution_unit"
    )
    for number_format, unit in _PEAKS:
        name = f"{number_format}_{unit}_flop_per_second"
        of_kind = peaks.filter(number_format=number_format, execution_unit=unit)
        peak = of_kind.group_by("hardware_id").agg(nw.col("peak_flop_per_second").max().alias(name))
        wide = wide.join(peak, on="hardware_id", how="left")
    amount, observed = nw.col("amount"), nw.col("observed_on")
    bought = wrap(hardware_prices).filter(
        ~nw.col("hardware_id").is_null(), price_kind="purchase", currency="USD"
    )
    listed = bought.filter(nw.col("seller").is_null() & observed.is_null())
    listed = reviewed_first(listed, "hardware_id").group_by("hardware_id")
    wide = wide.join(listed.agg(list_price_usd=amount.mean()), on="hardware_id", how="left")
    seen = with_group(bought.filter(~observed.is_null()), ["hardware_id"], _last=observed.max())
    last = seen.filter(observed == nw.col("_last")).group_by("hardware_id")
    last = last.agg(last_price_usd=amount.mean(), last_price_seen=observed.max())
    wide = wide.join(last, on="hardware_id", how="left")
    return unwrap(wide.sort("hardware_id"), like=hardware)


def _with_developers(wide: Frame, developers: Any, organizations: Any) -> Frame:
    """Add who developed each model, and in which countries, as lists separated by ``; ``."""
    if developers is None or organizations is None:
        return wide
    import pyarrow as pa

    pairs = wrap(developers).filter(role="developer").select("model_id", "organization_id")
    countries = wrap(organizations).select("organization_id", "country")
    found: dict[str, tuple[set[str], set[str]]] = {}
    for model, organization, country in rows(pairs.join(countries, on="organization_id")):
        names, places = found.setdefault(model, (set(), set()))
        names.add(organization)
        places |= {country} if country else set()
    listed = [
        (model, *("; ".join(sorted(part)) or None for part in parts))
        for model, parts in sorted(found.items())
    ]
    text = pa.string()
    table = pa.Table.from_arrays(
        [pa.array([row[place] for row in listed], text) for place in range(3)],
        names=["model_id", "developers", "countries"],
    )
    return wide.join(make(table, wide), on="model_id", how="left")


def _without_announcements(dates: Frame) -> Frame:
    """Leave out imported dates of publication that reviewed rows have as an announcement.

    Databases have one date of a model; whoever reviewed it may have entered it as that of the
    announcement.
    """
    imported = is_imported(dates)
    published = nw.col("milestone") == "published"
    month = {"_year": nw.col("date").dt.year(), "_month": nw.col("date").dt.month()}
    dated = dates.with_columns(**month)
    announced = dated.filter(imported, milestone="announced")
    announced = announced.group_by("model_id", *month).agg(
        _announced=nw.col("source_id").max(), _day=nw.col("date").max()
    )
    found = dated.join(announced, on=["model_id", *month], how="left")
    elsewhere = ~nw.col("_announced").is_null() & (nw.col("_announced") != nw.col("source_id"))
    agrees = (nw.col("date") == nw.col("_day")) | (nw.col("date_precision") != "day")
    repeats = imported & published & elsewhere & agrees.fill_null(value=False)
    return found.filter(~repeats).drop(*month, "_announced", "_day")


def _ranked(estimates: Frame, sources: Any = None) -> Frame:
    """Mark which of the estimates about models the evaluation uses, and why not the others."""
    about = estimates.filter(~nw.col("model_id").is_null())
    if "limit" not in about.collect_schema().names():
        about = about.with_columns(limit=nw.lit(None, nw.String()))
    usable = (nw.col("status") == "current") & ~nw.col("value").is_null() & _IN_USD & ~_LIMIT
    about = about.with_columns(usable=usable.fill_null(value=False), imported=is_imported(about))
    about = _with_vintages(about, sources)
    # Imported estimates rank below all reviewed ones.
    places = [((nw.col("basis") == basis), place) for place, basis in enumerate(_BASES)]
    behind = choose((nw.col("imported"), len(_BASES)), otherwise=0)
    counts = nw.col("usable") & ~nw.col("earlier")
    ranked = about.with_columns(rank=choose((counts, choose(*places) + behind)))
    ranked = with_group(ranked, _KEY, best=nw.col("rank").min()).with_columns(
        best_basis=(nw.col("rank") == nw.col("best")).fill_null(False)
    )
    rounded = _rounded(ranked.filter("best_basis", unit="1"))
    rounded = rounded.with_columns(rounded=nw.lit(value=True))
    marked = ranked.join(rounded, on="estimate_id", how="left")
    marked = marked.with_columns(rounded=~nw.col("rounded").is_null())
    return marked.with_columns(used=nw.col("best_basis") & ~nw.col("rounded"))


def _with_vintages(about: Frame, sources: Any) -> Frame:
    """Mark the imported estimates of which the publisher has a usable one of a later vintage."""
    if sources is None:
        return about.with_columns(earlier=nw.lit(value=False))
    # A publisher that is not known has one snapshot.
    publisher = nw.coalesce("publisher", "source_id")
    vintages = wrap(sources).select("source_id", publisher=publisher, vintage="published")
    dated = about.join(vintages, on="source_id", how="left")
    counts = nw.col("usable") & nw.col("imported")
    keys = [*_KEY, "publisher"]
    latest = dated.filter(counts).group_by(*keys).agg(latest=nw.col("vintage").max())
    earlier = counts & (nw.col("vintage") < nw.col("latest")).fill_null(value=False)
    found = dated.join(latest, on=keys, how="left").with_columns(earlier=earlier)
    return found.drop("publisher", "vintage", "latest")


def _rounded(counts: Frame) -> Frame:
    """Return the ids of the counts to which a finer count of the same model rounds."""
    value = nw.col("value")
    # The place of the last digit that is not zero. Polars has no exact remainder of floats.
    powers = [10.0**place for place in range(1, 16)]
    places = [
        choose(((value / power).round() * power == value, power), otherwise=1.0) for power in powers
    ]
    placed = counts.select(*_KEY, "estimate_id", "value", place=nw.max_horizontal(*places))
    finer = placed.select(*_KEY, finer_value="value", finer_place="place")
    pairs = placed.filter(nw.col("value") > 0).join(finer, on=_KEY)
    difference = (value - nw.col("finer_value")).abs()
    rounds = (difference <= nw.col("place") / 2) & (difference <= _ROUNDING * value)
    return (
        pairs.filter(nw.col("finer_place") < nw.col("place"), rounds).select("estimate_id").unique()
    )
