"""A report: what it prints, and the page of HTML in which each figure leads to its source."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import pandas as pd
from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from diffdata.answers.layout import Reference, Section, key_of, on_screen, parts_of
from diffdata.display import Shown, template
from diffdata.errors import InvalidInputError, PackageError, UnknownNameError, optional_library
from diffdata.exporting.citation import cite_statements
from diffdata.loading import load_all
from diffdata.lookup.figures import statement_of
from diffdata.lookup.text import date, human, number_or_none, plain, rows_where, unit_of
from diffdata.package.files import write_atomically
from diffdata.package.packages import Package
from diffdata.plot import PLOTS, Plot
from diffdata.plot.theme import caption_of
from diffdata.schemas.standard import TableSchema
from diffdata.types.text import cell_text

# Nothing is loaded, sent or framed, and only the page's own script and style apply.
_POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; base-uri 'none'; "
    "form-action 'none'"
)
_NO_CHARTS = "The charts are left out: {reason}."
_STATE_PLOTS = ("training-compute", "survival", "benchmark-lag", "api-price", "price-performance")
_MODEL_PLOTS = ("replication-lag", "access", "cascade")
# The quantities whose estimates are drawn first, and how many are drawn.
_DRAWN_FIRST, _MOST_DRAWN = ("training_cost", "training_compute", "parameters"), 6
_ROUNDED = 1.005  # figures that differ by less are one figure
_SVG = "{http://www.w3.org/2000/svg}"
# What a drawing may consist of.
_ELEMENTS = {"svg", "g", "path", "rect", "line", "circle", "text", "tspan", "defs", "clipPath"}
_ATTRIBUTES = {
    "clip-path", "d", "dx", "dy", "fill", "fill-opacity", "font-family", "font-size",
    "font-weight", "height", "id", "opacity", "stroke", "stroke-dasharray", "stroke-linejoin",
    "stroke-opacity", "stroke-width", "text-anchor", "transform", "viewBox", "width", "x", "x1",
    "x2", "y", "y1", "y2", "r", "cx", "cy",
}  # fmt: skip


@dataclass(frozen=True)
class Listing:
    """A row of the dataset as a page lists it: what it states, and where that comes from."""

    table: str
    key: str
    anchor: str
    says: str
    as_printed: str = ""
    source_id: str = ""
    quoted_in: str = ""
    locator: str = ""
    verification: str = ""
    verdict: str = ""
    status: str = ""
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawing, its title in words, and the command that draws it."""

    title: str
    svg: str
    command: str


@dataclass(frozen=True, repr=False)
class Report(Shown):
    """A report: a title and sections, which print one below the other.

    ``sections`` has what is printed by the headings; `to_html` returns a page with everything that
    is known, and `write_html` writes it.

    Attributes
    ----------
    parts : the sections with their cited texts, more than what is printed
    package, frames : the dataset, and tables of it that were read for the report
    model : the model that it is about, None for the state of diffusion
    verdicts : of figures that were recomputed for the report, each with the id of the estimate
    full : whether everything is printed, not only what fits on a screen
    """

    title: str
    parts: Sequence[Section]
    package: Package
    frames: Mapping[str, pd.DataFrame]
    model: str | None = None
    verdicts: Sequence[tuple[str, str]] = ()
    full: bool = False

    @property
    def sections(self) -> dict[str, RenderableType]:
        """The printed sections by their headings."""
        printed = (part for part in self.parts if part.on != "page")
        laid_out = (on_screen(part, full=self.full) for part in printed)
        return {heading: content for heading, content in laid_out if content}

    def __rich__(self) -> Group:
        """Return the layout."""
        parts: list[RenderableType] = [Text(self.title, style="bold")]
        for heading, content in self.sections.items():
            rule = Rule(Text(heading, style="bold"), align="left", characters="-")
            parts += [rule, content]
        return Group(*parts)

    def to_html(self) -> str:
        """Return all of the report as one page of HTML, which loads nothing.

        Each figure leads to its row in the page: the source, the place there, the printed words,
        how it was checked, and the verdict of the ledger. Charts need the extra ``plot``; without
        it the page says so.

        >>> from diffdata import report
        >>> page = report("yalm-100b", version="2026.1").to_html()
        >>> page.startswith("<!doctype html>"), "Content-Security-Policy" in page
        (True, True)
        """
        return _page(self)

    def write_html(self, path: str | os.PathLike[str]) -> None:
        """Write the page of `to_html` to a file; PackageError if it cannot be written."""
        text = self.to_html()
        try:
            write_atomically(Path(path), text)
        except OSError as error:
            reason = error.strerror or error
            raise PackageError(f"{os.fspath(path)}: cannot be written: {reason}") from None


def _page(report: Report) -> str:
    listings = _listings(report)
    named = [name for row in listings for name in (row.source_id, row.quoted_in)]
    sources = [*_sources(report, dict.fromkeys(filter(None, named)))]
    anchors = {(row.table, row.key): row.anchor for row in listings}
    style, script = (Path(__file__).with_name("templates") / name for name in
                     ("report.css", "report.js"))  # fmt: skip
    inline = {"style": style.read_text("utf-8"), "script": script.read_text("utf-8")}
    charts, no_charts = _charts(report)
    about, _, version = report.title.partition("  ")
    page = template(__file__, "report.html.j2", autoescape=True)
    return page.render(
        title=about, version=version, **inline, charts=charts, no_charts=no_charts,
        policy=_POLICY.format(**{name: _hash(text) for name, text in inline.items()}),
        sections=[part for part in report.parts if part.on != "screen" and len(part.rows) > (
            part.kind == "table")],
        listings=listings, sources=sources,
        linked=lambda text: _linked(text, anchors), plain=plain,
        source_anchors={source["id"]: source["anchor"] for source in sources},
        apa=cite_statements(report.package, about, []),
        bibtex=cite_statements(report.package, about, [], style="bibtex"),
    )  # fmt: skip


def _hash(text: str) -> str:
    """Return the hash by which a policy allows an inline script or style."""
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def _anchor(table: str, key: str) -> str:
    """Return an id that is the same in an address."""
    return quote(f"{table}/{key}")


def _linked(
    text: str, anchors: Mapping[Reference, str]
) -> Iterator[tuple[str, list[str]]]:  # fmt: skip
    """Yield the parts of a text, each with the anchors of its rows."""
    for words, rows in parts_of(text):
        yield words, [anchors[row] for row in rows if row in anchors] if words else []


def _listings(report: Report) -> list[Listing]:
    """Return the rows that the sections refer to, and all estimates of the model, by table."""
    wanted: dict[str, dict[str, None]] = {"estimates": {}}
    for part in report.parts:
        for row in part.rows:
            for cell in (row,) if isinstance(row, str) else row:
                for _, references in parts_of(cell):
                    for table, key in references:
                        wanted.setdefault(table, {})[key] = None
    frames = dict(report.frames)
    frames |= load_all(report.package, [name for name in wanted if name not in frames])
    estimates = frames["estimates"]
    if report.model:
        own = rows_where(estimates, model_id=report.model)["estimate_id"]
        wanted["estimates"] |= dict.fromkeys(own)
    replaced = estimates.set_index("estimate_id")["superseded_by_estimate_id"].dropna()
    for key in list(wanted["estimates"]):
        if key in replaced.index:
            wanted["estimates"][str(replaced[key])] = None
    calculations = frames["calculations"]
    recomputed = {estimate for estimate, _ in report.verdicts}
    recorded = zip(calculations["estimate_id"], map(plain, calculations["verdict"]), strict=True)
    verdicts: dict[str, dict[str, None]] = {}
    others = ((estimate, verdict) for estimate, verdict in recorded if estimate not in recomputed)
    for estimate, verdict in [*report.verdicts, *others]:
        verdicts.setdefault(estimate, {})[verdict] = None
    found = []
    for table, keys in wanted.items():
        schema = report.package.schema(table)
        records = frames[table].to_dict("records")
        rows = {key_of(record, schema.primary_key): record for record in records}
        for key in keys:
            if row := rows.get(key):
                words = "; ".join(verdicts.get(key, ())) if table == "estimates" else ""
                found.append(listing_of(table, key, row, schema, words))
    return found


def listing_of(
    table: str, key: str, row: Mapping[Any, Any], schema: TableSchema, verdict: str = ""
) -> Listing:
    """Return how a row is listed; cells that are missing may also be left out."""
    return Listing(
        table, key, _anchor(table, key),
        figure_of(row) if table == "estimates" else _statement(row, table, schema),
        verdict=verdict, status=_status(row), quoted_in=_text(row, "quoted_in_source_id"),
        **{name: _text(row, name) for name in
           ("as_printed", "source_id", "locator", "verification", "note")},
    )  # fmt: skip


def _statement(row: Mapping[Any, Any], table: str, schema: TableSchema) -> str:
    """Write what a row states, also the cells of a key that has several."""
    key = [name for name in schema.primary_key if name != "source_id"]
    cells = [f"{name}: {cell_text(row.get(name))}" for name in key] if len(key) > 1 else []
    return "; ".join(filter(None, [*cells, statement_of(row, table, schema)]))


def _text(row: Mapping[Any, Any], name: str) -> str:
    cell = row.get(name)
    return "" if cell is None or pd.isna(cell) else str(cell)


def figure_of(row: Mapping[Any, Any]) -> str:
    """Write the quantity, the subject and the figure of an estimate."""
    subject = next(
        (_text(row, name) for name in row if str(name).endswith("_id")
         and name not in ("estimate_id", "quantity_id") and _text(row, name)), ""
    )  # fmt: skip
    return f"{plain(row['quantity_id'])} of {subject}: {amount_of(row)}"


def amount_of(row: Mapping[Any, Any]) -> str:
    """Write the figure of an estimate, with its bounds, its level and the year of its prices."""
    currency = _text(row, "currency") or "USD"
    unit = unit_of(str(row["unit"]), currency)
    value, low, high = (number_or_none(row.get(name)) for name in ("value", "low", "high"))
    text = "" if value is None else human(value, unit)
    if low is not None or high is not None:
        ends = [None if end is None else human(end, unit, bare=value is not None)
                for end in (low, high)]  # fmt: skip
        bounds = " to ".join(filter(None, ends))
        if None in ends:
            bounds = ("at most " if low is None else "at least ") + bounds
        level = number_or_none(row.get("level"))
        bounds += f", {100 * level:g} %" if level is not None else ""
        text = f"{text} ({bounds})" if text else bounds
    year = number_or_none(row.get("price_year"))
    return text + (f", in prices of {year:.0f}" if year is not None else "")


def _status(row: Mapping[Any, Any]) -> str:
    status = _text(row, "status")
    by = next((_text(row, name) for name in row if str(name).startswith("superseded_by_")), "")
    return f"{status} by {by}" if by else "" if status == "current" else status


def _sources(report: Report, names: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield sources with their addresses, which are only those of the web."""
    rows = report.frames["sources"].set_index("source_id", drop=False)
    for name in sorted(set(names) & set(rows.index)):
        row = rows.loc[name].to_dict()
        doi, url = _text(row, "doi"), _text(row, "url")
        address = url or (f"https://doi.org/{quote(doi)}" if doi else "")
        web = urlsplit(address).scheme in ("http", "https") if address else False
        yield {
            "id": name, "anchor": _anchor("sources", name), "title": _text(row, "title"),
            "authors": _text(row, "authors") or _text(row, "publisher"),
            "published": date(row["published"], row["published_precision"]),
            "address": address, "web": web,
        }  # fmt: skip


def _charts(report: Report) -> tuple[list[Chart], str]:
    """Draw what there is to draw, or say why there are no charts."""
    try:
        optional_library("altair")
        optional_library("vl_convert")
    except InvalidInputError as error:
        return [], _NO_CHARTS.format(reason=error)
    wanted: list[tuple[str, dict[str, Any]]]
    if report.model is None:
        wanted = [(name, {}) for name in _STATE_PLOTS]
    else:
        wanted = [
            *(("estimates", {"model": report.model, "quantity": name})
              for name in _disputable(report)),
            *((name, {"model": report.model}) for name in _MODEL_PLOTS),
        ]  # fmt: skip
    charts: list[Chart] = []
    for name, options in wanted:
        plot = PLOTS[name]
        try:
            data = plot.data_of_dataset(package=report.package, **options)
            _, svg = drawn(plot, data, f"chart-{len(charts)}-")
        except (InvalidInputError, UnknownNameError):
            continue  # nothing to draw of this model
        given = "".join(f" --{key} {value}" for key, value in options.items())
        command = f"diffdata plot {name}{given} --out {name}.svg"
        charts.append(Chart(data.attrs["title"], svg, command))
    return charts, "" if charts else "There is nothing to draw."


def _disputable(report: Report) -> list[str]:
    """Return the quantities of the model whose estimates are compared, the main ones first."""
    rows = rows_where(report.frames["estimates"], model_id=report.model, status="current")
    values = rows.dropna(subset="value").groupby("quantity_id")["value"].agg(["size", "min", "max"])
    apart = values["max"] > _ROUNDED * values["min"]
    differ, agree = values[apart], values[~apart]
    rank = {name: place for place, name in enumerate(_DRAWN_FIRST)}
    ordered = sorted(differ.index, key=lambda name: (rank.get(name, len(rank)), name))
    # Where nobody disagrees, a main quantity that several sources state is worth a look.
    alike = [name for name in _DRAWN_FIRST if name in agree[agree["size"] > 1].index]
    return ordered[:_MOST_DRAWN] or alike


def drawn(plot: Plot, data: pd.DataFrame, prefix: str) -> tuple[str, str]:
    """Draw a plot from its data: as a file of SVG, and for a page, where ids begin with `prefix`.

    Raises InvalidInputError if there is nothing to draw, or the library is missing.
    """
    svg = optional_library("vl_convert").vegalite_to_svg(plot.chart(data).to_dict())
    texts = [data.attrs["title"], data.attrs.get("subtitle", ""), caption_of(data)]
    return svg, _drawing(svg, prefix, ". ".join(texts))


def _drawing(svg: str, prefix: str, title: str) -> str:
    """Return an SVG that only draws: no script, style, link or foreign element, own ids.

    >>> _drawing('<svg xmlns="http://www.w3.org/2000/svg" onload="f()"><script/></svg>', "a-", "<")
    '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="&lt;" />'
    """
    ElementTree.register_namespace("", _SVG[1:-1])
    root = ElementTree.fromstring(svg)
    for element in list(root.iter()):
        for child in list(element):
            tag = str(child.tag).removeprefix(_SVG)
            if tag not in _ELEMENTS or child.get("display") == "none":
                element.remove(child)
        for name, value in list(element.attrib.items()):
            if name not in _ATTRIBUTES or ("url(" in value and not value.startswith("url(#")):
                del element.attrib[name]
                continue
            value = re.sub(r"(\.\d\d)\d+", r"\1", value)
            value = prefix + value if name == "id" else value.replace("url(#", f"url(#{prefix}")
            element.set(name, value)
    root.set("role", "img")
    root.set("aria-label", title)
    return ElementTree.tostring(root, encoding="unicode")
