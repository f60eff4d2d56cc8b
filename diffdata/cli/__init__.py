"""The command line ``diffdata``; each command reads its options, calls the library, and prints.

Exit status: 0 for success, 1 if problems were found, 2 for wrong usage or unreadable input.
Nothing heavy is imported until a command needs it, so that help and completion are quick.
"""

from diffdata.cli.app import app, main

# Imported in the order of the groups in the help.
# isort: off
from diffdata.cli import reading, lags, plotting, publishing, importing

__all__ = ["app", "importing", "lags", "main", "plotting", "publishing", "reading"]
