"""Files of a plot: pictures, a page without network, the data behind it, and its specification."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pandas as pd

from diffdata.errors import InvalidInputError, PackageError, optional_library, suggestion
from diffdata.package.files import replacing, write_atomically
from diffdata.plot.question import Plot
from diffdata.plot.theme import caption_of
from diffdata.types.text import cell_text

FORMATS = ("svg", "png", "pdf", "html", "csv", "json")
_SCALE = 3  # of the pixels of a PNG
# Nothing is loaded; Vega compiles its expressions.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>
body {{ margin: 1rem; background: white; }}
#chart {{ display: block; max-width: 50rem; }}
#chart svg {{ width: 100%; height: auto; }}
</style>
<script>{library}</script>
</head>
<body>
<div id="chart" role="img" aria-label="{title}"></div>
<noscript>{title}. {caption} The chart needs JavaScript.</noscript>
<script>
const actions = {{"export": true, "source": false, "compiled": false, "editor": false}};
vegaEmbed("#chart", {chart}, {{"mode": "vega-lite", "renderer": "svg", actions}});
</script>
</body>
</html>
"""


def format_of(path: Path) -> str:
    """Return the format that the name of a file asks for.

    >>> format_of(Path("costs.PNG"))
    'png'
    """
    found = path.suffix.removeprefix(".").lower()
    if found not in FORMATS:
        listed = ", ".join(f".{name}" for name in FORMATS)
        hint = suggestion(found, FORMATS) if found else ""
        raise InvalidInputError(
            f"{path}: expected a name that ends in one of {listed}" + (f"; {hint}" if hint else "")
        )
    return found


def write(plot: Plot, data: pd.DataFrame, path: Path) -> None:
    """Write a plot, from its data, to a file of the format that its name asks for, atomically.

    ``csv`` has the data, ``json`` the specification of Vega-Lite with the data, and ``html`` a page
    that needs no network.
    """
    kind = format_of(path)
    try:
        if kind == "csv":
            text = data.map(cell_text).to_csv(index=False, lineterminator="\n")
            write_atomically(path, text)
            return
        chart = plot.chart(data)
        library = optional_library("vl_convert")
        if kind == "html":
            write_atomically(path, _page(chart, data, library.javascript_bundle()))
            return
        with replacing(path) as unfinished:
            options = {"scale_factor": _SCALE} if kind == "png" else {}
            chart.save(str(unfinished), format=kind, **options)
    except OSError as error:
        raise PackageError(f"{path}: cannot be written: {error.strerror or error}") from None


def _page(chart: Any, data: pd.DataFrame, library: str) -> str:
    """Return a page of HTML that needs no network; texts of the data are never markup in it."""
    return _PAGE.format(
        policy=_POLICY, title=html.escape(data.attrs["title"]), library=library,
        caption=html.escape(caption_of(data)),
        chart=json.dumps(chart.to_dict()).replace("<", "\\u003c"),
    )  # fmt: skip
