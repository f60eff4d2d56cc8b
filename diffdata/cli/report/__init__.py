"""The main job: how a model spread, on one screen, computed from the tables.

`tables` holds the frames and remembers which sources were used, `sections` lays out facts, lags,
cases and costs, `ledger` shows which published figures do not come out, `doubts` lists what is not
certain.
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from diffdata.cli.report import sections
from diffdata.cli.report.doubts import doubts
from diffdata.cli.report.ledger import ledger
from diffdata.cli.report.tables import Tables
from diffdata.package.packages import Package

__all__ = ["report"]


def report(package: Package, model: str = "gpt-3") -> Group:
    """Compute the report on the diffusion of a model, ready to be printed by `rich`.

    Parameters
    ----------
    package
        The dataset.
    model
        A model_id.

    Raises
    ------
    UnknownNameError
        If there is no such model; the nearest ones are named.
    """
    tables = Tables.load(package, model)
    name = tables.name_of(model)
    contents: list[tuple[str, RenderableType | None]] = [
        ("Key facts", sections.key_facts(tables)),
        ("Who can get what", sections.releases(tables)),
        ("What flowed where", sections.flows(tables)),
        (f"From the publication of {name} until ...", sections.lags(tables)),
        (f"Models next to {name}", sections.cases(tables)),
        ("Cost per FLOP of the final training run", sections.costs(tables)),
        ("Published figures, recomputed (diffdata reproduce)", ledger(tables)),
        ("Inferred, disputed, corrected", doubts(tables)),
        ("Sources (diffdata show sources)", sections.sources(tables)),
    ]
    title = Text.assemble((f"The diffusion of {name}", "bold"), f"  diffdata {package.version}")
    parts: list[RenderableType] = [title]
    for heading, content in contents:
        if content is not None:
            parts += [Rule(Text(heading, style="bold"), align="left", characters="-"), content]
    return Group(*parts)
