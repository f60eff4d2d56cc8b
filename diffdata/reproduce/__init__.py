"""The ledger: published figures, recomputed.

`formula` evaluates what a calculation says, `verdict` compares, `ledger` goes through the tables,
`layout` prints.
"""

from diffdata.reproduce.formula import evaluate_formula
from diffdata.reproduce.layout import count_verdicts, ledger_table, shown
from diffdata.reproduce.ledger import Reproduction, reproduce
from diffdata.reproduce.verdict import Figure, judge

__all__ = [
    "Figure",
    "Reproduction",
    "count_verdicts",
    "evaluate_formula",
    "judge",
    "ledger_table",
    "reproduce",
    "shown",
]
