"""Checks on engines: the rules of a schema, evaluated where the data are.

`prepare` brings a frame to the types of its schema, `related` joins what rules know from other
tables, `evaluate` makes the passes; `check` is the door for frames, `files` that for files and
whole packages.
"""

from diffdata.checking.check import check
from diffdata.checking.files import check_files, check_package
from diffdata.checking.result import CheckResult, RuleResult

__all__ = ["CheckResult", "RuleResult", "check", "check_files", "check_package"]
