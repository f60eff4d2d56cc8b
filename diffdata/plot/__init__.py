"""Charts of the dataset or of frames, one function a question, and the data behind each.

Each plot is called with the tables that its ``tables`` names and returns a chart of Altair (``pip
install 'diffdata[plot]'``). ``data`` takes the same, needs no Altair, and returns what is drawn as
a tidy frame, whose ``attrs`` have the title and the caption. ``of_dataset`` and ``data_of_dataset``
load the tables themselves.
"""

from diffdata.plot.figures import estimates, forecasts, ledger, techniques
from diffdata.plot.growth import (
    api_price,
    cost_per_flop,
    price_performance,
    training_compute,
    training_cost,
)
from diffdata.plot.output import FORMATS, write
from diffdata.plot.question import Plot
from diffdata.plot.spread import access, benchmark_lag, cascade, replication_lag, survival

# By their names on the command line, in the order of the documentation.
PLOTS: dict[str, Plot] = {
    plot.name: plot
    for plot in (
        training_compute, training_cost, cost_per_flop, price_performance, api_price,
        replication_lag, survival, benchmark_lag, access, cascade, techniques, estimates, ledger,
        forecasts,
    )
}  # fmt: skip

__all__ = [
    "FORMATS", "PLOTS", "Plot", "access", "api_price", "benchmark_lag", "cascade", "cost_per_flop",
    "estimates", "forecasts", "ledger", "price_performance", "replication_lag", "survival",
    "techniques", "training_compute", "training_cost", "write",
]  # fmt: skip
