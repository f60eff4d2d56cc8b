"""A release is reproducible to the byte, and refused unless the changelog names every change."""

import datetime
import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from frictionless import Package as FrictionlessPackage
from frictionless import system

from diffdata.diff import compare_packages
from diffdata.errors import InvalidInputError, PackageError
from diffdata.package.digest import content_digest
from diffdata.package.editions import read_index
from diffdata.package.packages import open_package
from diffdata.releasing import make_archive, release, section_of, unnamed

from .conftest import ROOT, edit
from .releases import (
    FIRST,
    SECOND,
    contents_of,
    make_tree,
    release_first,
    rename_column,
    set_edition,
)
from .reviewed import few_calculations
from .test_validation import set_cell

NOW = datetime.date(2026, 12, 24)
SECTION = section_of("## 2026.2 (2026-12-24)\n\nMuch.\n", "2026.2")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path / "tree")


def unpacked(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_archive_contains_all_files_that_a_reader_needs(tree: Path) -> None:
    (tree / "LICENSE-DATA").write_text("Take it.")
    set_edition(tree, "1.0", FIRST, "Older.")  # the section of another edition
    set_edition(tree, "1.1", FIRST, "Newer.")
    made = release_first(tree)
    files = unpacked(tree / "releases" / made.file)
    assert made.file == "odd-1.1.zip"
    assert sorted(files) == [
        "CHANGELOG.md", "CITATION.cff", "LICENSE-DATA", "SHA256SUMS", "datapackage.json",
        "kinds.csv", "kinds.json", "parquet/kinds.parquet", "parquet/things.parquet",
        "things.csv", "things.json",
    ]  # fmt: skip
    assert list(files) == sorted(files)
    assert files["CHANGELOG.md"].decode() == "# Odd & <ends>\n\n## 1.1 (2026-01-05)\n\nNewer.\n"
    assert f"sha256:{made.digest}" in files["CITATION.cff"].decode()
    assert "date-released: '2026-01-05'" in files["CITATION.cff"].decode()
    for name in ("things.csv", "things.json"):
        assert files[name] == (tree / name).read_bytes()
    sums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())
    assert set(sums) == set(files) - {"SHA256SUMS"}
    assert all(hashlib.sha256(files[name]).hexdigest() == found for name, found in sums.items())


def test_the_descriptor_in_an_archive_gives_size_and_sha256_of_each_resource(
    tree: Path, tmp_path: Path
) -> None:
    made = release_first(tree)
    with zipfile.ZipFile(tree / "releases" / made.file) as archive:
        archive.extractall(tmp_path / "out")
    described = json.loads((tmp_path / "out/datapackage.json").read_text())
    assert (described["version"], described["created"]) == ("1.1.0", "2026-01-05T00:00:00Z")
    for resource in described["resources"]:
        data = (tree / resource["path"]).read_bytes()
        assert resource["bytes"] == len(data)
        assert resource["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    # An independent validator checks sizes and sums too: it finds the changed byte.
    with system.use_context(trusted=True):
        path = str(tmp_path / "out/datapackage.json")
        kinds = FrictionlessPackage(path).get_resource("kinds")
        assert kinds.validate().valid
        edit(tmp_path / "out/kinds.csv", "The first", "The firsT")
        faults = FrictionlessPackage(path).get_resource("kinds").validate()
        assert [fault[0] for fault in faults.flatten(["type"])] == ["hash-count"]


def test_parquet_in_an_archive_has_the_values_of_csv(tree: Path) -> None:
    made = release_first(tree)
    package = open_package(tree)
    files = unpacked(tree / "releases" / made.file)
    for name, expected in made.tables.items():
        table = pq.read_table(io.BytesIO(files[f"parquet/{name}.parquet"]))
        assert table.num_rows == expected.rows
        assert content_digest(table, package.schema(name)) == expected.digest
        assert table.schema.metadata[b"version"] == b"1.1.0"


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = make_tree(tmp_path / "a"), make_tree(tmp_path / "elsewhere/b")
    for path in second.iterdir():
        os.utime(path, (1e9, 1e9))
        path.chmod(0o600)
    release_first(first)
    release_first(second)
    assert contents_of(first / "releases") == contents_of(second / "releases")


def test_the_date_changes_the_bytes_but_not_the_digest(tree: Path) -> None:
    made = {}
    for day in (FIRST, SECOND):
        section = section_of(f"## 1.1 ({day})\n\nSaid.\n", "1.1")
        made[day] = make_archive(open_package(tree), section, day)
    (data, one), (other, two) = made.values()
    assert data != other
    assert one.sha256 != two.sha256
    assert (one.digest, one.tables) == (two.digest, two.tables)


def test_the_index_lists_what_was_released(tree: Path) -> None:
    made = release_first(tree)
    (entry,) = json.loads((tree / "releases/index.json").read_text())["releases"]
    data = (tree / "releases/odd-1.1.zip").read_bytes()
    assert entry["sha256"] == hashlib.sha256(data).hexdigest()
    assert entry["bytes"] == len(data)
    assert (entry["edition"], entry["date"], entry["doi"]) == ("1.1", "2026-01-05", None)
    assert {name: table["rows"] for name, table in entry["tables"].items()} == {
        "things": 7,
        "kinds": 2,
    }
    assert entry["headline"] == ["The first one."]
    assert read_index(tree / "releases") == [made]


def ready(tree: Path, said: str = "Nothing.") -> None:
    """Release the first edition, and prepare the second, in which a value changed."""
    release_first(tree)
    set_edition(tree, "1.2", SECOND, said)
    edit(tree / "things.csv", "3.14e23", "3.15e23")


def remove(name: str) -> Callable[[Path], None]:
    return lambda tree: (tree / name).unlink()


def say(old: str, new: str) -> Callable[[Path], None]:
    return lambda tree: edit(tree / "CHANGELOG.md", old, new)


def give_version(version: str) -> Callable[[Path], None]:
    return lambda tree: edit(tree / "datapackage.json", '"1.2.0"', f'"{version}"')


def set_back(tree: Path) -> None:
    edit(tree / "things.csv", "3.15e23", "314e21")


def flip(tree: Path) -> None:
    path = tree / "releases/odd-1.1.zip"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


def add_row(tree: Path) -> None:
    set_back(tree)
    with (tree / "kinds.csv").open("a") as file:
        file.write("z,3,The third\n")


def drop_row(tree: Path) -> None:
    set_back(tree)
    edit(tree / "things.csv", "e,,,,1000000000000000,-0.0,,1900-02-28,@SUM(A1)\n", "")


def rename_row(tree: Path) -> None:
    set_back(tree)
    edit(tree / "things.csv", "e,,,,1000000000000000", "h,,,,1000000000000000")


def change_unit(tree: Path) -> None:
    set_back(tree)
    edit(tree / "things.json", '"unit": "metre"', '"unit": "foot"')


def change_pair(tree: Path) -> None:
    set_back(tree)
    edit(tree / "kinds.csv", "The first", "The very first")


def rename_a_column(tree: Path) -> None:
    set_back(tree)
    rename_column(tree, "things", "count", "amount")


def drop_table(tree: Path) -> None:
    set_back(tree)
    path = tree / "datapackage.json"
    described = json.loads(path.read_text())
    described["resources"] = [r for r in described["resources"] if r["name"] == "things"]
    path.write_text(json.dumps(described))
    schema = json.loads((tree / "things.json").read_text())
    schema["foreignKeys"].pop()
    (tree / "things.json").write_text(json.dumps(schema))


REFUSALS: list[tuple[Callable[[Path], Any], str]] = [
    (give_version("1.3.0"), r"version 1\.3\.0, which is not 1\.2"),
    (give_version("1.2.1"), r"version 1\.2\.1, expected 1\.2\.0; the patch"),
    (remove("CHANGELOG.md"), r"CHANGELOG\.md: the file is missing"),
    (say("## 1.2 (", "## 1.20 ("), r"no section `## 1\.2 \(DATE\)`"),
    (say("(2026-07-01)", "(unreleased)"), r"dated 'unreleased', expected `## 1\.2 \(2026-07-01\)`"),
    (say(" (2026-07-01)", ""), "dated 'nothing'"),
    (say("Nothing.", ""), "line 3: the section is empty"),
    (say("2026-07-01", "2026-07-02"), "dated '2026-07-02', expected"),
    (lambda tree: edit(tree / "things.csv", "3.15e23", "3,15e23"), r"not valid:\nthings\.csv:3"),
    (lambda tree: edit(tree / "things.csv", "d,a,x,1", "d,zz,x,1"), "not valid"),
    (remove("kinds.csv"), "not valid"),
    (flip, r"odd-1\.1\.zip: .* it is damaged"),
    (set_back, r"values and schemas are those of 1\.1"),
    (lambda _: None, r"- `things`: `b`: size 3\.14e23 -> 3\.15e23"),
    (add_row, "- `kinds`: 1 row added"),
    (drop_row, "- `things`: 1 row removed"),
    (rename_row, "- `things`: `e` renamed `h`"),
    (change_unit, "- `things`: `size`: unit changed"),
    (change_pair, "- `kinds`: `x / 1`: name The first -> The very first"),
    (rename_a_column, "- `things`: column `count` renamed `amount`"),
    (drop_table, "- `kinds`: table removed"),
]


@pytest.mark.parametrize(("mistake", "message"), REFUSALS, ids=[m for _, m in REFUSALS])
def test_a_refusal_states_the_reason_and_writes_nothing(
    mistake: Callable[[Path], Any], message: str, tree: Path
) -> None:
    ready(tree)
    mistake(tree)
    before = contents_of(tree)
    with pytest.raises((PackageError, InvalidInputError), match=message):
        release(open_package(tree), "1.2", SECOND)
    assert contents_of(tree) == before


def test_a_refusal_lists_all_reasons_at_once(tree: Path) -> None:
    ready(tree)
    flip(tree)
    edit(tree / "things.csv", "3.15e23", "3,15e23")
    say("(2026-07-01)", "(unreleased)")(tree)
    before = contents_of(tree)
    with pytest.raises(InvalidInputError) as caught:
        release(open_package(tree), "1.3", SECOND)
    for reason in (
        "version 1.2.0, which is not 1.3", "it has no section `## 1.3", "odd-1.1.zip",
        "the data are not valid",
    ):  # fmt: skip
        assert reason in str(caught.value)
    assert contents_of(tree) == before


@pytest.mark.parametrize(
    ("edition", "day", "message"),
    [
        ("1.1", SECOND, r"1\.1 was released on 2026-01-05 and never changes"),
        ("1.0", SECOND, r"1\.0 is older than 1\.1, which is released"),
        ("1.2", datetime.date(2026, 1, 4), "2026-01-04 is before 2026-01-05"),
        ("1.2", datetime.date(1979, 12, 31), "before 1980"),
    ],
)
def test_editions_and_dates_only_increase(
    edition: str, day: datetime.date, message: str, tree: Path
) -> None:
    release_first(tree)
    if edition != "1.1":
        set_edition(tree, edition, day, "Said.")
    before = contents_of(tree)
    with pytest.raises(InvalidInputError, match=message):
        release(open_package(tree), edition, day)
    assert contents_of(tree) == before


def test_a_word_that_is_not_an_edition_is_refused(tree: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"which is not latest"):
        release(open_package(tree), "latest", FIRST)


def test_by_default_an_edition_is_released_today(tree: Path) -> None:
    with pytest.raises(PackageError, match=str(datetime.date.today())):
        release(open_package(tree), "1.1")


@pytest.mark.parametrize(
    "said",
    [
        "- `b`: read anew",
        "- row `b` of things\n- more",
        "### Changed values\n\n- the size of\n  `b` was wrong",
    ],
)
def test_what_the_changelog_names_may_change(said: str, tree: Path) -> None:
    ready(tree, said)
    made = release(open_package(tree), "1.2.0", SECOND)
    assert [one.edition for one in read_index(tree / "releases")] == ["1.1", "1.2"]
    assert (tree / "releases" / made.file).is_file()


@pytest.mark.parametrize("said", ["- things: b", "- `things`", "- `bb`, `a/b`", "- `a`"])
def test_a_key_that_is_a_plain_word_counts_only_in_backticks(said: str, tree: Path) -> None:
    ready(tree, said)
    with pytest.raises(PackageError, match="`b`: size"):
        release(open_package(tree), "1.2", SECOND)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (add_row, "- kinds: one more"),
        (drop_row, "- `things`: `e` was no thing"),
        (rename_row, "- `e` is `h` now"),
        (change_unit, "- things are measured in feet"),
        (change_pair, "- `kinds`: `x`, `1` has a longer name"),
        (rename_a_column, "- things: `count` is `amount`"),
        (drop_table, "- kinds are gone; so is a reference of things"),
    ],
)
def test_what_is_named_in_the_words_that_the_refusal_asks_for_passes(
    change: Callable[[Path], None], said: str, tree: Path
) -> None:
    ready(tree, said)
    change(tree)
    assert release(open_package(tree), "1.2", SECOND).edition == "1.2"


def test_the_points_of_a_refusal_can_be_put_into_the_changelog_as_they_are(tree: Path) -> None:
    ready(tree)
    edit(tree / "kinds.csv", "The first", "The very first")
    edit(tree / "things.csv", "e,,,,1000000000000000", "h,,,,1000000000000000")
    with pytest.raises(PackageError) as caught:
        release(open_package(tree), "1.2", SECOND)
    points = [line for line in str(caught.value).splitlines() if line.startswith("- ")]
    edit(tree / "CHANGELOG.md", "Nothing.", "\n".join(points))
    assert release(open_package(tree), "1.2", SECOND).headline == tuple(p[2:] for p in points)


def test_the_parts_of_a_key_must_stand_in_one_point(tree: Path) -> None:
    ready(tree, "- `x`\n- `1`")
    change_pair(tree)
    with pytest.raises(PackageError, match="`x / 1`"):
        release(open_package(tree), "1.2", SECOND)


def test_another_spelling_of_a_number_is_not_a_change(tree: Path) -> None:
    ready(tree, "- `b`: read anew")
    edit(tree / "things.csv", "5e-324", "0.5e-323")
    assert release(open_package(tree), "1.2", SECOND).edition == "1.2"


def test_a_released_archive_never_changes(tree: Path) -> None:
    ready(tree, "- `b`: read anew")
    before = (tree / "releases/odd-1.1.zip").read_bytes()
    release(open_package(tree), "1.2", SECOND)
    assert (tree / "releases/odd-1.1.zip").read_bytes() == before


def test_an_archive_that_does_not_load_is_not_released(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise PackageError("other values")

    monkeypatch.setattr("diffdata.releasing.publish.validated_tables", fail)
    before = contents_of(tree)
    with pytest.raises(PackageError, match="other values"):
        release_first(tree)
    assert contents_of(tree) == before


def test_an_archive_without_entry_is_replaced(tree: Path) -> None:
    """A run that was stopped between archive and index leaves such an archive."""
    made = release_first(tree)
    (tree / "releases/index.json").unlink()
    (tree / "releases" / made.file).write_bytes(b"half")
    assert release_first(tree) == made


def test_a_stale_generated_file_of_a_working_tree_is_refused(copy: Path) -> None:
    few_calculations(copy, "opt-175b-cost-ratio")
    (copy / "pyproject.toml").touch()
    (copy / "diffdata").mkdir()
    shutil.copy(ROOT / "CHANGELOG.md", copy)
    set_edition(copy, "2999.1", NOW, "Something.")
    with pytest.raises(PackageError, match=r"not up to date: .*docs/tables\.md.*diffdata build"):
        release(open_package(copy), "2999.1", NOW)
    assert not (copy / "releases").exists()


def changed_and_unnamed(reviewed: Path, copy: Path) -> list[str]:
    package = open_package(copy)
    return unnamed(compare_packages(open_package(reviewed), package), package, SECTION)


def test_a_new_correction_names_the_row_that_it_refers_to(copy: Path, reviewed: Path) -> None:
    set_cell(copy, "estimates", "gpt-3-training-cost", "value", "13e6")
    set_cell(copy, "comparisons", "opt-175b-vs-gpt-3", "note", "Otherwise.")
    path = copy / "data/corrections.csv"
    header = path.read_text().splitlines()[0].split(",")
    given = {"correction_id": "zz-new", "estimate_id": "gpt-3-training-cost"}
    row = ",".join(given.get(name, "") for name in header)
    assert [line.split(":")[1] for line in changed_and_unnamed(reviewed, copy)] == [
        " `opt-175b-vs-gpt-3`",
        " `gpt-3-training-cost`",
    ]
    path.write_text(f"{path.read_text()}{row}\n")
    assert [line.split(":")[:2] for line in changed_and_unnamed(reviewed, copy)] == [
        ["- `comparisons`", " `opt-175b-vs-gpt-3`"],
        ["- `corrections`", " 1 row added"],
    ]


def test_a_changed_correction_names_the_row_that_it_refers_to_and_itself(
    copy: Path, reviewed: Path
) -> None:
    set_cell(copy, "comparisons", "opt-175b-vs-gpt-3", "note", "Otherwise.")
    set_cell(copy, "corrections", "summary-opt-175b-capability", "now", "Otherwise.")
    assert changed_and_unnamed(reviewed, copy) == []


def test_an_old_correction_or_its_source_names_nothing(copy: Path, reviewed: Path) -> None:
    set_cell(copy, "comparisons", "opt-175b-vs-gpt-3", "note", "Otherwise.")
    set_cell(copy, "sources", "cottier-comments", "note", "Otherwise.")
    set_cell(copy, "corrections", "comments-development-as-target", "now", "Otherwise.")
    assert [line.split(":")[0] for line in changed_and_unnamed(reviewed, copy)] == [
        "- `sources`",
        "- `comparisons`",
    ]


def test_a_plain_word_is_a_key_only_in_backticks() -> None:
    section = section_of("## 2026.2\n- `parameters` and gpt-3-cost: read anew.", "2026.2")
    named = [section.names((key,)) for key in ("gpt-3-cost", "gpt-3", "parameters", "anew")]
    assert named == [True, False, True, False]


def test_the_headline_is_the_lead_and_the_changed_values() -> None:
    text = (
        "# Changelog\n\n## 1.2 (2026-07-01)\n\nA lead\nof two lines.\n\n### Data\n\n- more rows\n\n"
        "### Changed values\n\n- `a`: is 2,\n  not 1\n* `b`: gone\n\n### Package\n\n- fast\n\n"
        "## 1.1 (2026-01-05)\n\nOld.\n"
    )
    section = section_of(text, "1.2")
    assert section.dated == "2026-07-01"
    assert section.headline == ("A lead of two lines.", "`a`: is 2, not 1", "`b`: gone")
    assert "Old." not in section.text
    assert section_of(text, "1.1").headline == ("Old.",)
