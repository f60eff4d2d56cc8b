"""Validation: untrusted bytes in, issues out.

`text` reads a CSV file row by row and keeps the line of each, `typed` parses its cells, `check`
evaluates the rules. Nothing is coerced before it is checked, and a fault never raises.
"""

from diffdata.validation.check import CheckedTable, check_tables, validate
from diffdata.validation.issue import Issue, explain

__all__ = ["CheckedTable", "Issue", "check_tables", "explain", "validate"]
