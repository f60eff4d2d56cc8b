"""diffdata: how AI capabilities spread, as data that people can trust, recompute and cite.

Nothing heavy is imported until it is used: the names below are looked up on first access.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diffdata.derive import cost_per_flop, gpt3_like, is_replication, lag_days, replication_lag
    from diffdata.errors import (
        AmbiguousValueError,
        DescriptorError,
        DiffdataError,
        InvalidDataError,
        InvalidInputError,
        Issue,
        PackageError,
        UnknownNameError,
        explain,
    )
    from diffdata.exporting import cite, export
    from diffdata.loading.loader import describe, load, schema, tables
    from diffdata.lookup.finding import EvaluatedValue, estimates, value
    from diffdata.lookup.origin import taken_from
    from diffdata.lookup.trace import trace
    from diffdata.package.index import versions
    from diffdata.package.mirror import fetch
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
    from diffdata.validation.files import check_files
    from diffdata.validation.frames import check
    from diffdata.validation.result import CheckResult, RuleResult
    from diffdata.validation.whole import validate

_HOMES = {
    "derive": (
        "cost_per_flop",
        "gpt3_like",
        "is_replication",
        "lag_days",
        "replication_lag",
    ),
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
    "exporting": ("export",),
    "exporting.cite": ("cite",),
    "loading.loader": (
        "describe",
        "load",
        "schema",
        "tables",
    ),
    "lookup.finding": (
        "EvaluatedValue",
        "estimates",
        "value",
    ),
    "lookup.origin": ("taken_from",),
    "lookup.trace": ("trace",),
    "package.index": ("versions",),
    "package.mirror": ("fetch",),
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
    "validation.files": (
        "check_files",
        "check_package",
    ),
    "validation.frames": ("check",),
    "validation.result": (
        "CheckResult",
        "RuleResult",
    ),
    "validation.whole": ("validate",),
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
