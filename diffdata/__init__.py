"""diffdata: how AI capabilities spread, as data that people can trust, recompute and cite.

Where to start:

``value("GPT-3", "training_cost")``
    one value or fact with its interval and source; ``.estimates``, ``.trace()`` and ``.cite()``
``load("model_summary")``
    one row per model: developers, countries, dates, access, licence, values; ``tables()`` lists all
    tables, and ``describe(name)`` explains the columns of one
``report("GPT-3")``, ``report()``
    how a model spread, or the state of diffusion, on one screen
``estimates(model=..., quantity=...)``, ``resolve(names)``, ``trace(estimate_id)``
    all figures on something, what a name stands for, where a figure comes from
``replication_lag``, ``access_lag``, ``growth_rate``, ``training_costs``, ``deflate``
    lags, trends, costs, and money of other years, also from frames of your own
``from_estimate(row)``, ``Lognormal``, ``pool``
    uncertain quantities
``reproduce()``, ``diff(old, new)``, ``compare(file)``, ``validate(folder)``, ``cite()``
    published figures recomputed, versions and databases compared, data checked, citations

``derive``, ``uncertainty`` and ``validation`` are modules with more. The same verbs are commands:
``diffdata --help``. The guides are docs/guides/*.md of the repository: first-steps, gallery (of
questions, with the code that answers each), costs, deflation, own-lags (on data of your own),
uncertainty, comparing (databases), citing, contributing, other-tools (R, DuckDB, Polars, Spark,
Excel).

Every name is imported when it is first used, so that ``import diffdata`` imports nothing heavy. The
stub ``__init__.pyi``, which type checkers read too, says from where.
"""

from __future__ import annotations

import importlib
from typing import Any

# Each line of the stub is: from MODULE import NAME as NAME
with open(f"{__file__}i", encoding="utf-8") as _stub:
    _HOME = {line.split()[-1]: line.split()[1] for line in _stub if line.startswith("from ")}

_HOME["load"] = f"{__name__}.loading"  # ``typed`` has only its overloads, for type checkers

__all__ = sorted(name for name, home in _HOME.items() if home != __name__)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version(__name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name not in __all__:  # a module of diffdata itself
        return importlib.import_module(f"{__name__}.{name}")
    if _HOME[name] == f"{__name__}.{name}":  # a module that can be called
        return importlib.import_module(_HOME[name])
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*_HOME, "__version__"]
