"""What was taken from a source, in the order of its text."""

import json

import pytest
from typer.testing import CliRunner

import diffdata
from diffdata import cli
from diffdata.errors import UnknownNameError
from diffdata.lookup.figures import reading_list, reading_order, row_counts, section_of
from diffdata.package.packages import Package

SECTIONED = sorted(set(diffdata.load("source_sections")["source_id"]))


@pytest.mark.parametrize("source", SECTIONED)
def test_every_locator_begins_with_a_section(source: str) -> None:
    sections = diffdata.load("source_sections").query("source_id == @source")["section"].tolist()
    taken = diffdata.taken_from(source)
    own = taken[taken["stated_by"] == ""]
    outside = [place for place in own["locator"] if section_of(place, sections) is None]
    assert outside == []
    assert {section_of(place, sections) for place in own["locator"]} == set(sections)


@pytest.mark.parametrize("source", SECTIONED)
def test_rows_are_sorted_by_the_sections_of_the_source(source: str) -> None:
    positions = diffdata.load("source_sections").query("source_id == @source")
    order = dict(zip(positions["section"], positions["position"], strict=True))
    taken = diffdata.taken_from(source)
    own = taken[taken["stated_by"] == ""]
    places = [order[str(section_of(place, list(order)))] for place in own["locator"]]
    assert places == sorted(places)


def test_everything_that_names_a_source_is_listed(package: Package) -> None:
    source = "cottier-comments"
    expected = 0
    for table in package.tables:
        frame = diffdata.load(table)
        if "locator" in frame:
            names = frame[[c for c in ("source_id", "quoted_in_source_id") if c in frame]]
            expected += int((names == source).any(axis=1).sum())
    taken = diffdata.taken_from(source)
    assert len(taken) == expected
    assert set(row_counts().set_index("source").loc[[source], "rows"]) == {expected}
    quoted = taken[taken["stated_by"] != ""]
    assert "wu-2021-sustainable-ai" in set(quoted["stated_by"])


def test_a_reading_list_shows_figures_under_their_locators() -> None:
    text = reading_list(diffdata.taken_from("daan-2024-gpt-3-level"))
    place = text.index("Part 2, Methodology, table of efficiency gains")
    row = "  estimates daan-data-quality-table: efficiency_multiplier of data-quality: 2.2\n"
    assert place < text.index(row) < text.index("Part 3, ")
    assert row + "    printed: Data quality x2.2" in text


def test_an_unknown_source_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean brown-2020"):
        diffdata.taken_from("brwn-2020")
    assert diffdata.taken_from("brown2020").equals(diffdata.taken_from("brown-2020"))


def test_the_command_lists_sources_and_their_rows() -> None:
    run = CliRunner().invoke
    everything = json.loads(run(cli.app, ["sources", "-f", "json"]).stdout)
    assert {row["source"] for row in everything} == set(diffdata.load("sources")["source_id"])
    text = run(cli.app, ["sources", "brown-2020"]).stdout
    assert text == reading_list(diffdata.taken_from("brown-2020")) + "\n"
    rows = json.loads(run(cli.app, ["sources", "brown-2020", "-f", "json"]).stdout)
    assert len(rows) == len(diffdata.taken_from("brown-2020"))


def test_a_place_is_ordered_by_its_section_and_the_numbers_in_it() -> None:
    sections = ["Table 1", "Part 2"]
    places = ["Table 1", "Part 2, item 9.1", "Part 2, item 10", "Part 2, last item", "Elsewhere"]
    shuffled = places[::-1]
    assert sorted(shuffled, key=lambda place: reading_order(place, sections)) == places


def test_sources_of_most_rows_come_first() -> None:
    counts = row_counts(version="2026.2")
    assert counts.loc[0, "source"] == "cottier-2022-summary"
    assert counts["rows"].is_monotonic_decreasing
