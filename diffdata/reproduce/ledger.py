"""The recomputed figures of a dataset, and how they are printed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

import pandas as pd

from diffdata import derive
from diffdata.display import Shown, as_text, counted, notebook, plain_table
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.lookup.tables import Tables
from diffdata.lookup.text import each, money, number, number_or_none, plain, rows_where, unit_of
from diffdata.package.packages import Dataset, Package, open_dataset
from diffdata.reproduce.formulas import FUNCTIONS, LAG_TABLES, functions_of_tables
from diffdata.reproduce.verdicts import VERDICTS, Figure, Part, Result, compare

DRAWS, SEED = 100_000, 2026
_WIDE = 100  # columns of a terminal in which a table of figures can be read
_TABLES = (
    "calculation_inputs", "estimates", "quantities", *LAG_TABLES, "case_studies",
    "source_statistics", "model_developers", "organizations", "organization_relations",
    *derive.FIT_TABLES,
)  # fmt: skip


@dataclass(frozen=True)
class Reproduction:
    """A published figure, its recomputation, and the verdict."""

    id: str  # the calculation_id
    figure: str  # what the figure says
    source_id: str
    locator: str
    published: Figure
    recomputed: Figure
    unit: str  # for money, its currency
    statistic: str  # which part of the result is compared
    parts: tuple[Part, ...]
    verdict: str  # one of `VERDICTS`, the worst of the parts
    factor: float | None  # of the part that is farthest off, if they differ
    identity: bool  # whether the figure is what its inputs say, which is not counted
    recorded: str | None  # the verdict that the dataset records; None if by an older rule
    reason: str  # the reason for it, as the dataset records it

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain values, as ``--format json`` prints it."""
        return asdict(self)


class Ledger(tuple[Reproduction, ...], Shown):
    """Reproductions of published figures, which print well: grouped by source, whole ids."""

    __slots__ = ()

    @property
    def frame(self) -> pd.DataFrame:
        """One row for each figure: published and recomputed, their ratio, the verdict and why."""
        rows = [
            {
                "calculation_id": result.id, "figure": result.figure,
                **{f"published_{end}".removesuffix("_value"): getattr(result.published, end)
                   for end in ("value", "low", "high")},
                **{f"recomputed_{end}".removesuffix("_value"): getattr(result.recomputed, end)
                   for end in ("value", "low", "high")},
                "unit": result.unit, "verdict": result.verdict, "factor": result.factor,
                "identity": result.identity, "reason": result.reason,
                "source_id": result.source_id, "locator": result.locator,
            }
            for result in self
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        return as_text(self, 80)

    def __repr__(self) -> str:
        return str(self)

    def __rich_console__(self, _: Any, options: Any) -> Iterator[Any]:
        """Yield a table, or below 100 columns one figure below the other."""
        from rich.padding import Padding
        from rich.table import Column
        from rich.text import Text

        stacked = options.max_width < _WIDE
        # Identifiers are folded, so that each can be read in full.
        narrow = (Column(heading, ratio=1) for heading in ("Published", "Recomputed", "Verdict"))
        table = plain_table(
            Column("Figure", ratio=2, overflow="fold"), *narrow, Column("Why", ratio=2)
        )
        table.expand = True
        for source, results in by_source(self):
            if stacked:
                yield Text(source, style="bold")
            else:
                table.add_row()
                table.add_row(Text(source, style="bold"))
            for result in results:
                published, recomputed = shown(result.published, result), ""
                if result.verdict != "cannot_be_recomputed":
                    recomputed = shown(result.recomputed, result)
                figure, verdict = f"{result.figure} [{result.id}]", verdict_text(result)
                if stacked:
                    again = f", recomputed {recomputed}" if recomputed else ""
                    words = [f"published {published}{again}: {verdict}"]
                    words += [] if result.verdict == "agrees" else [result.reason]
                    yield Padding(Text(figure, overflow="fold"), (0, 0, 0, 2))
                    yield from (Padding(Text(word), (0, 0, 0, 4)) for word in words)
                else:
                    table.add_row(figure, published, recomputed, verdict, result.reason)
        if not stacked:
            yield table
        yield Text(f"\n{count_verdicts(self)}")

    def _repr_html_(self) -> str:
        header = ["figure", "published", "recomputed", "verdict", "why", "source"]
        rows = [
            (f"{result.figure} [{result.id}]", shown(result.published, result),
             shown(result.recomputed, result), verdict_text(result), result.reason,
             f"{result.source_id}, {result.locator}")
            for result in self
        ]  # fmt: skip
        return notebook(count_verdicts(self), header=header, rows=rows)


def reproduce(
    package: Dataset | dict[str, pd.DataFrame] | None = None,
    *,
    only: Iterable[str] | None = None,
    verdict: str | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
    version: str | None = None,
) -> Ledger:
    """Recompute the published figures of a dataset, and compare them with the originals.

    Parameters
    ----------
    package, version : the package (or its tables by name) or released edition; the bundled dataset
        by default
    only : the calculation_ids to recompute; None recomputes all
    verdict : keep the figures with this verdict, one of `VERDICTS`; None keeps all
    draws, seed : for results without a closed form. Every calculation starts from the seed, so that
        its result does not depend on which others run

    Returns
    -------
    ledger
        A tuple of `Reproduction` that prints well; ``frame`` has a row for each. The rule of the
        verdicts is stated in `diffdata.reproduce`.

    Raises
    ------
    UnknownNameError
        If there is no such calculation or verdict.

    Examples
    --------
    >>> (ratio,) = reproduce(version="2026.2", only=["opt-175b-cost-ratio"])
    >>> ratio.published.value, round(ratio.recomputed.value, 2), ratio.verdict
    (7.0, 7.06, 'agrees')
    """
    if verdict is not None and verdict not in VERDICTS:
        raise UnknownNameError("verdict", verdict, VERDICTS)
    dataset = package if isinstance(package, dict) else open_dataset(package, version)
    found = recomputed(dataset, only=only, draws=draws, seed=seed)
    return Ledger(result for result in found if verdict in (None, result.verdict))


def recomputed(
    dataset: Package | dict[str, pd.DataFrame],
    *,
    only: Iterable[str] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Iterator[Reproduction]:
    """Yield the reproductions one after the other, see `reproduce`."""
    frames = dataset if isinstance(dataset, dict) else ledger_tables(dataset)
    calculations = frames["calculations"].set_index("calculation_id", drop=False)
    asked = [only] if isinstance(only, str) else only
    wanted = list(calculations.index if asked is None else asked)
    for name in wanted:
        if name not in calculations.index:
            raise UnknownNameError("calculation", name, calculations.index)
    units = frames["quantities"][["quantity_id", "unit", "scale"]]
    merged = frames["estimates"].merge(units, on=["quantity_id", "unit"])
    estimates = {row["estimate_id"]: row for row in merged.to_dict("records")}
    functions = FUNCTIONS | functions_of_tables(frames)
    statistics = _statistics_of_sources(frames)
    # Editions before 2026.3 have verdicts by another rule, and their calculations no identities.
    by_this_rule = "identity" in calculations
    for name in counted(wanted, "Recomputing"):
        calculation: Any = calculations.loc[name]
        printed, compared = estimates[calculation["estimate_id"]], calculation["compared"]
        named = statistics.get(printed["source_id"], ("median", "mean"))
        chosen = named if compared == "centre" else (compared,)
        published = Figure(*(number_or_none(printed[part]) for part in ("value", "low", "high")))
        recomputed, verdict = Figure(), "cannot_be_recomputed"
        parts: tuple[Part, ...] = ()
        if isinstance(calculation["formula"], str):
            rows = each(rows_where(frames["calculation_inputs"], calculation_id=name))
            given = list(rows)
            inputs = {row.input: estimates[row.estimate_id] for row in given}
            exact = {row.estimate_id for row in given if _is_true(getattr(row, "exact", None))}
            level = number_or_none(printed["level"]) or 0.9
            try:
                result = Result(calculation["formula"], inputs, functions, level, seed)
                recomputed = result.figure(chosen[0], draws)
                parts = compare(result, printed, published, chosen, draws, exact)
            except (InvalidInputError, UnknownNameError) as error:
                raise InvalidInputError(f"calculation {name}: {error}") from None
            verdict = max((part.verdict for part in parts), key=VERDICTS.index)
        factors = [part.factor for part in parts if part.factor is not None]
        yield Reproduction(
            id=name,
            figure=calculation["figure"],
            source_id=printed["source_id"],
            locator=printed["locator"],
            published=published,
            recomputed=recomputed,
            unit=unit_of(printed["unit"], printed["currency"]),
            statistic=" and ".join(chosen),
            parts=parts,
            verdict=verdict,
            factor=max(factors, key=_distance, default=None),
            identity=by_this_rule and _is_true(calculation["identity"]),
            recorded=calculation["verdict"] if by_this_rule else None,
            reason=calculation["why"],
        )


def ledger_tables(package: Package) -> Tables:
    """Return the tables that the ledger reads; others are loaded when a formula names them."""
    return Tables(package, _TABLES, required=["calculations"])


def _is_true(cell: Any) -> bool:
    return bool(pd.notna(cell) and cell)


def _statistics_of_sources(frames: dict[str, pd.DataFrame]) -> dict[str, tuple[str, ...]]:
    """Return which statistic the central values of a source are, where the source says so."""
    named = frames.get("source_statistics", pd.DataFrame())  # released editions lack it
    return {row.source_id: (row.central_statistic,) for row in each(named)}


def by_source(found: Sequence[Reproduction]) -> Iterator[tuple[str, Iterator[Reproduction]]]:
    """Group reproductions by the source that printed the figure, sorted by its id."""
    source = attrgetter("source_id")
    return groupby(sorted(found, key=source), key=source)


def count_verdicts(found: Sequence[Reproduction]) -> str:
    """Return a sentence with the number of reproductions of each verdict, identities apart."""
    counts = Counter(result.verdict for result in found if not result.identity)
    agrees, rounding, differs, cannot = (counts[verdict] for verdict in VERDICTS)
    identities = len(found) - counts.total()
    apart = f" Another {identities} are identities, which are not counted." if identities else ""
    return (
        f"Of {counts.total()} published figures {agrees} agree with their recomputation, "
        f"{rounding} agree within rounding, {differs} differ, and {cannot} cannot be recomputed."
        f"{apart}"
    )


def verdict_counts(verdicts: Iterable[str]) -> str:
    """Return how many figures have each verdict, in short.

    >>> verdict_counts(["agrees", "differs", "agrees"])
    '2 agree, 1 differ'
    """
    counts = Counter(verdicts)
    words = ("agree", "agree within rounding", "differ", "cannot be recomputed")
    pairs = zip(words, (counts[verdict] for verdict in VERDICTS), strict=True)
    return ", ".join(f"{count} {word}" for word, count in pairs if count)


def shown(figure: Figure, result: Reproduction) -> str:
    """Write what was compared of the published or the recomputed figure of a result."""
    write = money if result.unit == "USD" else number
    if result.statistic == "value" and figure.low is not None and figure is result.recomputed:
        ends = dict.fromkeys((write(figure.low), write(figure.high)))
        return " to ".join(ends)  # a lag between dates, some without a day
    if figure is result.recomputed and len({part.recomputed for part in result.parts}) > 1:
        return "; ".join(f"{write(part.recomputed)} ({_name(part)})" for part in result.parts)
    if figure.value is None or (result.statistic == "interval" and figure.low is not None):
        return " to ".join(write(bound) for bound in (figure.low, figure.high) if bound is not None)
    return write(figure.value)


def verdict_text(result: Reproduction) -> str:
    """Write the verdict: with the factor if they differ, and by part if the parts do not agree."""
    mark = "identity: " if result.identity else ""
    if len({(part.verdict, part.factor) for part in result.parts}) > 1:
        return mark + "; ".join(f"{_name(part)} {_with_factor(part)}" for part in result.parts)
    return mark + _with_factor(result)


def _with_factor(judged: Part | Reproduction) -> str:
    words, factor = judged.verdict.replace("_", " "), judged.factor
    if factor is None:
        return words
    # A factor near 1 has as many digits as show that it is not 1.
    texts = (f"{factor:.{digits}g}" for digits in range(3, 16))
    return f"{words} by a factor of {next((text for text in texts if text != '1'), '1')}"


def _distance(factor: float) -> float:
    """Return how far a factor is from 1, in orders of magnitude; that of zero is infinite."""
    return abs(math.log10(abs(factor))) if factor else math.inf


def _name(part: Part) -> str:
    return {"low": "lower bound", "high": "upper bound"}.get(part.name, plain(part.name))
