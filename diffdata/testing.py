"""For the tests of your own data package: `assert_valid`.

Beside your data, in ``tests/test_data.py``::

    from pathlib import Path

    from diffdata.testing import assert_valid


    def test_the_data_are_valid() -> None:
        assert_valid(Path(__file__).parent.parent)

`pytest` then runs the checks of ``diffdata validate``.
"""

from __future__ import annotations

import os

from diffdata.errors import explain
from diffdata.validation.packages import validate

__all__ = ["assert_valid"]


def assert_valid(path: str | os.PathLike[str], *, warnings: bool = False) -> None:
    """Raise an AssertionError with all faults, unless descriptor, schemas and tables are valid.

    Parameters
    ----------
    path : a folder with a datapackage.json, or that file
    warnings : whether to fail on warnings too

    Examples
    --------
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
