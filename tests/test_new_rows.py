"""Good rows for fifteen tables are valid; `tests.new_rows` runs other tests with them."""

from dataclasses import replace
from pathlib import Path

import diffdata
from diffdata.editing.rows import format_package, rows
from diffdata.package.packages import open_package

from .new_rows import ROWS, add_rows
from .test_plausibility import new_issues


def test_new_rows_are_valid_and_in_the_standard_form(copy: Path) -> None:
    package = open_package(copy)
    before = {replace(issue, line=None) for issue in diffdata.validate(copy)}
    counts = {table: len(rows(package, table)) for table in ROWS}
    add_rows(package)
    assert {table: len(rows(package, table)) - 1 for table in ROWS} == counts
    assert new_issues(copy, before) == []
    assert format_package(package, check=True) == []
