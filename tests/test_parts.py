"""Tables of several files: reviewed rows in the first, imported ones in the others."""

from __future__ import annotations

import datetime
import json
import warnings
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import diffdata
from diffdata import cli
from diffdata.diff import as_dict, compare_packages
from diffdata.editing.adding import add_row
from diffdata.editing.rows import format_package
from diffdata.errors import DescriptorError, InvalidInputError, Issue, PackageError
from diffdata.exporting import croissant, export, schema_org
from diffdata.loading import load, write_pinned
from diffdata.package import files, pinned
from diffdata.package.packages import Package, open_package, open_release
from diffdata.releasing.publish import Section, make_archive
from diffdata.validation.files import check_files, check_package
from diffdata.validation.packages import validate

from .conftest import edit
from .packages import ROWS, make_package

# Without what a spreadsheet would take for a formula.
HEADER, *LINES = ROWS.replace("=1+1", "1").replace("@SUM(A1)", "A1").splitlines(keepends=True)
IMPORTED = "imported/pub/things.csv"
# With a rule in its schemas a package is judged by the profile.
RULES = {"things": ["thing_id", "kind"], "kinds": ["kind", "name"]}


def split(root: Path, moved: str = "bef") -> Path:
    """Write the small package, with the things whose ids are in `moved` in a second file."""
    (root / IMPORTED).parent.mkdir(parents=True)
    make_package(root, HEADER + "".join(line for line in LINES if line[0] not in moved))
    (root / IMPORTED).write_text(
        HEADER + "".join(line for line in LINES if line[0] in moved), encoding="utf-8"
    )
    edit(root / "datapackage.json", '"things.csv"', f'["things.csv", "{IMPORTED}"]')
    for table, columns in RULES.items():
        rule = {"rule": "atLeastOne", "name": "some", "columns": columns, "reason": "one is known"}
        edit(root / f"{table}.json", '"primaryKey"', f'"rules": {json.dumps([rule])}, "primaryKey"')
    return root


@pytest.fixture
def parts(tmp_path: Path) -> Package:
    return open_package(split(tmp_path / "parts"))


@pytest.fixture
def single(tmp_path: Path) -> Package:
    (tmp_path / "single").mkdir()
    return open_package(make_package(tmp_path / "single", HEADER + "".join(LINES)))


def ids(package: Package, **options: Any) -> str:
    return "".join(load("things", package=package, **options)["thing_id"])


def places(issues: list[Issue]) -> list[tuple[str, int | None, str]]:
    return [(issue.file, issue.line, issue.rule) for issue in issues]


# Reading


def test_the_files_are_one_table(parts: Package, single: Package) -> None:
    assert validate(parts.root) == []
    assert ids(parts) == "acdgbef"
    one, several = (load("things", package=package) for package in (single, parts))
    assert several.sort_values("thing_id", ignore_index=True).equals(one)
    assert several.attrs == one.attrs


@pytest.mark.parametrize("engine", ["pandas", "pyarrow", "polars", "duckdb"])
def test_reviewed_rows_are_those_of_the_first_file(parts: Package, engine: str) -> None:
    frame = load("things", package=parts, reviewed=True, engine=engine)
    found = nw.from_native(frame).lazy().collect()
    assert "".join(found["thing_id"].to_list()) == "acdg"


def test_all_rows_of_one_file_are_reviewed(parts: Package, single: Package) -> None:
    assert ids(single, reviewed=True) == ids(single) == "abcdefg"
    assert load("kinds", package=parts, reviewed=True).attrs["digest"]
    # The digest would be that of other rows.
    assert load("things", package=parts, reviewed=True).attrs == {
        "table": "things", "version": "1.2.3",
        "units": {"count": "1", "edition": "1", "size": "metre"},
    }  # fmt: skip


def test_one_command_shows_reviewed_rows(parts: Package) -> None:
    arguments = ["show", "things", "--columns", "thing_id", "--format", "csv"]
    arguments += ["--package", str(parts.root)]
    shown = [CliRunner().invoke(cli.app, [*arguments, *more]) for more in ([], ["--reviewed"])]
    assert [result.stdout.split() for result in shown] == [
        ["thing_id", *"acdgbef"], ["thing_id", *"acdg"],
    ]  # fmt: skip


def test_reviewed_estimates_are_all_of_an_edition_without_imports() -> None:
    both = [diffdata.estimates(version="2026.2", reviewed=reviewed) for reviewed in (False, True)]
    assert len(both[0]) > 0
    assert both[0].equals(both[1])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ('["things.csv", "things.csv"]', "'things.csv' is listed twice"),
        ('["things.csv", "kinds.csv"]', "'kinds.csv' is listed twice"),
        ('["things.csv", "../x.csv"]', "'../x.csv' is not a relative path inside the package"),
        ("[]", "path"),
    ],
)
def test_each_path_is_one_file_of_the_package(tmp_path: Path, path: str, message: str) -> None:
    edit(split(tmp_path) / "datapackage.json", f'["things.csv", "{IMPORTED}"]', path)
    with pytest.raises(DescriptorError, match=message):
        open_package(tmp_path)


# Checking


def test_a_fault_is_reported_in_its_file(parts: Package) -> None:
    path = parts.root / IMPORTED
    edit(path, "b,a,y,2,", "b,a,y,two,")
    edit(path, "\ne,,", "\nq,q\n\ne,,")
    edit(path, "f,,,,", "f,no,,,")
    assert places(validate(parts.root)) == [
        (IMPORTED, 2, "type"),
        (IMPORTED, 3, "row-length"),
        (IMPORTED, 4, "blank-row"),
        (IMPORTED, 6, "foreign-key"),
    ]
    # One file is checked as a part of its table.
    assert places(validate(path)) == places(validate(parts.root))
    result = CliRunner().invoke(cli.app, ["validate", str(parts.root)])
    assert f"\n{IMPORTED}:6: error: 'no' " in result.stdout
    assert "    f,no,,,999999999999999,1e15,,1900-03-01,+49 30" in result.stdout


def test_a_key_is_unique_over_all_files(parts: Package) -> None:
    edit(parts.root / IMPORTED, "\ne,", "\nd,")
    issues = validate(parts.root)
    assert (IMPORTED, 3, "primary-key") in places(issues)
    hints = [issue.hint for issue in issues if issue.rule == "primary-key"]
    assert hints == ["things.csv:4 has the same"]


def test_rows_refer_to_rows_of_another_file(parts: Package) -> None:
    # b and d refer to a, which is in the first file; then it is in no file.
    edit(parts.root / "things.csv", "\na,,x,", "\naa,,x,")
    (issue,) = [issue for issue in validate(parts.root) if issue.severity == "error"]
    assert (issue.file, issue.line, issue.rule) == ("things.csv", 2, "mistyped-key")
    assert f"{IMPORTED}, things.csv refer to 'a'" in issue.message


def test_each_file_has_its_own_header(parts: Package) -> None:
    path = parts.root / IMPORTED
    edit(path, HEADER, HEADER.replace("count,size", "size,count"))
    issues = [issue for issue in validate(parts.root) if issue.severity == "error"]
    assert {(issue.file, issue.line) for issue in issues} == {(IMPORTED, 1)}
    path.write_text("".join(LINES[:1]))
    errors = {(i.file, i.rule) for i in validate(parts.root) if i.severity == "error"}
    assert (IMPORTED, "header") in errors
    assert {file for file, _ in errors} == {IMPORTED}


def test_the_standard_allows_one_header_for_all_files(tmp_path: Path) -> None:
    resource = {"name": "t", "type": "table", "path": ["1.csv", "2.csv", "3.csv"]}
    resource["schema"] = {"fields": [{"name": "id", "type": "integer"}, {"name": "name"}]}
    text = json.dumps({"name": "p", "resources": [resource]})
    (tmp_path / "datapackage.json").write_text(text)
    (tmp_path / "1.csv").write_text("id,name\n1,a")
    (tmp_path / "2.csv").write_text("id,name\n2,b\nx,c\n")
    (tmp_path / "3.csv").write_text("3,d\ny,e\n")
    assert places(validate(tmp_path)) == [("2.csv", 3, "type"), ("3.csv", 2, "type")]


def test_engines_read_all_files(parts: Package) -> None:
    result = check_package(parts.root, engine="polars")["things.csv"]
    assert (result.rows, result.ok) == (7, True)
    schema = parts.root / "things.json"
    both = [*parts.files("things").values()]
    assert [check_files(path, schema, engine="duckdb").rows for path in (both[0], both)] == [4, 7]


def test_a_file_that_no_resource_lists_is_a_warning(parts: Package) -> None:
    (parts.root / IMPORTED).with_name("more.csv").write_text(HEADER)
    assert places(validate(parts.root)) == [("imported/pub/more.csv", None, "unlisted-file")]


# Editing


def test_a_row_is_added_to_the_first_file_and_found_in_all(parts: Package) -> None:
    before = (parts.root / IMPORTED).read_bytes()
    added = add_row(
        parts, "things", {"thing_id": "ca", "of_thing_id": "b", "kind": "", "size": "7"}
    )
    assert (added.path, added.line) == (parts.root / "things.csv", 4)
    for row, message in (
        ({"thing_id": "b", "size": "9"}, "thing_id=b is the key of an imported row"),
        ({"thing_id": "h", "day": "9999-12-31", "of_thing_id": "e", "size": "oops"}, "size: "),
        ({"thing_id": "h", "count": "1000000000000000", "size": "-0.0", "day": "1900-02-28",
          "limit": "A1"}, "the row exists already: thing_id=e"),
    ):  # fmt: skip
        with pytest.raises(InvalidInputError, match=message):
            add_row(parts, "things", row)
    assert (parts.root / IMPORTED).read_bytes() == before
    assert validate(parts.root) == []


def test_only_reviewed_files_are_formatted(parts: Package) -> None:
    first, other = parts.root / "things.csv", parts.root / IMPORTED
    edit(first, "\nc,c,", "\nc, c,")
    assert format_package(parts, check=True) == [first]
    edit(other, "\ne,,", '\ne,"",')
    before = other.read_bytes()
    assert format_package(parts, check=True) == [first, other]
    with pytest.raises(
        PackageError, match=rf"{IMPORTED}: not in the standard form; .* import them"
    ):
        format_package(parts)
    edit(other, '\ne,"",', "\ne,,")
    assert format_package(parts) == [first]
    assert format_package(parts, check=True) == []
    assert other.read_bytes() != before


# Comparing


def test_packages_with_other_files_are_the_same(parts: Package, single: Package) -> None:
    both = (parts, single), (single, parts)
    assert [compare_packages(*pair, only=["things"]).tables[0].same for pair in both] == [True] * 2


def test_a_difference_is_at_the_line_of_its_file(parts: Package, single: Package) -> None:
    edit(parts.root / IMPORTED, "1900-03-01", "1900-03-02")
    found = as_dict(compare_packages(single, parts))
    (cell,) = found["tables"]["things"]["cells"]
    assert (cell["key"], cell["old_line"], cell["new_line"]) == ("f", 7, f"{IMPORTED}:4")


# Publishing


def test_every_file_is_listed_in_the_metadata(parts: Package) -> None:
    for distribution in (schema_org(parts)["distribution"], croissant(parts)["distribution"]):
        addresses = [one["contentUrl"] for one in distribution if "contentUrl" in one]
        assert addresses == ["things.csv", IMPORTED, "kinds.csv"]


def test_mlcroissant_reads_all_files_of_a_table(parts: Package) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlcroissant and rdflib use deprecated functions
        import mlcroissant

        (parts.root / "croissant.json").write_text(json.dumps(croissant(parts, references=False)))
        read = mlcroissant.Dataset(jsonld=parts.root / "croissant.json")
        rows = list(read.records("things"))
    assert not read.metadata.issues.errors
    assert sorted(row["things/thing_id"].decode() for row in rows) == list("abcdefg")


def test_exports_have_the_rows_of_all_files(parts: Package, tmp_path: Path) -> None:
    (path, *_) = export("things", "csv", tmp_path / "out.csv", package=parts)
    rows = path.read_text(encoding="utf-8").splitlines()[1:]
    assert "".join(row[0] for row in rows) == "acdgbef"


def test_pinned_tables_know_their_reviewed_rows(
    parts: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pinned(parts)
    monkeypatch.setattr(files, "bundled_root", lambda: parts.root)
    table = pq.read_table(parts.root / pinned.TREE_FOLDER / "things.parquet")
    assert table.schema.metadata[b"reviewed_rows"] == b"4"
    assert pinned.bundled_tables(parts.root, ["things"]) is not None
    assert "".join(load("things", reviewed=True)["thing_id"]) == "acdg"
    # Each file is one that they were made from.
    edit(parts.root / IMPORTED, "1900-03-01", "1900-03-02")
    assert pinned.bundled_tables(parts.root, ["things"]) is None
    assert "".join(load("things", reviewed=True)["thing_id"]) == "acdg"


def test_an_edition_has_all_files(parts: Package, single: Package, tmp_path: Path) -> None:
    section = Section("1.2", "2026-01-01", "## 1.2 (2026-01-01)\n\nNew.\n")
    digests = []
    for package, reviewed in ((parts, "acdg"), (single, "abcdefg")):
        data, made = make_archive(package, section, datetime.date(2026, 1, 1))
        (tmp_path / made.file).write_bytes(data)
        opened = open_release(tmp_path, made)
        assert opened.files("things").keys() == package.files("things").keys()
        assert "".join(sorted(ids(opened))) == "abcdefg"
        assert ids(opened, reviewed=True) == reviewed
        assert validate(opened.root) == []
        digests.append(made.tables["things"].digest)
    # The values are the same, and so is their digest, whatever files they are in.
    assert digests[0] == digests[1]
