"""Third-party packages whose schemas have rules: checked with them, and metadata are warnings."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import diffdata
from diffdata.cli import app
from diffdata.errors import Issue, PackageError

RULE = {
    "rule": "ordered", "name": "low_high", "columns": ["Low end", "high"],
    "reason": "An interval has its ends in order",
}  # fmt: skip
FIELDS = [
    {"name": "Model ID", "type": "string"},
    {"name": "Low end", "type": "number"},
    {"name": "high", "type": "number"},
]
ROWS = "Model ID,Low end,high\na,1,2\nb,2,2\n"


def write(folder: Path, rows: str = ROWS, **changes: Any) -> Path:
    """Write a package with one rule, and nothing else that the profile asks for."""
    (folder / "data").mkdir()
    (folder / "data/x.csv").write_text(rows)
    schema = {"fields": FIELDS, "primaryKey": "Model ID", "rules": [RULE]} | changes
    (folder / "x.json").write_text(json.dumps(schema))
    resource = {"name": "x", "path": "data/x.csv", "schema": "x.json", "extra": True}
    (folder / "datapackage.json").write_text(json.dumps({"name": "p", "resources": [resource]}))
    return folder


def errors(issues: list[Issue]) -> list[tuple[str, str, int | None]]:
    return [(i.file, i.rule, i.line) for i in issues if i.severity == "error"]


def test_missing_metadata_are_one_warning_of_each_kind_with_the_places(tmp_path: Path) -> None:
    found = diffdata.validate(write(tmp_path))
    assert errors(found) == []
    assert [(issue.rule, issue.severity) for issue in found] == [("metadata", "warning")] * 6
    assert found[-1].message == "unit of numbers: missing at x.Low end, x.high"


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize("engine", [None, "duckdb", "polars"])
def test_the_data_are_checked_with_the_rules(tmp_path: Path, engine: Any) -> None:
    root = write(tmp_path, ROWS + "c,3,2\n")
    if engine is None:
        expected = [("data/x.csv", "low_high", 4)]
        assert errors(diffdata.validate(root)) == expected
        assert errors(diffdata.validate(root / "data/x.csv")) == expected
    else:
        (result,) = diffdata.check_package(root, engine=engine).values()
        assert [(rule.name, rule.failing) for rule in result.failed] == [
            ("low_high (Low end, high)", 1)
        ]
        alone = diffdata.check_files(root / "data/x.csv", root / "x.json", engine=engine)
        assert [rule.name for rule in alone.failed] == ["low_high (Low end, high)"]


def test_cells_are_read_strictly_unless_the_schema_says_how_they_are_written(
    tmp_path: Path,
) -> None:
    fields = [*FIELDS[:2], FIELDS[2] | {"decimalChar": ","}]
    root = write(tmp_path, 'Model ID,Low end,high\na, 1,"2,5"\n', fields=fields)
    assert errors(diffdata.validate(root)) == [("data/x.csv", "type", 2)]


def test_a_rule_that_is_not_valid_is_an_error_of_the_folder_and_of_its_file(tmp_path: Path) -> None:
    root = write(tmp_path, rules=[RULE | {"columns": ["Low end", "no"]}])
    for path in (root, root / "data/x.csv"):
        assert errors(diffdata.validate(path)) == [("data/x.csv", "descriptor", None)] or errors(
            diffdata.validate(path)
        ) == [("x.json", "descriptor", None)]


def test_such_a_package_is_loaded_shown_and_compared(tmp_path: Path) -> None:
    root = write(tmp_path)
    assert list(diffdata.load("x", package=root)["high"]) == [2.0, 2.0]
    for command in (["show", "x"], ["list"], ["describe", "x"]):
        result = CliRunner().invoke(app, [*command, "--package", str(root)])
        assert result.exit_code == 0, result.output
    assert CliRunner().invoke(app, ["diff", str(root), str(root)]).exit_code == 0


def test_what_needs_metadata_says_so_in_one_sentence(tmp_path: Path) -> None:
    root = write(tmp_path)
    for command in (
        lambda: diffdata.cite(package=root),
        lambda: diffdata.export("x", "csv", tmp_path / "out", package=root),
    ):
        with pytest.raises(PackageError, match="does not follow the diffdata profile") as error:
            command()
        assert "\n" not in str(error.value)


def test_a_package_with_both_additions_of_the_profile_follows_it(tmp_path: Path) -> None:
    fields = [FIELDS[0], *(field | {"unit": "1"} for field in FIELDS[1:])]
    assert ("x.json", "descriptor", None) not in errors(diffdata.validate(write(tmp_path)))
    for file in ("data/x.csv", "x.json", "datapackage.json"):
        (tmp_path / file).unlink()
    (tmp_path / "data").rmdir()
    found = errors(diffdata.validate(write(tmp_path, fields=fields)))
    assert {rule for _, rule, _ in found} == {"descriptor"}
