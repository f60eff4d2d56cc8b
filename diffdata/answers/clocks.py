"""The clocks: how fast capabilities spread, each measured on the tables of a package.

Each clock is a row of `CLOCKS`: the question that it answers, the derivations that do it, and the
groups into which its result can be split. docs/clocks.md says what each measures, by whose
definition, and what is left out.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from diffdata import derive
from diffdata.derive.trends import leading
from diffdata.display import counted
from diffdata.engines import to_engine
from diffdata.errors import DiffdataError, InvalidInputError, UnknownNameError
from diffdata.loading import arrow_tables
from diffdata.lookup.names import parsed_day
from diffdata.lookup.tables import Tables
from diffdata.lookup.text import number
from diffdata.lookup.words import benchmark_named
from diffdata.package.packages import Dataset, Package, open_dataset

COLUMNS = (
    "clock", "group", "reference", "follower", "threshold", "n", "censored", "median", "low",
    "high", "level", "unit", "trend", "as_of", "note",
)  # fmt: skip
_TEXTS = ("clock", "group", "reference", "follower", "unit", "trend", "note")
# Shares of questions that are answered rightly at the first attempt, whatever they are called.
_ONE_ATTEMPT = {"accuracy", "exact_match", "pass_at_1"}
_LESS_IS_BETTER = {"perplexity", "bits_per_byte", "bits_per_character", "distance"}
INDEX = "epoch-capabilities-index"
ALL_SOURCES = "all"
# How much a model thought, which names of versions of one model end with.
_EFFORT = r"_(?:unknown|none|minimal|low|medium|high|xhigh|max|thinking|[0-9]+[kK])$"
_OPEN = ("open", "on_request")  # as in `access_lag`
_GROUP_OF_ACCESS = {"open": "open", "on_request": "open", "api_only": "closed", "none": "closed"}
_QUESTIONS = {
    "all": "public questions", "some": "partly public questions", "none": "private questions",
}  # fmt: skip
# Of each group, so that a benchmark on which hardly any model of one was tested says nothing.
LEAST_MODELS = 3
# Of a price that is a trend: so many falls of it, over so many days.
_LEAST_FALLS, _LEAST_DAYS = 3, 365
_LEAST_FIGURES = 3  # of a rate
# Tokens read for each one written, in the price of a token.
_INPUT_SHARE = 0.75
_COMPUTE_LEVELS = (1e23, 1e24, 1e25, 1e26)
_SINCE = {"training_compute_flop": "2010-01-01", "training_cost_usd": "2015-10-01"}
_TOP = 10
_NEXT = "as much with the next one"
_OF_GROUPS = ("benchmark", "index", "compute")  # the clocks with a leader and a follower
_DAYS, _TIMES, _CHEAPER = "days", "times per year", "times cheaper per year"


@dataclass(frozen=True)
class Options:
    """What a clock is asked for."""

    by: str
    benchmark: str | None
    source: str | None
    leader: str
    follower: str
    as_of: pd.Timestamp | None
    level: float


@dataclass(frozen=True)
class Clock:
    """A clock: what it asks, how it is measured, what it needs, and how it can be split."""

    name: str
    question: str
    functions: tuple[str, ...]  # of `diffdata.derive`
    tables: tuple[str, ...]  # without these it cannot be computed
    by: dict[str, str]  # the groupings, the default one first, and what each is
    measure: Callable[[_Tables, Options], Iterator[dict[str, Any]]]


class _Tables(Tables):
    """The tables of a package; derivations of dates are quicker on those of Arrow."""

    def __init__(self, package: Package, names: Iterable[str]) -> None:
        there = [name for name in names if name in package.tables]
        self.arrow = arrow_tables(package, there)
        super().__init__(package)
        self.update({name: to_engine(table, "pandas") for name, table in self.arrow.items()})

    @cached_property
    def weights(self) -> pd.DataFrame:
        """When the weights of a model could first be had, for models of which that is stated."""
        weights = self["artifacts"]
        weights = weights[
            (weights["artifact_kind"] == "weights") & weights["access"].isin(_OPEN)
            & weights["variant"].isna() & weights["available"].notna()
        ]  # fmt: skip
        named = {"available": "weights", "available_precision": "weights_precision"}
        return _first(weights.rename(columns=named), ["model_id"], "weights")

    @cached_property
    def models(self) -> pd.DataFrame:
        """The models with their date, whether they are open or closed, and their figures.

        An open model counts from the day on which its weights could be had, where that is stated.
        """
        found = self["model_summary"].merge(self.weights, on="model_id", how="left")
        group = found["weights_access"].map(_GROUP_OF_ACCESS)
        return _from_weights(
            found.assign(
                access=group, date=found["published"], date_precision=found["published_precision"]
            )
        )

    @cached_property
    def reports(self) -> pd.DataFrame:
        """The scores that can be compared, with the date and the access of their model.

        A score counts from the day of the version that has it, where that is stated.
        """
        found, dates = self["evaluations"], self["model_dates"]
        described = self["benchmarks"]
        metric = found["metric"].where(~found["metric"].isin(_ONE_ATTEMPT), "one attempt")
        found = found.assign(metric=metric)
        usual = _most_frequent(found, "metric")
        scales: dict[str, str] = {}
        if len(described):
            given = described["usual_metric"]
            described = described.assign(
                usual=given.where(~given.isin(_ONE_ATTEMPT), "one attempt")
            )
            usual |= _column(described, "benchmark_id", "usual")
            scales = _column(described, "benchmark_id", "score_scale")
        found = found[found["metric"] == found["benchmark"].map(usual)]
        if "subset" in found:
            found = found.assign(subset=found["subset"].fillna("").astype("str"))
            found = found[
                found["subset"] == found["benchmark"].map(_most_frequent(found, "subset"))
            ]
        lower = [
            scales.get(benchmark, metric) in _LESS_IS_BETTER
            for benchmark, metric in zip(found["benchmark"], found["metric"], strict=True)
        ]
        found = found.assign(lower=pd.Series(lower, found.index, dtype=bool), version=None)
        public = dates[dates["milestone"].isin(["published", "announced"])]
        if "model_version" in found and "model_variant" in public:
            found["version"] = found["model_version"].str.replace(_EFFORT, "", regex=True)
            versions = public[public["model_variant"] != "main"].rename(
                columns={"model_variant": "version"}
            )
            key = ["model_id", "version"]
            versions = _first(versions, key, "date")
            # The name of a version that one model alone has says enough, whoever's score it is.
            once = versions.drop_duplicates("version", keep=False).drop(columns="model_id")
            versions = pd.concat([versions, found[key].drop_duplicates().merge(once, on="version")])
            found = found.merge(versions.drop_duplicates(key), on=key, how="left")
        else:
            found = found.assign(date=pd.Series(dtype="datetime64[us]"), date_precision=None)
        columns = ["model_id", "published", "published_precision", "weights", "weights_precision",
                   "access"]  # fmt: skip
        found = found.merge(self.models[columns], on="model_id", how="left")
        dated = found["date"].notna()
        found["date"] = found["date"].where(dated, found["published"])
        found["date_precision"] = found["date_precision"].where(dated, found["published_precision"])
        return _from_weights(found)

    def scores(self, source: str | None) -> pd.DataFrame:
        """Return the scores of one source, by default of the one with most models of a benchmark.

        Of the reports on a model that count from one day, the best.
        """
        found = self.reports
        if source is None:
            models = found.groupby(["benchmark", "source_id"])["model_id"].nunique().reset_index()
            models = models.sort_values(["model_id", "source_id"], ascending=[False, True])
            fullest = _column(models.drop_duplicates("benchmark"), "benchmark", "source_id")
            found = found[found["source_id"] == found["benchmark"].map(fullest)]
        elif source != ALL_SOURCES:
            if source not in (known := set(found["source_id"])):
                raise UnknownNameError("source of scores", source, {*known, ALL_SOURCES})
            found = found[found["source_id"] == source]
        rank = found["score"].where(~found["lower"], -found["score"])
        ordered = found.assign(_rank=rank).sort_values(["_rank", "source_id"],
                                                       ascending=[False, True])  # fmt: skip
        return ordered.drop_duplicates(["benchmark", "model_id", "date"]).drop(columns="_rank")

    @cached_property
    def sold_as(self) -> dict[str, str]:
        """The model that each exact name stands for: its own, a sure alias, or that of a version.

        A name that may stand for several models is left out.
        """
        models, aliases, dates = self["models"], self["aliases"], self["model_dates"]
        pairs = [models[["model_id", "name"]], models[["model_id"]].assign(name=models["model_id"])]
        if len(aliases):
            sure = aliases[aliases["alias_certainty"] == "certain"].rename(
                columns={"alias": "name"}
            )
            pairs.append(sure[["model_id", "name"]])
        versions = [self.reports[["model_id", "version"]].set_axis(["model_id", "name"], axis=1)]
        if "model_variant" in dates:
            variants = dates[dates["model_variant"] != "main"]
            versions.append(variants[["model_id", "model_variant"]].set_axis(
                ["model_id", "name"], axis=1))  # fmt: skip
        found: dict[str, str] = {}
        for named in (versions, pairs):  # the names of models come before those of versions
            once = pd.concat(named).dropna().drop_duplicates()
            several = once["name"].duplicated(keep=False)
            found |= _column(once[~several], "name", "model_id")
            for name in once.loc[several, "name"]:
                found.pop(name, None)
        return found

    @cached_property
    def members(self) -> pd.DataFrame:
        """The developers of each model with their country and kind."""
        developers, known = self["model_developers"], self["organizations"]
        developers = developers[developers["role"] == "developer"][["model_id", "organization_id"]]
        columns = ["organization_id", "name", "country", "organization_kind"]
        return developers.merge(known[columns], on="organization_id", how="left")

    @cached_property
    def groups(self) -> dict[str, set[str]]:
        """The models of each country, kind of organization and kind of chips."""
        runs, chips = self["training_runs"], self["hardware"]
        named = [self.members[["model_id", name]] for name in ("country", "organization_kind")]
        if len(runs) and len(chips):
            chips = chips[["hardware_id", "hardware_kind"]]
            named.append(runs.merge(chips, on="hardware_id")[["model_id", "hardware_kind"]])
        found: dict[str, set[str]] = defaultdict(set)
        for frame in named:
            for model, name in frame.dropna().itertuples(index=False):
                found[str(name)].add(model)
        return dict(found)

    def grouped(self, frame: pd.DataFrame, leader: str, follower: str) -> pd.DataFrame:
        """Return rows of models with the column ``group``, of the two groups alone."""
        parts = []
        for name in (leader, follower):
            if name in ("open", "closed"):
                chosen = frame["access"] == name
            elif name in self.groups:
                chosen = frame["model_id"].isin(self.groups[name])
            else:
                raise UnknownNameError("group", name, {"open", "closed", *self.groups})
            parts.append(frame[chosen.fillna(value=False).astype(bool)].assign(group=name))
        return pd.concat(parts, ignore_index=True).dropna(subset=["date"])


def lags(
    clock: str | None = None,
    *,
    benchmark: str | None = None,
    source: str | None = None,
    by: str | None = None,
    leader: str = "closed",
    follower: str = "open",
    as_of: datetime.date | str | None = None,
    level: float = 0.9,
    against: str | None = None,
    package: Dataset | None = None,
    version: str | None = None,
) -> pd.DataFrame:
    """Return how fast capabilities spread: all clocks, or one clock in more detail.

    Parameters
    ----------
    clock
        ``replication``, ``access``, ``benchmark``, ``index``, ``compute``, ``price``, ``hardware``
        or ``frontier``, see docs/clocks.md; None returns all
    benchmark
        A benchmark, its id or name, for the clocks ``benchmark`` (the default with it) and
        ``price``
    source
        The source_id of the scores that are compared, or ``all``; by default for each benchmark the
        source that has most models, so that they were tested alike
    by : how to split the clock; ``each`` returns what its medians are made of, one row for each lag
    leader, follower
        Whose lag is measured by ``benchmark``, ``index`` and ``compute``: ``closed`` or ``open``
        weights, the code of a country, such as ``CN``, a kind of organization, such as
        ``academia``, or of the chips of training, such as ``tpu``
    as_of
        What came later has not happened yet; by default, and at the latest, the last day that the
        rows of a clock speak of
    level : the probability of the intervals
    against
        A released edition, to say what moved since: the columns ``median_then`` (the old data, by
        the definitions of today) and ``median_same_day`` (the data of today, up to the day that the
        old ones speak of) are added
    package, version : the package or released edition to read; the bundled dataset by default

    Returns
    -------
    frame
        One row for each clock and group: clock, group, reference, follower, threshold (of single
        lags), n (of lags, or of the figures that a rate is fitted to), censored (lags that are
        longer than what has passed), median (for rates the rate), low and high (the interval at
        ``level``; missing where it is open), unit, trend, as_of, and note (such as why a clock
        cannot be computed).

    Raises
    ------
    UnknownNameError, InvalidInputError
        If there is no such clock, benchmark, grouping or group, or `as_of` is not a date.

    Examples
    --------
    >>> found = lags("replication", version="2026.2", as_of="2022-12-31")
    >>> group, n, censored, unit = found.loc[0, ["group", "n", "censored", "unit"]]
    >>> group, int(n), int(censored), unit
    ('better model', 2, 1, 'days')
    """
    if benchmark is not None and clock is None:
        clock = "benchmark"
    if clock is not None and clock not in CLOCKS:
        raise UnknownNameError("clock", clock, CLOCKS)
    chosen = [CLOCKS[clock]] if clock else list(CLOCKS.values())
    if by is not None and clock is None:
        raise InvalidInputError(f"by: name the clock to split, one of {', '.join(CLOCKS)}")
    if by is not None and by not in chosen[0].by:
        raise UnknownNameError(f"grouping of the clock {clock}", by, chosen[0].by)
    if benchmark is not None and clock not in ("benchmark", "price"):
        raise InvalidInputError(
            f"benchmark: the clock {clock} has none; choose the clock benchmark or price"
        )
    if source is not None and clock not in (None, "benchmark", "index", "price"):
        raise InvalidInputError(f"source: the clock {clock} compares no scores; leave it out")
    if clock not in (None, *_OF_GROUPS) and (leader, follower) != ("closed", "open"):
        raise InvalidInputError(
            f"leader and follower: the clock {clock} has no groups; choose "
            f"one of {', '.join(_OF_GROUPS)}"
        )
    if not 0 < level < 1:
        raise InvalidInputError(f"level: expected above 0 and below 1, found {level}")
    if leader == follower:
        raise InvalidInputError(f"leader and follower: expected two groups, found {leader} twice")
    day = None if as_of is None else parsed_day(as_of, "as_of")
    options = Options("", benchmark, source, leader, follower, day, level)
    now = _measured(chosen, by, options, open_dataset(package, version))
    if against is None:
        return now
    if by == "each":
        raise InvalidInputError("against: single lags cannot be compared; leave by='each' out")
    return _compared(now, chosen, by, options, open_dataset(None, against),
                     open_dataset(package, version))  # fmt: skip


def _measured(
    clocks: Sequence[Clock], by: str | None, options: Options, package: Package
) -> pd.DataFrame:
    """Return the rows of some clocks on one package."""
    needed = dict.fromkeys(name for clock in clocks for name in clock.tables)
    tables = _Tables(package, needed)
    if options.benchmark is not None:
        known = set(tables["evaluations"]["benchmark"])
        named = benchmark_named(options.benchmark, tables["benchmarks"], known)
        options = replace(options, benchmark=named)
    found: list[dict[str, Any]] = []
    for clock in counted(clocks, "Reading the clocks"):
        asked = replace(options, by=by or next(iter(clock.by)))
        lacking = tables.lacking(clock.tables)
        note = None
        if lacking:
            note = f"cannot be computed: {package.version} lacks {', '.join(lacking)}"
        else:
            try:
                rows = list(clock.measure(tables, asked))
            except UnknownNameError:
                raise
            except DiffdataError as error:
                if len(clocks) == 1:
                    raise
                rows, note = [], f"cannot be computed: {error}"
            groups = {"reference": options.leader, "follower": options.follower}
            shown = groups if "{leader}" in clock.question and asked.by != "each" else {}
            found += [{"clock": clock.name} | shown | row for row in rows]
            if not rows and not note:
                note = "nothing to measure: no row has what this clock needs by then"
        if note:
            found.append({"clock": clock.name, "n": 0, "censored": 0, "note": note})
    frame = pd.DataFrame(found).reindex(columns=list(COLUMNS))
    frame = frame.assign(level=frame["level"].fillna(options.level))
    if by == "each":
        frame["level"] = float("nan")
    whole = dict.fromkeys(("n", "censored"), "Int64")
    floats = dict.fromkeys(("threshold", "median", "low", "high", "level"), "float64")
    typed = frame.astype(whole | floats | dict.fromkeys(_TEXTS, "str"))
    return typed.assign(as_of=pd.to_datetime(typed["as_of"]))


def _compared(
    now: pd.DataFrame, clocks: Sequence[Clock], by: str | None, options: Options, old: Package,
    new: Package,
) -> pd.DataFrame:  # fmt: skip
    """Add the medians of another edition, and those of today's data up to the day of that one."""
    key = ["clock", "group"]
    then = _measured(clocks, by, options, old)
    same = []
    for clock in clocks:
        days = then.loc[then["clock"] == clock.name, "as_of"].dropna()
        if len(days):
            asked = replace(options, as_of=days.max())
            same.append(_measured([clock], by, asked, new))
    same_day = pd.concat(same) if same else then.iloc[:0]
    for name, frame in (("then", then), ("same_day", same_day)):
        named = frame.dropna(subset=["group"])[[*key, "median"]]
        now = now.merge(named, on=key, how="left", suffixes=("", f"_{name}"))
    return now


def _first(frame: pd.DataFrame, keys: list[str], date: str) -> pd.DataFrame:
    """Return the earliest date of each key, a more precise one of the same first day before."""
    precision = f"{date}_precision"
    rank = frame[precision].map({"day": 0, "month": 1, "year": 2}).fillna(0)
    ordered = frame.assign(_rank=rank).sort_values([*keys, date, "_rank"])
    return ordered.drop_duplicates(keys)[[*keys, date, precision]]


def _from_weights(found: pd.DataFrame) -> pd.DataFrame:
    """Date open models from when their weights could be had, if that is later."""
    later = (found["access"] == "open") & (found["weights"] > found["date"])
    later = later.fillna(value=False).astype(bool)
    return found.assign(
        date=found["date"].mask(later, found["weights"]),
        date_precision=found["date_precision"].mask(later, found["weights_precision"]),
    )


def _most_frequent(frame: pd.DataFrame, column: str) -> dict[str, str]:
    """Return the most frequent value of each benchmark, of equally frequent ones the first."""
    counts = frame.groupby(["benchmark", column]).size().reset_index(name="count")
    ordered = counts.sort_values(["count", column], ascending=[False, True])
    return _column(ordered.drop_duplicates("benchmark"), "benchmark", column)


def _column(frame: pd.DataFrame, key: str, column: str) -> dict[str, str]:
    """Return a column by another one."""
    return dict(zip(frame[key], frame[column], strict=True))


def _of_models(dates: pd.DataFrame) -> pd.DataFrame:
    """Leave out dates of single names and versions, which the derivations ignore."""
    return dates[dates["model_variant"] == "main"] if "model_variant" in dates else dates


def _until(frame: pd.DataFrame, options: Options, date: str = "date") -> pd.DataFrame:
    """Return the rows dated by the day that is asked for."""
    dated = frame[frame[date].notna()]
    return dated if options.as_of is None else dated[dated[date] <= options.as_of]


def _pandas(table: Any) -> pd.DataFrame:
    """Return a table of Arrow as pandas has it, with dates as moments."""
    found: pd.DataFrame = table.to_pandas()
    days = [field.name for field in table.schema if str(field.type) == "date32[day]"]
    whole = dict.fromkeys((name for name in map(str, found) if "_days_" in name), "Int64")
    return found.assign(**{name: pd.to_datetime(found[name]) for name in days}).astype(whole)


def _capped(options: Options, *dates: pd.Series) -> Options:
    """Return the options with the last day that dates speak of, if a later one is asked for.

    Nobody has looked whether something happened after that day.
    """
    last = max((column.max() for column in dates if column.notna().any()), default=None)
    if options.as_of is None or last is None:
        return options
    return replace(options, as_of=min(options.as_of, last))


def _day(options: Options) -> datetime.date | None:
    return None if options.as_of is None else options.as_of.date()


def _summaries(
    found: pd.DataFrame,
    options: Options,
    by: str | None = None,
    *,
    median: Callable[..., Any] = derive.median_lag,
    name: str = "",
    unit: str = _DAYS,
    **given: Any,
) -> Iterator[dict[str, Any]]:
    """Yield the median of lags, of all or by groups, with their trend; others go to `median`."""
    stated = found[found[["lag_days_low", "lag_days_high"]].notna().any(axis=1)]
    if by is not None:
        stated = stated[stated[by].notna()]
    if stated.empty:
        return
    medians = median(stated, by, level=options.level, **given)
    for row in medians.to_dict("records"):
        group = stated if by is None else stated[stated[by] == row[by]]
        yield {
            "group": name if by is None else str(row[by]),
            "n": row["rows"],
            "censored": row["censored"] if "censored" in row else row["rows"] - row["events"],
            "median": row["median"], "low": row["median_low"], "high": row["median_high"],
            "unit": unit, "trend": _trend(group), "as_of": group["as_of"].max(),
        }  # fmt: skip


def _trend(found: pd.DataFrame) -> str | None:
    """Return the medians of the first and the last year that have one, of five lags or more."""
    if "start" not in found:
        return None
    dated = found.assign(year=found["start"].dt.year).dropna(subset=["year"])
    years = derive.median_lag(dated, "year", draws=1)
    years = years[(years["rows"] >= 5) & years["median"].notna()]
    if len(years) < 2:
        return None
    ends = (years.iloc[0], years.iloc[-1])
    return ", ".join(f"{int(row['year'])} {number(row['median'])}" for row in ends)


def _each(found: pd.DataFrame, unit: str = _DAYS) -> Iterator[dict[str, Any]]:
    """Yield single lags."""
    for row in found.to_dict("records"):
        low, high = row["lag_days_low"], row["lag_days_high"]
        if pd.isna(low) and pd.isna(high):
            continue
        known = pd.notna(low) and pd.notna(high)
        yield {
            **{name: row.get(name) for name in ("group", "reference", "follower", "threshold")},
            "n": 1, "censored": int(pd.isna(high)), "median": (low + high) / 2 if known else None,
            "low": low, "high": high, "unit": unit, "as_of": row["as_of"], "note": row.get("note"),
        }  # fmt: skip


# --- replication and access

_ARTIFACTS = ("weights", "training_code", "training_data", "api")

_REPLICATION_TABLES = (
    "model_dates", "artifacts", "comparisons", "diffusion_events", "model_developers",
)  # fmt: skip


def _replication(tables: _Tables, options: Options) -> Iterator[dict[str, Any]]:
    compared, events = tables["comparisons"], tables["diffusion_events"]
    dates = tables["model_dates"]
    options = _capped(options, _of_models(dates)["date"], tables["artifacts"]["available"],
                      compared["as_of"], events["date"])  # fmt: skip
    public = set(_until(dates[dates["milestone"].isin(["announced", "published"])], options)
                 ["model_id"])  # fmt: skip
    attempts = events.loc[events["explicit_attempt"].fillna(value=False), "reference_model_id"]
    named = {str(name) for column in (compared["reference_model_id"], attempts)
             for name in column.dropna()}  # fmt: skip
    references = sorted(named.intersection(map(str, public)))
    if not references:
        return
    relations = arrow_tables(tables.package, [
        "organization_relations" if len(tables["organization_relations"]) else "organizations"
    ])  # fmt: skip
    given = [tables.arrow[name] for name in _REPLICATION_TABLES]
    found = _pandas(derive.replication_lag(
        *given, *relations.values(), reference=references, as_of=_day(options)
    ))  # fmt: skip
    start = tables["model_summary"].set_index("model_id")["published"]
    found = found.assign(
        group=found["milestone"].str.replace("_", " "), reference=found["reference_model_id"],
        follower=found["candidates"], start=found["reference_model_id"].map(start.to_dict()),
    )  # fmt: skip
    if options.by == "each":
        yield from _each(found)
        return
    if options.by == "year":
        found = found.assign(year=found["start"].dt.year.astype("Int64").astype("str"))
    if options.by == "domain":
        domains = tables["model_domains"]
        if domains.empty:
            raise InvalidInputError("the package lacks the table model_domains")
        domains = domains[["model_id", "domain"]].drop_duplicates()
        found = found.merge(domains, left_on="reference", right_on="model_id", suffixes=("", "_"))
    if options.by == "milestone":
        found = found.assign(milestone=found["group"])
    # A milestone whose reference nobody was compared with, or tried to replicate, is not stated.
    yield from _summaries(
        found, options, options.by, median=derive.median_time, negative="zero"
    )  # fmt: skip


def _access(tables: _Tables, options: Options) -> Iterator[dict[str, Any]]:
    options = _capped(
        options, _of_models(tables["model_dates"])["date"], tables["artifacts"]["available"]
    )
    parts = []
    for kind in _ARTIFACTS if options.by == "artifact" else _ARTIFACTS[:1]:
        lags = derive.access_lag(
            tables.arrow["model_dates"], tables.arrow["artifacts"], kind=kind,
            access=(*_OPEN, "api_only") if kind == "api" else _OPEN, as_of=_day(options),
        )  # fmt: skip
        parts.append(_pandas(lags).assign(group=kind, artifact=kind))
    found = pd.concat(parts, ignore_index=True)
    found = found[found["status"] != "not_stated"].assign(reference=found["model_id"])
    if options.by == "each":
        yield from _each(found)
        return
    by = options.by
    if by == "year":
        found = found.assign(year=found["published"].dt.year.astype("Int64").astype("str"))
    elif by not in ("weights", "artifact"):
        members = tables.members.rename(columns={"name": "developer", "organization_kind": "kind"})
        found = found.merge(members[["model_id", by]].drop_duplicates(), on="model_id", how="left")
    split = None if by == "weights" else by
    # Weights that came out on an unknown day came out at once at the earliest, and at the day of
    # the data at the latest.
    undated, low, high = (
        found["lag_days_low"].isna(), found["lag_days_low"], found["lag_days_high"]
    )  # fmt: skip
    early = found.assign(lag_days_low=low.mask(undated, 0), lag_days_high=high.mask(undated, 0))
    late = found.assign(lag_days_low=low.mask(undated, high))
    ends = (
        _summaries(frame, options, split, name="weights", median=derive.median_time,
                   negative="zero")
        for frame in (early, late)
    )  # fmt: skip
    missing = undated.groupby(found[split or "group"].astype("str")).sum().to_dict()
    for first, last in zip(*ends, strict=True):
        closed, count = last["censored"] / last["n"], missing.get(last["group"], 0)
        sure = first["median"] == last["median"]
        yield last | {
            "median": last["median"] if sure else None, "low": first["low"],
            "trend": f"{closed:.0%} closed", "note": f"{count} undated" if count else None,
        }  # fmt: skip


# --- benchmarks and the index


def _pairs(scores: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Return the lags at all levels of all benchmarks, both views, each pair once."""
    parts = []
    for lower, best in ((False, "highest"), (True, "lowest")):
        chosen = scores[scores["lower"] == lower]
        if len(chosen):
            parts.append(derive.threshold_lag(
                chosen, "benchmark", leader=options.leader, follower=options.follower, view="both",
                best=best, as_of=_day(options),
            ))  # fmt: skip
    found = pd.concat(parts, ignore_index=True)
    # A benchmark on which no model was tested any more cannot show that a level was reached.
    last = found["benchmark"].map(_until(scores, options).groupby("benchmark")["date"].max())
    idle = (found["as_of"] - last).dt.days.astype("Int64")
    low, high = found["lag_days_low"], found["lag_days_high"]
    censored, not_led = found["status"] == "not_reached", found["status"] == "not_led"
    return found.assign(
        lag_days_low=low.mask(censored, (low - idle).clip(lower=0)),
        lag_days_high=high.mask(not_led, (high + idle).clip(upper=0)),
        reference=found["leader"], group=found["benchmark"], start=found["leader_date"],
    )  # fmt: skip


def _both_tested(scores: pd.DataFrame, options: Options) -> list[str]:
    """Return the benchmarks with some models of each group."""
    models = scores.groupby(["benchmark", "group"])["model_id"].nunique().unstack(fill_value=0)
    enough = models.reindex(columns=[options.leader, options.follower], fill_value=0)
    return [str(name) for name in enough.index[(enough >= LEAST_MODELS).all(axis=1)]]


def _gaps(scores: pd.DataFrame, options: Options, *, quarters: bool) -> pd.DataFrame:
    """Return how far back the follower is, on the last day that a benchmark has a score of.

    With `quarters`, on the first days of all quarters until then.
    """
    last = scores.groupby("benchmark")["date"].max()
    since, until = scores["date"].min(), last.max()
    days = pd.date_range(since, until, freq="QS") if quarters else last.drop_duplicates()
    parts = [
        derive.frontier_gap(
            scores[scores["lower"] == lower], "benchmark", leader=options.leader,
            follower=options.follower, days=[day.date() for day in days], best=best,
        )
        for lower, best in ((False, "highest"), (True, "lowest"))
        if (scores["lower"] == lower).any()
    ]  # fmt: skip
    found = pd.concat(parts, ignore_index=True)
    end = found["benchmark"].map(last.to_dict())
    found = found[found["day"] <= end if quarters else found["day"] == end]
    return found.assign(
        lag_days_low=found["gap_days"], lag_days_high=found["gap_days"], as_of=found["day"],
        quarter=found["day"].dt.strftime("%Y-%m-%d"), reference=found["leader"],
        group=found["benchmark"],
    )  # fmt: skip


def _benchmark(tables: _Tables, options: Options) -> Iterator[dict[str, Any]]:
    scores = tables.scores(options.source)
    wanted = scores["benchmark"] != INDEX
    if options.benchmark is not None:
        wanted = scores["benchmark"] == options.benchmark
    yield from _on_scores(tables, options, scores[wanted], "all benchmarks")


def _index(tables: _Tables, options: Options) -> Iterator[dict[str, Any]]:
    scores = tables.scores(options.source)
    scores = scores[scores["benchmark"] == INDEX]
    vintages = "; ".join(sorted(scores["source_id"].unique()))
    yield from _on_scores(tables, options, scores, vintages)


def _on_scores(
    tables: _Tables, options: Options, scores: pd.DataFrame, name: str
) -> Iterator[dict[str, Any]]:
    """Yield the lags of a group at the levels of benchmarks."""
    scores = tables.grouped(scores, options.leader, options.follower)
    options = _capped(options, scores["date"])
    scores = _until(scores, options)
    if scores.empty:
        return
    both = _both_tested(scores, options)
    one, note = options.benchmark is not None, None
    if not one:
        scores = scores[scores["benchmark"].isin(both)]
        if scores.empty:
            return
    elif not both:
        tested = ", ".join(
            f"{scores.loc[scores['group'] == group, 'model_id'].nunique()} {group}"
            for group in dict.fromkeys((options.leader, options.follower))
        )
        note = f"models tested: {tested}"
        if options.leader not in set(scores["group"]):  # nobody whom others could follow
            yield {"n": 0, "censored": 0, "as_of": scores["date"].max(), "note": note}
            return
    found = _pairs(scores, options).assign(note=note)
    if options.by == "each":
        yield from _each(found)
        return
    if options.by == "quarter":
        yield from _summaries(_gaps(scores, options, quarters=True), options, "quarter",
                              cluster="benchmark")  # fmt: skip
        return
    if options.by == "year":
        year = found["start"].dt.year.astype("Int64").astype("str")
        yield from _summaries(found.assign(year=year.where(found["start"].notna())), options,
                              "year", cluster="benchmark")  # fmt: skip
        return
    if options.by == "benchmark" or one:
        for row in _summaries(found, options, "benchmark"):
            yield row | {"note": note}
    else:
        yield from _summaries(found, options, cluster="benchmark", name=name)
    if options.by == "questions" and not one and len(described := tables["benchmarks"]):
        known = described.set_index("benchmark_id")["questions_public"].map(_QUESTIONS)
        found["questions"] = found["benchmark"].map(known.to_dict())
        yield from _summaries(found, options, "questions", cluster="benchmark")
    if options.by != "benchmark":
        back = _summaries(_gaps(scores, options, quarters=False), options, cluster="benchmark",
                          name="behind, looking back")  # fmt: skip
        for row in back:
            yield row | {"trend": None}


# --- compute


def _compute(tables: _Tables, options: Options) -> Iterator[dict[str, Any]]:
    models = tables.models.rename(columns={"training_compute_flop": "score"})
    models = models[models["score"].notna()]
    options = _capped(options, models["date"])
    models = _until(models, options)
    recent = models[models["date"] >= _SINCE["training_compute_flop"]]
    named = f"largest {options.follower} after {options.leader}"
    grouped = tables.grouped(recent, options.leader, options.follower)
    parts = []
    if len(grouped):
        pairs = derive.threshold_lag(
            grouped, leader=options.leader, follower=options.follower, as_of=_day(options)
        )
        parts.append(pairs.assign(reference=pairs["leader"], start=pairs["leader_date"],
                                  group=named))  # fmt: skip
    made = models.merge(tables.members, on="model_id", suffixes=("", "_of"))
    for n, member, group in (
        (5, "organization_id", "5th organization"), (10, "organization_id", "10th organization"),
        (3, "country", "3rd country"),
    ):  # fmt: skip
        if len(made):
            nth = derive.nth_lag(
                made, n=n, thresholds=_COMPUTE_LEVELS, member=member, value="score",
                as_of=_day(options),
            )  # fmt: skip
            reached = nth["members"].astype("str") + f" by {member.removesuffix('_id')} so far"
            parts.append(nth.assign(reference=nth["first"], follower=nth["nth"], group=group,
                                    start=nth["first_date"], note=reached))  # fmt: skip
    if not parts:
        return
    found = pd.concat(parts, ignore_index=True)
    if options.by == "each":
        yield from _each(found)
        return
    order = {name: place for place, name in enumerate(found["group"].unique())}
    yield from sorted(_summaries(found, options, "group"), key=lambda row: order[row["group"]])


# --- prices


def _first_seen(prices: pd.DataFrame) -> pd.Series:
    """Return the first day on which each price is known to have been in force."""
    return prices[["observed_on", "listed_on", "effective_from"]].min(axis=1)


def _offers(tables: _Tables, options: Options) -> pd.DataFrame:
    """Return the prices of models with their scores, from the day on which both are known."""
    prices, versions = tables["api_prices"], tables.scores(options.source)
    columns = [f"{kind}_usd_per_million_tokens" for kind in ("input", "output")]
    paid = (prices[columns] * [_INPUT_SHARE, 1 - _INPUT_SHARE]).sum(axis=1, skipna=False)
    prices = prices.assign(
        model_id=prices["model_id"].fillna(prices["model_as_sold"].map(tables.sold_as)), price=paid,
        seen=_first_seen(prices),
    )[["model_id", "price", "seen"]].dropna()  # fmt: skip
    scores = versions[versions["date"].notna() & ~versions["lower"]]
    scores = scores[["model_id", "benchmark", "score", "date"]]
    found = prices[prices["price"] > 0].merge(scores, on="model_id")
    found = found.assign(date=found[["seen", "date"]].max(axis=1))
    key = ["benchmark", "model_id", "date"]
    best = found.groupby(key, as_index=False).agg(score=("score", "max"), price=("price", "min"))
    return _until(best, options)


def _price(tables: _Tables, options: Options) -> Iterator[dict[str, Any]]:
    offers = _offers(tables, options)
    offers = offers[offers["benchmark"] == options.benchmark] if options.benchmark else offers
    if offers.empty:
        return
    falls = derive.lowest_prices(offers, "benchmark")
    key = ["benchmark", "threshold"]
    dates = falls.groupby(key)["date"]
    count, span = dates.transform("size"), dates.transform("max") - dates.transform("min")
    falls = falls[(count >= _LEAST_FALLS) & (span.dt.days >= _LEAST_DAYS)]
    if falls.empty:
        return
    rates = derive.growth_rate(falls, key, value="price", level=options.level)
    last = offers["date"].max()
    if options.by == "each":
        for row in rates.to_dict("records"):
            yield {
                "group": row["benchmark"], "threshold": row["threshold"], "n": row["rows"],
                "censored": 0, **_rate(row, falling=True), "unit": _CHEAPER, "as_of": last,
            }  # fmt: skip
        return
    # Thresholds with the same falls are one.
    once = rates.drop_duplicates(["benchmark", "since", "until", "rows", "orders_per_year"])
    factor = 1 / once["factor_per_year"]
    found = once.assign(lag_days_low=factor, lag_days_high=factor, as_of=last)
    split = "benchmark" if options.by == "benchmark" or options.benchmark else None
    yield from _summaries(found, options, split, cluster="benchmark", unit=_CHEAPER,
                          name="levels of benchmarks")  # fmt: skip


def _rate(row: dict[Any, Any], falling: bool = False) -> dict[str, Any]:
    """Return a rate of growth, or how many times less there is after a year."""
    names = ("factor_per_year", "factor_per_year_low", "factor_per_year_high")
    value, low, high = (row[name] for name in names)
    if falling:
        value, low, high = 1 / value, 1 / high, 1 / low
    return {"median": value, "low": low, "high": high}


def _growth(
    frame: pd.DataFrame, options: Options, group: str, date: str, value: str
) -> Iterator[dict[str, Any]]:
    """Yield a rate of growth, with the time in which the value doubles."""
    if len(frame) < _LEAST_FIGURES:
        return
    rates = derive.growth_rate(frame, date=date, value=value, level=options.level)
    for row in rates.to_dict("records"):
        months = row["doubling_months"]
        grows = "doubles" if months > 0 else "halves"
        yield {
            "group": group, "n": row["rows"], "censored": 0, **_rate(row), "unit": _TIMES,
            "trend": f"{grows} in {number(abs(months))} mo" if pd.notna(months) else None,
            "as_of": frame[date].max(),
        }  # fmt: skip


def _hardware(tables: _Tables, options: Options) -> Iterator[dict[str, Any]]:
    chips = tables["hardware_summary"]
    fp16 = chips["fp16_matrix_flop_per_second"].fillna(chips["bf16_matrix_flop_per_second"])
    chips = chips.assign(fp16=fp16, fp32=chips["fp32_vector_flop_per_second"])
    for name, words in (("fp32", "FP32"), ("fp16", "FP16 matrix")):
        of_kind = chips.assign(value=chips[name] / chips["list_price_usd"])
        released = _until(of_kind[of_kind["value"].notna()], options, "released")
        yield from _growth(
            released, options, f"{words} FLOP/s per $, list", "released", "value"
        )  # fmt: skip
    prices = tables["hardware_prices"].merge(chips[["hardware_id", "fp16"]], on="hardware_id")
    dated = prices.assign(date=_first_seen(prices), date_precision="day")
    prices = _until(dated.dropna(subset=["fp16"]), options)
    prices = prices[(prices["currency"] == "USD") & (prices["amount"] > 0)]
    bought = prices[prices["price_kind"] == "purchase"]
    rented = prices[(prices["price_kind"] == "cloud_hour") & (prices["commitment"] == "on_demand")]
    for frame, seconds, words in (
        (bought, 1.0, "FP16 matrix FLOP/s per $, observed"),
        (rented, 3600.0, "FP16 matrix FLOP per $, cloud"),
    ):
        # The cheapest offer of each chip in a quarter: one price list has many rows of it.
        offers = frame.assign(value=seconds * frame["fp16"] / frame["amount"],
                              quarter=frame["date"].dt.to_period("Q").astype("str"))  # fmt: skip
        ordered = offers.sort_values(["value", "date"], ascending=[False, True])
        yield from _growth(
            ordered.drop_duplicates(["hardware_id", "quarter"]), options, words, "date", "value"
        )  # fmt: skip


def _frontier(tables: _Tables, options: Options) -> Iterator[dict[str, Any]]:
    models = _until(tables["model_summary"], options, "published")
    for value, since in _SINCE.items():
        recent = models[models["training_compute_flop"].notna() & (models["published"] >= since)]
        # The greatest are those of most compute, whatever their cost.
        kept = leading(recent["published"].tolist(), recent["training_compute_flop"].tolist(), _TOP)
        of_value = recent.iloc[sorted(kept)].dropna(subset=[value])
        what = "compute" if value == "training_compute_flop" else "cost"
        name = f"{what} of top {_TOP}, since {since[:4]}"
        yield from _growth(of_value, options, name, "published", value)
    both = models[models["training_compute_flop"].notna() & models["training_cost_usd"].notna()]
    found = _next_ones(both, tables.members)
    if options.by == "each":
        yield from _each(found, "of the cost")
    else:
        for row in _summaries(found, options, name=_NEXT,
                              unit="of the cost"):  # fmt: skip
            yield row | {"trend": f"after {number(found['days'].median())} days"}


def _next_ones(models: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """Return for each record of compute what as much cost with the next one, relative to its cost.

    The next one is the first model published later, by none of the same developers, that was
    trained with at least as much compute; its cost is taken for the compute of the record.
    """
    makers = members.groupby("model_id")["organization_id"].agg(set).to_dict()
    ordered = models.sort_values(["published", "training_compute_flop", "model_id"],
                                 ascending=[True, False, True])  # fmt: skip
    names: list[Any] = ordered["model_id"].tolist()
    days = [day.date() for day in ordered["published"]]
    compute: list[float] = ordered["training_compute_flop"].astype("float64").tolist()
    costs: list[float] = ordered["training_cost_usd"].astype("float64").tolist()
    greatest, found = 0.0, []
    for place, name in enumerate(names):
        if compute[place] <= greatest:
            continue
        greatest = compute[place]
        for other in range(place + 1, len(names)):
            own = makers.get(name, set()) & makers.get(names[other], set())
            if compute[other] >= greatest and not own:
                share = costs[other] / compute[other] * greatest / costs[place]
                found.append({
                    "group": _NEXT, "reference": name, "follower": names[other],
                    "threshold": greatest, "lag_days_low": share, "lag_days_high": share,
                    "days": (days[other] - days[place]).days, "as_of": models["published"].max(),
                })  # fmt: skip
                break
    columns = ["group", "reference", "follower", "threshold", "lag_days_low", "lag_days_high",
               "days", "as_of"]  # fmt: skip
    return pd.DataFrame(found, columns=columns)


_OF_MODELS = ("model_summary", "model_dates", "artifacts", "model_developers", "organizations")
_EACH = "each lag, with reference, follower and threshold"
CLOCKS = {
    clock.name: clock
    for clock in (
        Clock(
            "replication", "how long until others surpass, match openly or replicate a model",
            ("replication_lag", "median_time"),
            ("comparisons", "diffusion_events", *_OF_MODELS),
            {"milestone": "what is reached", "domain": "the domain of the reference",
             "year": "the year of the reference", "reference": "the reference model",
             "each": _EACH},
            _replication,
        ),
        Clock(
            "access", "how long until the weights of a published model can be had",
            ("access_lag", "median_time"), _OF_MODELS,
            {"weights": "all models", "artifact": "weights, training code and data, interface",
             "year": "the year of publication", "developer": "who developed it",
             "kind": "the kind of its developers", "each": _EACH},
            _access,
        ),
        Clock(
            "benchmark", "how long until {follower} models reach the scores of {leader} ones",
            ("threshold_lag", "median_lag", "frontier_gap"), ("evaluations", *_OF_MODELS),
            {"questions": "all, and by whether the questions are public",
             "benchmark": "the benchmark", "year": "the year of the leader",
             "quarter": "how far back the best follower is, on the first day of each quarter",
             "each": _EACH},
            _benchmark,
        ),
        Clock(
            "index", "how long until {follower} models reach the index of {leader} ones",
            ("threshold_lag", "median_lag", "frontier_gap"), ("evaluations", *_OF_MODELS),
            {"vintage": "all", "year": "the year of the leader",
             "quarter": "how far back the best follower is, on the first day of each quarter",
             "each": _EACH},
            _index,
        ),
        Clock(
            "compute", "how long until others train with as much compute",
            ("threshold_lag", "nth_lag", "median_lag"), _OF_MODELS,
            {"group": "the largest open model, and the n-th to pass a threshold", "each": _EACH},
            _compute,
        ),
        Clock(
            "price", "how fast the lowest price of a score falls",
            ("lowest_prices", "growth_rate"), ("api_prices", "evaluations", *_OF_MODELS),
            {"all": "all levels", "benchmark": "the benchmark",
             "each": "each benchmark and threshold"},
            _price,
        ),
        Clock(
            "hardware", "how fast compute becomes cheaper",
            ("growth_rate",), ("hardware_summary", "hardware_prices"),
            {"series": "list prices at release, observed prices, and the cloud"}, _hardware,
        ),
        Clock(
            "frontier", "how fast the compute and the cost of the greatest models grow",
            ("growth_rate", "median_lag"), _OF_MODELS,
            {"series": "compute, cost, and the next one to reach the same",
             "each": "each next one"},
            _frontier,
        ),
    )
}  # fmt: skip
