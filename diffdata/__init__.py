"""diffdata: how AI capabilities spread, as data that people can trust, recompute and cite.

Every name below is imported when it is first used, so that ``import diffdata`` imports nothing
heavy. Type checkers read ``__init__.pyi``.
"""

from __future__ import annotations

import importlib
from typing import Any

# The public names, by the module that defines them.
_HOMES = {
    "derive": ("cost_per_flop", "gpt3_like", "is_replication", "lag_days", "replication_lag"),
    "errors": (
        "AmbiguousValueError",
        "DescriptorError",
        "DiffdataError",
        "InvalidDataError",
        "InvalidInputError",
        "Issue",
        "PackageError",
        "UnknownNameError",
        "explain",
    ),
    "exporting": ("cite", "export"),
    "loading": ("describe", "load", "schema", "tables"),
    "lookup.estimates": ("EvaluatedValue", "estimates", "value"),
    "lookup.sources": ("taken_from",),
    "lookup.trace": ("trace",),
    "package.editions": ("fetch", "versions"),
    "uncertainty": (
        "LogUniform",
        "Lognormal",
        "Normal",
        "Uniform",
        "conflict",
        "from_data",
        "from_estimate",
        "mean_of",
        "pool",
        "pool_estimates",
        "three_numbers",
    ),
    "validation.files": ("check_files", "check_package"),
    "validation.frames": ("check",),
    "validation.result": ("CheckResult", "RuleResult"),
    "validation.packages": ("validate",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
_SUBMODULES = ("derive", "diff", "typed", "uncertainty", "validation")

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("diffdata")
    if name in _SUBMODULES:
        return importlib.import_module(f"diffdata.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'diffdata' has no attribute {name!r}")
    return getattr(importlib.import_module(f"diffdata.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, *_SUBMODULES, "__version__"]
