"""diffdata: how AI capabilities spread, as data that people can trust, recompute and cite.

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
