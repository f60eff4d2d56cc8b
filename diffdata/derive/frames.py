"""What the derivations share: from a user's frame to a Narwhals frame and back."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar, cast

import narwhals as nw

Frame: TypeAlias = nw.DataFrame[Any]
Native = TypeVar("Native")


def eager(frame: Any) -> Frame:
    """Wrap a frame that is held in memory (a lazy one is refused by Narwhals)."""
    return nw.from_native(frame, eager_only=True)


def wrap(frame: Any) -> Any:
    """Wrap a frame, lazy or not."""
    return nw.from_native(frame)


def unwrap(frame: Any, like: Native) -> Native:  # noqa: ARG001 (tells the type, no more)
    """Return the frame of the user's library, the same as that of `like`."""
    return cast("Native", frame.to_native())


def nullable(frame: Any, *columns: str) -> Any:
    """Let whole numbers and booleans with missing values be what they are.

    Classic pandas columns turn them into floats and objects; lazy frames are returned as they are.
    """
    if not isinstance(frame, nw.DataFrame):
        return frame
    return frame.with_columns(*(nw.maybe_convert_dtypes(frame[name]) for name in columns))
