"""The ledger: published figures, recomputed.

`formula` evaluates what a calculation says, `verdict` compares, `ledger` goes through the tables,
`layout` prints.
"""

from diffdata.reproduce.formula import evaluate_formula
from diffdata.reproduce.layout import by_source, count_verdicts, ledger_table, shown
from diffdata.reproduce.ledger import Reproduction, recompute, reproduce
from diffdata.reproduce.verdict import Figure, judge

__all__ = [
    "Figure",
    "Reproduction",
    "by_source",
    "count_verdicts",
    "evaluate_formula",
    "judge",
    "ledger_table",
    "recompute",
    "reproduce",
    "shown",
]
