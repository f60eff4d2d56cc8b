"""The ledger: published figures, recomputed.

`formula` evaluates the formula of a calculation, `verdict` compares the result with the published
figure, and `ledger` does both for the calculations of a dataset.
"""

from diffdata.reproduce.ledger import Reproduction, by_source, count_verdicts, reproduce, shown

__all__ = ["Reproduction", "by_source", "count_verdicts", "reproduce", "shown"]
