"""For the tests of your own data package: `assert_valid`.

Beside your data, in ``tests/test_data.py``::

    from pathlib import Path

    from diffdata.testing import assert_valid


    def test_the_data_are_valid() -> None:
        assert_valid(Path(__file__).parent.parent)

`pytest` then runs the checks of ``diffdata validate``. A fault fails the test, with its place, what
was expected and how to fix it.
"""

from __future__ import annotations

import os

from diffdata.errors import explain
from diffdata.validation.packages import validate

__all__ = ["assert_valid"]


def assert_valid(path: str | os.PathLike[str], *, warnings: bool = False) -> None:
    """Raise an AssertionError unless a data package is valid: descriptor, schemas and all tables.

    Parameters
    ----------
    path
        A folder with a datapackage.json, or that file.
    warnings
        Whether to fail on warnings too.

    Raises
    ------
    AssertionError
        If there are faults; the message lists all of them, with the warnings.

    Examples
    --------
    The dataset of diffdata is valid. A folder without a package is not:

    >>> from diffdata.package.files import bundled_root
    >>> assert_valid(bundled_root(), warnings=True)
    >>> assert_valid("no/such/folder")
    Traceback (most recent call last):
    ...
    AssertionError: no/such/folder: error: there is no such file or folder (unreadable)
    1 error, 0 warnings
    """
    # pytest omits this frame from its report: the fault is in the data, not here.
    __tracebackhide__ = True
    issues = validate(path)
    if any(issue.severity == "error" or warnings for issue in issues):
        raise AssertionError(explain(issues))
