"""Corruptions of our own tables are found where they are, and clean tables have no issues."""

import random
from pathlib import Path

import diffdata

from .corruptions import KINDS, Bench, Table, corruptions
from .stated_rules import ROOT, breaches, rows_of, schemas


def test_the_independent_checker_finds_nothing_in_our_tables(tmp_path: Path) -> None:
    """Neither does the validator: both read the same rules and data."""
    bench = Bench(tmp_path)
    assert breaches(bench.clean, bench.schemas) == set()
    assert diffdata.validate(bench.folder) == []


def find_corruptions(folder: Path, kinds: list[str], seed: int) -> None:
    bench = Bench(folder)
    made = corruptions(len(kinds), seed, folder, kinds)
    verdicts = [bench.judge(corruption) for corruption in made]
    assert len({verdict.corruption.kind for verdict in verdicts}) > len(kinds) / 2
    breaking = [verdict for verdict in verdicts if verdict.breaks]
    missed = [verdict.corruption for verdict in breaking if not verdict.found]
    assert len(missed) <= 0.01 * len(breaking), missed
    assert [verdict.problem for verdict in verdicts if verdict.problem] == []
    # One cause is one error; what is unusual besides are warnings.
    errors = [[i for i in verdict.issues if i.severity == "error"] for verdict in breaking]
    # Of so few, one more may have several.
    assert len([found for found in errors if len(found) == 1]) > 0.85 * len(breaking) - 1


# A class each, with half of the kinds, for pytest-xdist gives a class to one process.


class TestSomeCorruptions:
    def test_that_break_a_rule_are_found_at_their_line_and_column(self, tmp_path: Path) -> None:
        find_corruptions(tmp_path, [*KINDS][::2], seed=2026)


class TestOtherCorruptions:
    def test_that_break_a_rule_are_found_at_their_line_and_column(self, tmp_path: Path) -> None:
        find_corruptions(tmp_path, [*KINDS][1::2], seed=2027)


def test_each_kind_of_corruption_changes_the_file() -> None:
    """A corruption that changes nothing would wrongly count as found."""
    known = schemas()
    table = Table("artifacts", ROOT / "data/artifacts.csv", known["artifacts"])
    assert rows_of(table.text)[1:] == table.rows
    for name, make in KINDS.items():
        draw = random.Random(name)
        made = [made for _ in range(5) if (made := make(table, draw)) is not None]
        assert all(corruption.data != table.text.encode() for corruption in made), name
