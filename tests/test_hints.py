"""Hints for what contributors write by habit: each names the right fix, and none misleads."""

import csv
from pathlib import Path

import pytest

import diffdata
from diffdata.errors import Issue


def change(copy: Path, table: str, column: str, text: str) -> list[Issue]:
    """Write a text into the first filled cell of a column, and return the issues of that cell."""
    path = copy / "data" / f"{table}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    place = header.index(column)
    number, row = next((n, row) for n, row in enumerate(rows) if row[place])
    row[place] = text
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    issues = diffdata.validate(copy / "data" / f"{table}.csv")
    return [issue for issue in issues if (issue.line, issue.column) == (number + 2, column)]


@pytest.mark.parametrize(
    ("table", "column", "text", "hint"),
    [
        ("sources", "published", "24/02/2023", "write 2023-02-24"),
        ("sources", "published", "44981", "write 2023-02-24 if this is the day number"),
        ("estimates", "value", "1.022.362", "write 1022362"),
        ("estimates", "value", "60e9-70e9", "the ends of a range belong in columns of their own"),
        ("estimates", "value", "=6*65.2e9*1.4e12", "the result of the formula: 5.4768e23"),
        ("sources", "url", "htps://x.org/a", "write https://x.org/a"),
        ("model_dates", "model_id", "GPT-3", "gpt-3"),
        ("model_dates", "model_id", "Megatron-LM 8.3B", "write megatron-lm-8.3b, whose name this"),
        (
            "estimates", "source_id", "http://arxiv.org/abs/2501.12370",
            "write abnar-2025, whose url this is",
        ),
    ],
)  # fmt: skip
def test_the_hint_names_the_fix(copy: Path, table: str, column: str, text: str, hint: str) -> None:
    (issue,) = change(copy, table, column, text)
    assert hint in issue.hint


def test_the_marks_of_a_merge_conflict_are_reported_once_each(copy: Path) -> None:
    path = copy / "data/models.csv"
    lines = path.read_text().splitlines(keepends=True)
    lines[3:4] = ["<<<<<<< HEAD\n", lines[3], "=======\n", ">>>>>>> other\n"]
    path.write_text("".join(lines))
    found = [i for i in diffdata.validate(copy) if i.file == "data/models.csv"]
    assert [(issue.line, issue.rule) for issue in found] == [
        (line, "row-length") for line in (4, 6, 7)
    ]
    assert all("merge conflict" in issue.hint for issue in found)
