"""Validation: untrusted bytes in, issues out.

`text` splits a CSV file and keeps the line of each row (`regular` the fast way, `records` the exact
one, `header` its first line, `shape` its faults); `typed` parses its cells (`columns`, `cells`,
`standard_types`); `check` evaluates the rules; `causes` and `dangling` tell faults with one cause
once; `hints` and `mends` say how to mend them. `foreign` reads packages of strangers, and `whole`
whatever a user names. Nothing is coerced before it is checked, and a fault never raises.
"""

from diffdata.validation.check import CheckedTable, check_tables
from diffdata.validation.issue import Issue, explain
from diffdata.validation.whole import validate

__all__ = ["CheckedTable", "Issue", "check_tables", "explain", "validate"]
