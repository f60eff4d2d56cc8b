"""diffdata: how AI capabilities spread, as data that people can trust, recompute and cite.

Nothing heavy is imported until it is used: the names below are looked up on first access.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diffdata.ancestry import trace
    from diffdata.checking import CheckResult, RuleResult, check, check_files
    from diffdata.citation import cite
    from diffdata.derive import (
        cost_per_flop,
        gpt3_like,
        is_replication,
        lag_days,
        replication_lag,
    )
    from diffdata.editions import fetch, versions
    from diffdata.errors import (
        AmbiguousValueError,
        DescriptorError,
        DiffdataError,
        InvalidDataError,
        InvalidInputError,
        PackageError,
        UnknownNameError,
    )
    from diffdata.exporting import export
    from diffdata.finding import EvaluatedValue, estimates, value
    from diffdata.loader import describe, load, schema, tables
    from diffdata.origin import taken_from
    from diffdata.uncertainty import (
        Lognormal,
        LogUniform,
        Normal,
        Uniform,
        conflict,
        from_data,
        from_estimate,
        mean_of,
        pool,
        pool_estimates,
        three_numbers,
    )
    from diffdata.validation import Issue, explain, validate

_HOMES = {
    "ancestry": ("trace",),
    "checking": ("CheckResult", "RuleResult", "check", "check_files", "check_package"),
    "citation": ("cite",),
    "derive": ("cost_per_flop", "gpt3_like", "is_replication", "lag_days", "replication_lag"),
    "editions": ("fetch", "versions"),
    "errors": (
        "AmbiguousValueError",
        "DescriptorError",
        "DiffdataError",
        "InvalidDataError",
        "InvalidInputError",
        "PackageError",
        "UnknownNameError",
    ),
    "exporting": ("export",),
    "finding": ("EvaluatedValue", "estimates", "value"),
    "loader": ("describe", "load", "schema", "tables"),
    "origin": ("taken_from",),
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
    "validation": ("Issue", "explain", "validate"),
}
_SUBMODULES = ("derive", "diff", "typed", "uncertainty", "validation")
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AmbiguousValueError",
    "CheckResult",
    "DescriptorError",
    "DiffdataError",
    "EvaluatedValue",
    "InvalidDataError",
    "InvalidInputError",
    "Issue",
    "LogUniform",
    "Lognormal",
    "Normal",
    "PackageError",
    "RuleResult",
    "Uniform",
    "UnknownNameError",
    "check",
    "check_files",
    "check_package",
    "cite",
    "conflict",
    "cost_per_flop",
    "describe",
    "estimates",
    "explain",
    "export",
    "fetch",
    "from_data",
    "from_estimate",
    "gpt3_like",
    "is_replication",
    "lag_days",
    "load",
    "mean_of",
    "pool",
    "pool_estimates",
    "replication_lag",
    "schema",
    "tables",
    "taken_from",
    "three_numbers",
    "trace",
    "validate",
    "value",
    "versions",
]


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
