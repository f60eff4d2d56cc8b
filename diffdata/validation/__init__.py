"""Validation: untrusted bytes in, issues out.

`text` splits a CSV file and keeps the line of each row, `typed` parses its cells, `check` evaluates
the rules; `whole` does so for what a user names. Nothing is coerced before it is checked, and a
fault never raises.
"""

from diffdata.validation.check import CheckedTable, check_tables
from diffdata.validation.issue import Issue, explain
from diffdata.validation.whole import validate

__all__ = ["CheckedTable", "Issue", "check_tables", "explain", "validate"]
