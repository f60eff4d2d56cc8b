"""The ledger as people read it: a table by source, and the counts of the verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from rich.console import Group
from rich.table import Table
from rich.text import Text

from diffdata.lookup.figures import money, number
from diffdata.reproduce.ledger import Reproduction
from diffdata.reproduce.verdict import VERDICTS, Figure


def ledger_table(found: Sequence[Reproduction]) -> Group:
    """Lay the ledger out by source: figure, published, recomputed, verdict, why; and the counts."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading, width in (("Figure", 27), ("Published", 13), ("Recomputed", 13), ("Verdict", 13)):
        table.add_column(heading, width=width)
    table.add_column("Why")
    for source, results in by_source(found):
        table.add_row()
        table.add_row(Text(source, style="bold"))
        for result in results:
            table.add_row(
                f"{result.figure} [{result.id}]",
                shown(result.published, result),
                shown(result.recomputed, result),
                result.verdict.replace("_", " "),
                result.reason,
            )
    return Group(table, Text(), Text(count_verdicts(found)))


def by_source(found: Sequence[Reproduction]) -> Iterator[tuple[str, Iterator[Reproduction]]]:
    """Group reproductions by the source that printed the figure, in the order of its id."""
    source = attrgetter("source_id")
    return groupby(sorted(found, key=source), key=source)


def count_verdicts(found: Sequence[Reproduction]) -> str:
    """Count the verdicts in a sentence."""
    counts = Counter(result.verdict for result in found)
    agrees, rounding, differs, cannot = (counts[verdict] for verdict in VERDICTS)
    return (
        f"Of {len(found)} published figures {agrees} agree with their recomputation, {rounding} "
        f"agree within rounding, {differs} differ, and {cannot} cannot be recomputed."
    )


def shown(figure: Figure, result: Reproduction) -> str:
    """Write what was compared of a figure: the value, or the bounds."""
    write = money if result.unit == "USD" else number
    if figure.value is None or (result.statistic == "interval" and figure.low is not None):
        return " to ".join(write(bound) for bound in (figure.low, figure.high) if bound is not None)
    return write(figure.value)
