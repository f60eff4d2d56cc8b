"""The command line ``diffdata``; each command is thin and its work is done elsewhere.

Exit status: 0 when all is well, 1 when faults were found, 2 for wrong usage or unreadable input.
Nothing heavy is imported until a command needs it, so that help and completion are quick.
"""

from diffdata.cli import browsing, checking, editing, publishing, releasing
from diffdata.cli.app import app, main

__all__ = ["app", "browsing", "checking", "editing", "main", "publishing", "releasing"]
