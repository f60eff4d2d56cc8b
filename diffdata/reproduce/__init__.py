"""The ledger: every published figure that can be recomputed, compared with its recomputation.

One rule gives each verdict. A figure *agrees* if its recomputation, rounded to the last digit that
is printed, is the print. It *agrees within rounding* if some figures that round to the printed
inputs give one that rounds to the print. It *differs* otherwise, with the factor between the two.

- Zeros that are printed are digits: "1000" is printed to the unit, "1 thousand" to the thousand. A
  figure halfway between two may round either way.
- Each input moves by half of its last digit at most. The effect of each is computed by itself, and
  the effects in one direction are added up. What an author chose (a bound of a judgement, a count,
  a convention) is exact: `calculation_inputs` marks it.
- Of an interval both bounds count, of a limit or a range only whether the figure keeps it. A limit
  is not rounded: 6.24 is "6", and more than "up to 6". Where the source says which statistic its
  central values are (table `source_statistics`), that one is compared; otherwise the median and the
  mean. The worst part is the verdict, and the parts are listed where their verdicts are not the
  same.
- An identity, which holds whatever its inputs are worth, such as 1 - 0.4 or 6 x 6, is not counted.
- Some figures are recomputed from whole tables of the dataset: a formula names the rows, such as
  `rows("model_summary", "training_compute_flop>=1e25", "published<=2025-01-30")`. What follows a
  table are conditions that all hold, as in `diffdata show model_summary --where ...`; the formula
  is in the table `calculations`. The rows of a table are taken as they are, without rounding.

Examples
--------
>>> import diffdata
>>> print(diffdata.reproduce(only=["opt-175b-cost-ratio"], version="2026.2"))
cottier-2022-summary
  Training OPT-175B roughly seven times cheaper [opt-175b-cost-ratio]
    published 7, recomputed 7.06: agrees
<BLANKLINE>
Of 1 published figures 1 agree with their recomputation, 0 agree within
rounding, 0 differ, and 0 cannot be recomputed.
"""

from diffdata.display import callable_module
from diffdata.reproduce.formulas import FUNCTIONS, evaluate_formula
from diffdata.reproduce.ledger import (
    Ledger,
    Reproduction,
    by_source,
    count_verdicts,
    ledger_tables,
    recomputed,
    reproduce,
    shown,
    verdict_counts,
    verdict_text,
)
from diffdata.reproduce.verdicts import VERDICTS, Figure, Part, judge, judge_number

__all__ = [
    "FUNCTIONS", "VERDICTS", "Figure", "Ledger", "Part", "Reproduction", "by_source",
    "count_verdicts", "evaluate_formula", "judge", "judge_number", "ledger_tables", "recomputed",
    "reproduce", "shown", "verdict_counts", "verdict_text",
]  # fmt: skip

callable_module(__name__, reproduce)
