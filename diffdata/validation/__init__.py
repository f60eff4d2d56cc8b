"""Bytes or frames in, issues out: every fault of a dataset, at its place, and how to mend it."""

from diffdata.errors import Issue, explain
from diffdata.validation.check import check_tables
from diffdata.validation.whole import validate

__all__ = ["Issue", "check_tables", "explain", "validate"]
