"""Editing a dataset: files written in the standard form, and rows added at their place.

`opening` opens, locks and writes; `formatting` is the standard form of files; `identifiers` makes
keys; `rows` checks and completes a row; `questions` asks for what is missing; `adding` adds a row.
"""

from diffdata.editing.adding import add_row, pairs, table_named
from diffdata.editing.formatting import format_package
from diffdata.editing.opening import open_for_editing
from diffdata.editing.questions import fill_in

__all__ = ["add_row", "fill_in", "format_package", "open_for_editing", "pairs", "table_named"]
