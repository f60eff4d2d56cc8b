"""Editing a dataset: `formatting` writes data files in one form."""

from diffdata.editing.formatting import format_package, format_text

__all__ = ["format_package", "format_text"]
