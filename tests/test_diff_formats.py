"""The same changes in the same order as text, Markdown, HTML and JSON."""

import io
import json
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from diffdata.diff import TableDiff, as_dict, html_page, json_text, markdown, rich_text
from diffdata.diff.outline import excerpt, ordered_changes, ratio_words
from diffdata.diff.rendering import MOST_CHARACTERS, escape_markdown
from diffdata.diff.table_diff import compare_tables
from diffdata.diff.tables import make_table, parse_table

OLD = (
    "Model,FLOP,Date,Notes\n"
    "A|B <b>,1e20,2020-01-01,the first sentence of a note\n"
    "C,2e20,2021-01-01,\nD,3e20,2022-01-01,\nGone,1,,\n,5,,\n"
)
NEW = (
    "Model,FLOP,Date,Notes\n"
    "A|B <b>,1.5e20,2020-01-01,the second sentence of a note @someone #12\n"
    "C,2e22,2021-01-01,\nD,3e20,2022-03-01,\nCome,1,x,\nE,1,,\nE,2,,\n"
)


@pytest.fixture(scope="module")
def found() -> TableDiff:
    return compare_tables(parse_table(OLD, "old.csv"), parse_table(NEW, "new.csv"), "Model")


def text_of(diff: TableDiff, width: int = 100, **options: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(rich_text(diff, **options))
    return out.getvalue()


class Cells(HTMLParser):
    """Collect the texts of the cells of a page; fail for a tag that is not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "img", "link")
        assert not any(name in ("src", "href") for name, _ in attrs)
        if tag != "meta":
            self.open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "td":
            self.cells[-1] += data


def test_the_most_serious_changes_come_first(found: TableDiff) -> None:
    assert [(change.what, change.row) for change in ordered_changes(found)] == [
        ("number changed", "C"),
        ("number changed", "A|B <b>"),
        ("date moved", "D"),
        ("row removed", "Gone"),
        ("row added", "Come"),
        ("reworded", "A|B <b>"),
    ]


def test_all_formats_have_the_same_order(found: TableDiff) -> None:
    words = ["2e22", "1.5e20", "2022-03-01", "Gone", "Come", "second"]
    changes = json.dumps(as_dict(found)["changes"])
    for shown in (text_of(found), markdown(found), html_page(found), changes):
        places = [shown.index(word) for word in words]
        assert places == sorted(places)


@pytest.mark.parametrize("width", [60, 100])
def test_text_fits_the_terminal(found: TableDiff, width: int) -> None:
    shown = text_of(found, width)
    assert max(map(len, shown.splitlines())) <= width
    assert "C, FLOP: 2e20 → 2e22, x 100" in shown
    assert "+59 days" in shown


def test_markdown_escapes_what_would_break_it(found: TableDiff) -> None:
    shown = markdown(found)
    (row,) = (line for line in shown.splitlines() if "reworded" in line)
    assert "A\\|B &lt;b&gt;" in row
    assert "@someone" not in row
    assert "#12" not in row
    assert row.replace("\\|", "").count("|") == 7
    assert "<details><summary>Keys that do not identify one row</summary>" in shown


def test_markdown_fits_in_a_comment() -> None:
    rows = "".join(f"m{i},{'word ' * 30}{i}\n" for i in range(2000))
    old, new = parse_table("k,a\n" + rows, "o"), parse_table("k,a\n" + rows.replace("d", "t"), "n")
    shown = markdown(compare_tables(old, new, "k"), limit=None)
    assert len(shown) < MOST_CHARACTERS + 200
    assert "Cut here" in shown


def test_html_is_complete_and_escaped(found: TableDiff) -> None:
    page = html_page(found)
    cells = Cells(page)
    assert not cells.open
    assert "A|B <b>" in cells.cells
    assert "2e22" in cells.cells
    assert "<b>" not in page


def test_json_has_the_same_content_as_the_text(found: TableDiff) -> None:
    written = json.loads(json.dumps(as_dict(found), allow_nan=False))
    assert written["rows"]["added"] == {
        "count": 1,
        "items": [{"key": "Come", "line": 5, "cells": {"FLOP": "1", "Date": "x"}}],
    }
    assert written["rows"]["removed"] == {"count": 1, "items": [{"key": "Gone", "line": 5}]}
    assert [item["key"] for item in written["rows"]["changed"]["items"]] == ["A|B <b>", "C", "D"]
    assert written["columns"]["changed"]["count"] == 3
    assert written["duplicate_keys"] == {
        "old": [],
        "new": [{"key": "E", "lines": [6, 7], "on_other_side": 0}],
    }
    assert written["blank_keys"] == {"old": [6], "new": []}
    assert written["distributions"]["FLOP"]["largest_ratio"] == 100
    assert written["distributions"]["FLOP"]["median_ratio"] == 50.75
    assert written["cells"][0]["relative"] == 0.5


def test_long_lists_are_counted_and_shortened() -> None:
    new = "k,a\n" + "".join(f"m{i},1\n" for i in range(100))
    found = compare_tables(parse_table("k,a\nx,1\n", "o"), parse_table(new, "n"), "k")
    assert "… 97 more" in text_of(found, limit=3)
    assert "m99" not in text_of(found, limit=3)
    assert "m99" in html_page(found)


def test_no_difference_is_reported(found: TableDiff) -> None:
    same = compare_tables(parse_table(OLD, "o"), parse_table(OLD, "n"), "Model")
    assert "No difference." in text_of(same)
    assert ordered_changes(same) == []
    assert as_dict(found) == as_dict(found)


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (10.0, "10"), (0.1, "0.1"), (1.0004, "1.0004"), (1.02, "1.02"), (2.5e7, "2.5e7"),
        (1.0, "1"), (1000.0, "1,000"), (0.33333, "0.333"), (1.0000002, "1.0000002"),
    ],
)  # fmt: skip
def test_ratios_show_the_digits_that_differ_from_one(ratio: float, words: str) -> None:
    assert ratio_words(ratio) == words


def test_long_texts_are_shortened_around_the_first_difference() -> None:
    old, new = "the very same beginning, then A", "the very same beginning, then B"
    assert excerpt(old, new, 16) == ("…nning, then A", "…nning, then B")


def test_urls_become_code_in_markdown() -> None:
    assert escape_markdown("a|b <b> see [here](x) at https://example.org/a_b") == (
        "a\\|b &lt;b&gt; see \\[here\\](x) at `https://example.org/a_b`"
    )


def test_data_never_become_markup_links_references_or_terminal_escapes() -> None:
    evil = "<b>x</b> [a](http://e.org) http://e.org/a_b www.e.org GH-1 #2 @me \x1b[2J \u202e `c`"
    old = make_table("old\x1b[2J.csv", ["k", f"c {evil}"], [["r", "1"]])
    new = make_table("new.csv", ["k", f"c {evil}"], [["r", "2"], [evil, evil]])
    found = compare_tables(old, new, "k")
    shown = markdown(found)
    outside_code = re.sub(r"(?<!\\)`[^`]*`", "", shown)
    for text in ("<b>", "http://", "www.", "GH-1", "#2", "@me", "\x1b", "\u202e"):
        assert text not in outside_code, text
    assert not re.search(r"(?<!\\)\]\(", shown)
    page = html_page(found)
    assert "<b>" not in page
    assert "href" not in page
    for written in (shown, page, text_of(found), json_text(found)):
        assert "\x1b" not in written
        assert "\u202e" not in written
    assert json.loads(json_text(found)) == as_dict(found)


def test_added_rows_show_their_cells(found: TableDiff) -> None:
    assert "row added  Come: FLOP: 1; Date: x" in re.sub("added +", "added  ", text_of(found))
    assert "| row added | Come |  |  | FLOP: 1; Date: x |" in markdown(found)
