"""Editing a dataset: files brought into one form, rows added where they belong.

`formatting` writes data files in one form; `cells` judges a single cell, `identifiers` makes keys,
`derivation` completes a row, `questions` says what must still be asked, `asking` asks it, and
`adding` tries a row and writes it.
"""

from diffdata.editing.adding import Added, add_row
from diffdata.editing.asking import ask, fill_in
from diffdata.editing.cells import pairs
from diffdata.editing.derivation import derive, table_named
from diffdata.editing.formatting import format_package, format_text
from diffdata.editing.opening import open_for_editing
from diffdata.editing.questions import Blank, Question, questions

__all__ = [
    "Added",
    "Blank",
    "Question",
    "add_row",
    "ask",
    "derive",
    "fill_in",
    "format_package",
    "format_text",
    "open_for_editing",
    "pairs",
    "questions",
    "table_named",
]
