"""Bytes or frames in, issues out: every fault of a dataset, at its place, and how to fix it."""

from diffdata.errors import Issue, explain
from diffdata.validation.check import check_tables
from diffdata.validation.packages import validate

__all__ = ["Issue", "check_tables", "explain", "validate"]
