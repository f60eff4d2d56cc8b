"""The libraries of the engines, each an extra."""

from __future__ import annotations

import importlib
from typing import Any

from diffdata.errors import InvalidInputError

# The extra that brings each library; those of pandas and pyarrow are always there.
_EXTRAS = {"polars": "polars", "duckdb": "duckdb", "pyspark": "spark"}


def engine_library(name: str) -> Any:
    """Import the library of an engine.

    Raises
    ------
    InvalidInputError
        If it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        extra = _EXTRAS.get(name, name)
        raise InvalidInputError(
            f"engine: this needs the library {name}; "
            f"install it with: pip install 'diffdata[{extra}]'"
        ) from None
