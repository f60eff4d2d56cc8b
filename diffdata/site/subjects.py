"""The pages of models, chips, organizations, benchmarks, quantities and sources."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from diffdata.answers.layout import Cited, Reference, Section, joined
from diffdata.answers.page import Listing, amount_of
from diffdata.exporting.citation import cite_statements
from diffdata.lookup.figures import reading_order
from diffdata.lookup.text import ACCESS_LABELS, date, human, plain, unit_of
from diffdata.site.facts import KINDS, Facts, Record, anchor, page_of, quote_path
from diffdata.site.layout import page
from diffdata.types.text import cell_text

_ROUNDED = 1.005  # figures that differ by less are one figure
_MOST_SHOWN = 200  # rows of others in a table on a page
_KEY_FIGURES = {
    "parameters": "Parameters", "training_tokens": "Training tokens",
    "training_compute_flop": "Training compute", "training_cost_usd": "Cost of the final run",
    "development_cost_usd": "Cost of development", "core_team_people": "Core team",
}  # fmt: skip
_HISTORY = (
    "name", "developers", "published", "developed", "weights_access", "weights_license",
    "gpt3_like", *_KEY_FIGURES,
)  # fmt: skip
_MILESTONES = {"api": "API"}
_METHODS = {"single": "one estimate", "six_nd": "6 x parameters x tokens"}
# Columns of the rows of the file of a page.
_COLUMNS = (
    "table", "key", "model_id", "quantity_id", "value", "low", "high", "level", "unit", "currency",
    "price_year", "says", "as_printed", "source_id", "quoted_in", "locator", "verification",
    "status", "verdict", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """Where a figure and its bounds lie on a line from 0 to 100."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Figure:
    """An estimate beside the others of its quantity."""

    listing: Listing
    amount: str
    bar: Bar | None
    role: str  # whether the evaluated value uses it
    used: bool


@dataclass(frozen=True)
class Figures:
    """All estimates of a quantity of a subject, on one scale, below the evaluated value."""

    heading: str
    id: str
    definition: str
    evaluated: str
    method: str
    bar: Bar | None
    ends: tuple[str, str] | None  # of the scale
    logarithmic: bool
    rows: Sequence[Figure]
    kind: str = "figures"


@dataclass(frozen=True)
class Listings:
    """Rows as they are listed: what they state, and where that comes from."""

    heading: str
    rows: Sequence[Listing]
    more: int = 0
    note: str = ""
    kind: str = "listings"


Block = Section | Figures | Listings


@dataclass
class Subject:
    """What a page is about: its name, its facts, and blocks of more."""

    table: str
    id: str
    name: str
    badges: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    text: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    address: str = ""  # of a source, in the web
    case: str = ""  # the path of the page of its case
    rows: list[tuple[str, str, Record]] = field(default_factory=list)  # of its files
    summary: Record = field(default_factory=dict)


def subject_pages(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield path and text of the page and the files of each subject, and of the lists of them."""
    for table, make in _MAKERS.items():
        subjects = [make(facts, row) for row in facts.records(table)]
        for subject in subjects:
            path = page_of(table, subject.id)
            yield path, _page(facts, subject, path)
            folder = path.removesuffix("index.html")
            listings = [facts.listing(*row) for row in subject.rows]
            yield f"{folder}data.csv", _csv(subject.rows, listings)
            yield f"{folder}data.json", _json(facts, subject)
        yield _index(facts, table, subjects)


def _page(facts: Facts, subject: Subject, path: str) -> str:
    root = "../" * path.count("/")
    title = f"{subject.name} ({_SINGULAR[subject.table]})"
    described = {
        "@context": "https://schema.org/", "@type": "Dataset",
        "name": f"{subject.name}, in diffdata",
        "description": f"{title}: what the rows of diffdata state, each with its source.",
        "version": facts.package.version, "isAccessibleForFree": True,
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "isPartOf": {"@type": "Dataset", "name": "diffdata"},
        "distribution": [
            {"@type": "DataDownload", "encodingFormat": kind, "contentUrl": f"data.{suffix}"}
            for kind, suffix in (("text/csv", "csv"), ("application/json", "json"))
        ],
    }  # fmt: skip
    return page(
        "subject.html.j2", path, title=subject.name, edition=facts.edition, subject=subject,
        description=described["description"], kind=_SINGULAR[subject.table], plain=plain,
        folder=KINDS[subject.table][1], plural=_PLURAL[subject.table],
        linked=lambda text: facts.linked(text, root), anchor=anchor,
        source=lambda name: root + quote_path(page_of("sources", name)),
        verdict_of=lambda row: _ledger_links(facts, row, root), metadata=described,
        apa=cite_statements(facts.package, f"{_SINGULAR[subject.table]} {subject.name}", []),
        bibtex=cite_statements(
            facts.package, f"{_SINGULAR[subject.table]} {subject.name}", [], style="bibtex"
        ),
    )  # fmt: skip


def _ledger_links(facts: Facts, row: Listing, root: str) -> list[tuple[str, str]]:
    if row.table != "estimates":
        return []
    found = (one["calculation_id"] for one in facts.where("calculations", "estimate_id", row.key))
    results = (facts.ledger[name] for name in found if name in facts.ledger)
    return [
        (root + quote_path(page_of("calculations", one.id)), plain(one.verdict)) for one in results
    ]


def _csv(rows: Iterable[tuple[str, str, Record]], listings: Iterable[Listing]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for (_, _, row), listing in zip(rows, listings, strict=True):
        cells = {name: cell_text(row.get(name)) for name in _COLUMNS[2:11]}
        cells |= {name: getattr(listing, name) for name in (*_COLUMNS[:2], *_COLUMNS[11:])}
        writer.writerow(cells)
    return out.getvalue()


def _json(facts: Facts, subject: Subject) -> str:
    """Write the rows of a page as JSON, with a line for each row."""
    rows: dict[str, list[Record]] = {}
    for table, _, row in subject.rows:
        rows.setdefault(table, []).append(row)
    content = {
        "id": subject.id, "kind": _SINGULAR[subject.table], "name": subject.name,
        "version": facts.package.version, "summary": subject.summary, "rows": {},
    }  # fmt: skip
    tables = (
        json.dumps(table) + ": [\n" + ",\n".join(map(_line, found)) + "\n]"
        for table, found in rows.items()
    )
    return _line(content)[:-2] + "\n" + ",\n".join(tables) + "\n}}\n"


def _line(content: Record) -> str:
    return json.dumps(content, ensure_ascii=False, default=cell_text)


# What is shared by all kinds.


def _subject(facts: Facts, table: str, row: Record, **given: Any) -> Subject:
    key = str(row[KINDS[table][0]])
    subject = Subject(table, key, str(row.get("name") or row.get("title") or key), **given)
    subject.rows = [(table, key, row), *facts.listed.get(page_of(table, key), ())]
    subject.summary = subject.summary or row
    column = KINDS[table][0]
    if table in ("models", "hardware", "organizations"):
        names = (one["alias"] for one in facts.where("aliases", column, key))
        subject.aliases = sorted(set(names) - {subject.name, key})
    return subject


def _listings(facts: Facts, subject: Subject, leave_out: Iterable[str] = ()) -> Iterator[Block]:
    """Yield the rows that the page lists, by table."""
    tables: dict[str, list[Listing]] = {}
    for table, key, row in subject.rows[:1201]:
        if table not in leave_out:
            tables.setdefault(table, []).append(facts.listing(table, key, row))
    for table, rows in tables.items():
        title = facts.schema(table).title or plain(table).capitalize()
        yield Listings(title if table != subject.table else "The entry itself", rows)


def _cited(facts: Facts, text: str, table: str, row: Record) -> Cited:
    return Cited((text, [(table, facts.key(table, row))]))


def _day(row: Record, column: str) -> str:
    return date(row.get(column), row.get(f"{column}_precision", "day")) if column in row else ""


def _linked_name(facts: Facts, table: str, key: Any) -> Cited:
    return Cited((facts.name(table, key), [(table, str(key))]))


def _stated(facts: Facts, table: str, row: Record, *leave_out: str) -> Iterator[tuple[str, str]]:
    """Yield the cells of a row with their labels: ids as links, numbers with their units."""
    schema = facts.schema(table)
    targets = {
        key.fields[0]: key.reference.resource or table
        for key in schema.foreign_keys
        if len(key.fields) == 1
    }
    for column in schema.column_names:
        cell = row.get(column)
        if cell is None or column in leave_out or column.endswith("_precision"):
            continue
        label = plain(column.removesuffix("_id")).capitalize()
        unit = schema.field(column).unit or ""
        if targets.get(column) in KINDS:
            yield label, _linked_name(facts, targets[column], cell)
        elif f"{column}_precision" in row:
            yield label, _day(row, column)
        elif isinstance(cell, bool):
            yield label, "yes" if cell else "no"
        elif isinstance(cell, float | int) and not unit.startswith("column:"):
            yield label, human(cell, unit)
        else:
            yield label, plain(cell) if schema.field(column).constraints.enum else cell_text(cell)


def _web(row: Record) -> str:
    """Return the address of a source, only of the web."""
    doi = row.get("doi")
    address = str(row.get("url") or (f"https://doi.org/{quote(str(doi))}" if doi else ""))
    return address if urlsplit(address).scheme in ("http", "https") else ""


# Figures side by side.


def _figures(
    facts: Facts, subject: Subject, rows: Sequence[Record], quantity: str, headed: str = ""
) -> Figures:
    described = facts.row("quantities", quantity)
    inputs = {
        one["estimate_id"]: one
        for one in facts.where("model_summary_inputs", KINDS[subject.table][0], subject.id)
    }
    column = described.get("summary_column")
    value, low, high = (subject.summary.get(f"{column}{end}") for end in ("", "_low", "_high"))
    evaluated, method = "", ""
    if column and value is not None:
        unit = facts.schema("model_summary").field(column).unit or "1"
        evaluated = _amount(subject.summary, column, unit)
        found = str(subject.summary.get(f"{column}_method"))
        method = _METHODS.get(found, plain(found))
    order = {"current": 0}
    rows = sorted(
        rows,
        key=lambda row: (
            order.get(row["status"], 1), row.get("value", row.get("low", row.get("high", 0.0))),
            row["estimate_id"],
        ),
    )  # fmt: skip
    triples = [tuple(row.get(end) for end in ("value", "low", "high")) for row in rows]
    scale = _Scale([*triples, (value, low, high)])
    listed = []
    for row, triple in zip(rows, triples, strict=True):
        use = inputs.get(row["estimate_id"], {})
        role = ""
        if use:
            role = "used" if use["used"] else f"set aside: {plain(use.get('set_aside_because'))}"
        listed.append(Figure(
            facts.listing("estimates", row["estimate_id"], row), amount_of(row), scale.bar(triple),
            role, bool(use.get("used")),
        ))  # fmt: skip
    unit = unit_of(str(rows[0]["unit"]), str(rows[0].get("currency") or "USD"))
    ends = (human(scale.first, unit), human(scale.last, unit)) if scale.drawn else None
    title = headed or str(described.get("title") or plain(quantity))
    return Figures(
        title, f"{quantity}", str(described.get("definition", "")), evaluated, method,
        scale.bar((value, low, high)), ends, scale.logarithmic, listed,
    )  # fmt: skip


class _Scale:
    """A line from 0 to 100 for some figures with bounds; logarithmic if they are far apart."""

    def __init__(self, triples: Iterable[Sequence[float | None]]) -> None:
        numbers = [
            float(x) for triple in triples for x in triple if x is not None and math.isfinite(x)
        ]
        self.first, self.last = (min(numbers), max(numbers)) if numbers else (0.0, 0.0)
        self.drawn = self.last > self.first
        self.logarithmic = self.first > 0 and self.last >= 3 * self.first

    def bar(self, triple: Sequence[float | None]) -> Bar | None:
        """Return where a figure and its bounds lie, None if there is nothing to compare."""
        value, low, high = map(self._place, triple)
        return Bar(value, low, high) if self.drawn and (value, low, high) != (None,) * 3 else None

    def _place(self, number: float | None) -> float | None:
        if number is None or not self.drawn or not math.isfinite(number):
            return None
        first, last = self.first, self.last
        if self.logarithmic:
            first, last, number = math.log(first), math.log(last), math.log(number)
        return round(4 + 92 * (number - first) / (last - first), 1)


def _amount(summary: Record, column: str, unit: str) -> str:
    """Write an evaluated value with its interval."""
    ends = ("value", "low", "high", "level")
    row = {end: summary.get(f"{column}_{end}".removesuffix("_value")) for end in ends}
    row["unit"] = unit
    return amount_of({name: cell for name, cell in row.items() if cell is not None})


def _by(rows: Iterable[Record], column: str) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for row in rows:
        found.setdefault(str(row.get(column)), []).append(row)
    return found


# Models.


def _model(facts: Facts, row: Record) -> Subject:
    model = row["model_id"]
    summary = facts.row("model_summary", model)
    subject = _subject(facts, "models", row, summary=summary)
    subject.badges = ["reviewed" if summary.get("reviewed") else "imported, not reviewed"]
    subject.case = case_page(model) if model in cases_of(facts) else ""
    subject.facts = [*_model_facts(facts, row, summary)]
    estimates = _by(facts.where("estimates", "model_id", model), "quantity_id")
    rank = {name: place for place, name in enumerate(
        ("training_cost", "development_cost", "training_compute", "parameters", "training_tokens")
    )}  # fmt: skip
    subject.blocks = [
        _figures(facts, subject, estimates[name], name)
        for name in sorted(estimates, key=lambda name: (rank.get(name, 9), name))
    ]
    subject.blocks += [
        *_ancestry(facts, model, row), *_scores(facts, model), *_dependents(facts, subject),
        *_history(facts, model, summary), *_listings(facts, subject, {"estimates"}),
    ]  # fmt: skip
    return subject


def cases_of(facts: Facts) -> list[str]:
    """Return the models with which sources compare others, those with most rows first."""
    found = {row["reference_model_id"]: None for row in facts.records("comparisons")}
    rows = {name: len(facts.where("comparisons", "reference_model_id", name)) for name in found}
    return sorted(found, key=lambda name: (-rows[name], name))


def case_page(model: str) -> str:
    """Return the path of the page of a case."""
    return f"cases/{quote(model, safe='')}/index.html"


def _model_facts(facts: Facts, row: Record, summary: Record) -> Iterator[tuple[str, str]]:
    model = row["model_id"]
    makers = _by(facts.where("model_developers", "model_id", model), "role")
    for role, rows in makers.items():
        names = []
        for one in rows:
            maker = facts.row("organizations", one["organization_id"])
            country = f" ({maker['country']})" if "country" in maker else ""
            names.append(Cited(
                (facts.name("organizations", one["organization_id"]),
                 [("organizations", one["organization_id"])]),
                (country, [("model_developers", facts.key("model_developers", one))]),
            ))  # fmt: skip
        yield plain(role).capitalize(), joined(*names, by=", ")
    inputs = _by(facts.where("model_summary_inputs", "model_id", model), "quantity_id")
    quantities = {
        one["summary_column"]: one["quantity_id"]
        for one in facts.records("quantities") if "summary_column" in one
    }  # fmt: skip
    for column, label in _KEY_FIGURES.items():
        if column not in summary:
            continue
        method = str(summary.get(f"{column}_method"))
        six_nd = method == "six_nd"
        parts = ["parameters", "training_tokens"] if six_nd else [quantities[column]]
        behind: list[Reference] = [
            ("estimates", one["estimate_id"])
            for name in parts for one in inputs.get(name, ()) if one["used"]
        ]  # fmt: skip
        unit = facts.schema("model_summary").field(column).unit or "1"
        text = _amount(summary, column, unit)
        how = (
            "" if method == "single" else f", {_METHODS.get(method, plain(method) + ' of several')}"
        )
        yield label, Cited((text, behind), (how, ()))
    dates = _by(facts.where("model_dates", "model_id", model), "milestone")
    for milestone, rows in dates.items():
        days: dict[str, list[Reference]] = {}
        for one in sorted(rows, key=lambda one: str(one["date"])):
            variant = one.get("model_variant", "main")
            doubt = ", inferred" if one.get("certainty") == "inferred" else ""
            text = ("" if variant == "main" else f"{variant}: ") + _day(one, "date") + doubt
            days.setdefault(text, []).append(("model_dates", facts.key("model_dates", one)))
        yield (
            _MILESTONES.get(milestone, plain(milestone).capitalize()),
            joined(*map(Cited, days.items()), by="; "),
        )
    for access, rows in _by(facts.where("artifacts", "model_id", model), "access").items():
        things = []
        for one in rows:
            remarks = [_day(one, "available"), str(one.get("license") or "")]
            remark = ", ".join(filter(None, remarks))
            things.append(Cited(
                (one["name"], [("artifacts", one["artifact_id"])]),
                (f" ({remark})" if remark else "", ()),
            ))  # fmt: skip
        label = ACCESS_LABELS.get(access, plain(access))
        yield f"Access: {label}", joined(*things, by="; ")
    kinds = [plain(summary.get(name) or "") for name in ("architecture", "objective")]
    if "gpt3_like" in summary:
        kinds.append("GPT-3-like" if summary["gpt3_like"] else "not GPT-3-like")
    domains = [plain(one["domain"]) for one in facts.where("model_domains", "model_id", model)]
    if words := ", ".join(filter(None, [*kinds, *domains])):
        yield "Kind", words
    for one in facts.where("training_runs", "model_id", model):
        yield "Training run", _cited(facts, _run(facts, one), "training_runs", one)


def _run(facts: Facts, run: Record) -> str:
    chips = facts.name("hardware", run["hardware_id"]) if "hardware_id" in run else "chips"
    figures = [
        f"{run['chips']:,} {chips}" if "chips" in run else chips * ("hardware_id" in run),
        human(run["duration_days"], "day") if "duration_days" in run else "",
        f"{run['chip_hours']:,.0f} chip-hours" if "chip_hours" in run else "",
        f"utilization {run['utilization']:.1%}" if "utilization" in run else "",
    ]
    return f"{', '.join(filter(None, figures)) or 'no figures'} ({run['basis']})"


def _ancestry(facts: Facts, model: str, row: Record) -> Iterator[Section]:
    lines: list[str] = []
    for column, words in (("base_model_id", "Made from "),
                          ("architecture_of_model_id", "Has the architecture of ")):  # fmt: skip
        if column in row:
            lines.append(joined(words, _linked_name(facts, "models", row[column])))
        words = "Base of " if column == "base_model_id" else "Its architecture is used by "
        others = facts.where("models", column, model)
        names = [_linked_name(facts, "models", one["model_id"]) for one in others[:_MOST_SHOWN]]
        if names:
            more = f" and {len(others) - len(names)} more" if len(others) > len(names) else ""
            lines.append(joined(words, joined(*names, by=", "), more))
    for column, other in (("reference_model_id", "model_id"), ("model_id", "reference_model_id")):
        for one in facts.where("diffusion_events", column, model):
            if other in one and one["status"] == "current":
                remarks = [plain(one.get("mechanism", "event")), _day(one, "date")]
                lines.append(Cited(
                    ("Followed by " if column == "reference_model_id" else "Follows ", ()),
                    (facts.name("models", one[other]), [("models", one[other])]), (" (", ()),
                    (", ".join(filter(None, remarks)), [("diffusion_events", one["event_id"])]),
                    (")", ()),
                ))  # fmt: skip
        for one in facts.where("comparisons", column, model):
            judgement = plain(one["judgement"])
            before, after = "", f" is judged {judgement}"
            if column == "model_id":
                before, after = f"It is judged {judgement} compared with ", ""
            remarks = [one["source_id"], _day(one, "as_of"),
                       "" if one["status"] == "current" else plain(one["status"])]  # fmt: skip
            lines.append(Cited(
                (before, ()), (facts.name("models", one[other]), [("models", one[other])]),
                (f"{after} (", ()),
                (", ".join(filter(None, remarks)), [("comparisons", one["comparison_id"])]),
                (")", ()),
            ))  # fmt: skip
    if lines:
        yield Section("Ancestry and cascade", lines, "lines")


def _scores(facts: Facts, model: str) -> Iterator[Section]:
    found = facts.where("evaluations", "model_id", model)
    column = _benchmark_column(facts)
    rows: list[Any] = [("Benchmark", "Score", "Metric", "Setting", "Reported by")]
    for one in sorted(
        found, key=lambda one: (facts.name("benchmarks", one[column]), -one["score"])
    ):
        setting = [plain(one.get("setting") or ""), str(one.get("model_version") or ""),
                   f"{one['shots']} shots" if "shots" in one else ""]  # fmt: skip
        rows.append((
            _linked_name(facts, "benchmarks", one[column]),
            Cited((f"{one['score']:g}", [("evaluations", facts.key("evaluations", one))])),
            plain(one.get("metric") or ""), ", ".join(filter(None, setting)),
            plain(one.get("reporter") or ""),
        ))  # fmt: skip
    if found:
        yield Section("Scores", rows)


def _benchmark_column(facts: Facts) -> str:
    names = facts.schema("evaluations").column_names
    return "benchmark_id" if "benchmark_id" in names else "benchmark"


def _dependents(facts: Facts, subject: Subject) -> Iterator[Section]:
    """Yield what is computed from the figures of a page, or says something of its subject."""
    lines: list[str] = []
    calculations: dict[str, None] = {}
    for table, key, _ in subject.rows:
        if table == "estimates":
            for one in facts.where("calculation_inputs", "estimate_id", key):
                calculations[one["calculation_id"]] = None
    for name in calculations:
        figure = facts.row("calculations", name).get("figure", name)
        verdict = plain(facts.ledger[name].verdict) if name in facts.ledger else ""
        lines.append(Cited(("Calculation: ", ()), (str(figure), [("calculations", name)]),
                           (f" ({verdict})", ())))  # fmt: skip
    for one in facts.where("scenario_models", "model_id", subject.id):
        (scenario,) = facts.where("scenarios", "scenario_id", one["scenario_id"]) or [{}]
        lines.append(Cited(
            (f"Scenario, as its {plain(one['relation'])}: ", ()),
            (str(scenario.get("title", one["scenario_id"])), [("scenarios", one["scenario_id"])]),
        ))  # fmt: skip
    if lines:
        yield Section("What depends on it", lines, "lines")


def _history(facts: Facts, model: str, summary: Record) -> Iterator[Section]:
    then = {name: earlier.row("model_summary", model) for name, earlier in facts.earlier.items()}
    there = [name for name, row in then.items() if row]
    if not facts.earlier:
        return
    if not there:
        yield Section("History", [f"Added in edition {facts.edition}."], "lines")
        return
    editions = {name: then[name] for name in there} | {facts.edition: summary}
    rows: list[Any] = [("Value", *editions)]
    for column in _HISTORY:
        cells = [_cell(facts, row, column) for row in editions.values()]
        if len(set(cells)) > 1:
            rows.append((plain(column.removesuffix("_usd").removesuffix("_flop")), *cells))
    note = f"Known since edition {there[0]}."
    note += "" if len(rows) > 1 else " Its evaluated values have not changed since."
    yield Section("History", rows if len(rows) > 1 else [note], "table" if len(rows) > 1 else
                  "lines", note=note if len(rows) > 1 else "")  # fmt: skip


def _cell(facts: Facts, row: Record, column: str) -> str:
    if column not in row:
        return ""
    if column in _KEY_FIGURES:
        unit = facts.schema("model_summary").field(column).unit or "1"
        return _amount(row, column, unit)
    if f"{column}_precision" in row:
        return _day(row, column)
    return plain(row[column]) if column == "weights_access" else cell_text(row[column])


# Chips, organizations, benchmarks, quantities, sources.


def _chip(facts: Facts, row: Record) -> Subject:
    chip = row["hardware_id"]
    subject = _subject(facts, "hardware", row, summary=facts.row("hardware_summary", chip))
    subject.badges = [plain(row.get("hardware_kind", ""))]
    stated = _stated(facts, "hardware_summary", subject.summary, "hardware_id", "name")
    subject.facts = [*stated]
    runs = facts.where("training_runs", "hardware_id", chip)
    table: list[Any] = [("Model", "Run")]
    table += [
        (_linked_name(facts, "models", one["model_id"]),
         _cited(facts, _run(facts, one), "training_runs", one))
        for one in runs if "model_id" in one
    ]  # fmt: skip
    subject.blocks = [
        *([Section("Models trained on it", table)] if len(table) > 1 else []),
        *_listings(facts, subject),
    ]
    return subject


def _organization(facts: Facts, row: Record) -> Subject:
    name = row["organization_id"]
    subject = _subject(facts, "organizations", row)
    subject.facts = [*_stated(
        facts, "organizations", row, "organization_id", "name", "source_id", "locator",
        "verification", "quoted_in_source_id",
    )]  # fmt: skip
    made = facts.where("model_developers", "organization_id", name)
    summaries = [(facts.row("model_summary", one["model_id"]), one) for one in made]
    summaries.sort(key=lambda pair: (str(pair[0].get("published", "")), pair[1]["model_id"]),
                   reverse=True)  # fmt: skip
    rows: list[Any] = [("Model", "Published", "Role", "Weights", "Training compute")]
    for summary, one in summaries:
        compute = summary.get("training_compute_flop")
        rows.append((
            _linked_name(facts, "models", one["model_id"]), _day(summary, "published"),
            Cited((plain(one["role"]), [("model_developers", facts.key("model_developers", one))])),
            ACCESS_LABELS.get(summary.get("weights_access", ""), ""),
            "" if compute is None else human(compute, "FLOP"),
        ))  # fmt: skip
    others: list[str] = []
    for column in ("organization_id", "related_organization_id"):
        for one in facts.where("organization_relations", column, name):
            subject_, object_ = one["organization_id"], one["related_organization_id"]
            others.append(Cited(
                (facts.name("organizations", subject_), [("organizations", subject_)]),
                (f": {plain(one['organization_relation'])} of ", ()),
                (facts.name("organizations", object_), [("organizations", object_)]),
                (f", {_day(one, 'date')}" if "date" in one else "", ()),
            ))  # fmt: skip
    chips = facts.where("hardware", "vendor_organization_id", name)
    subject.blocks = [
        *([Section("Relations", others, "lines")] if others else []),
        *([Section("Models", rows)] if made else []),
        *([Section("Chips", [joined(*(
            _linked_name(facts, "hardware", one["hardware_id"]) for one in chips
        ), by=", ")], "lines")] if chips else []),
        *_listings(facts, subject),
    ]  # fmt: skip
    return subject


def _benchmark(facts: Facts, row: Record) -> Subject:
    name = row["benchmark_id"]
    subject = _subject(facts, "benchmarks", row, text=str(row.get("measures", "")))
    subject.facts = [*_stated(
        facts, "benchmarks", row, "benchmark_id", "name", "measures", "source_id", "locator",
        "verification", "quoted_in_source_id",
    )]  # fmt: skip
    found = facts.where("evaluations", _benchmark_column(facts), name)
    subject.rows += [("evaluations", facts.key("evaluations", one), one) for one in found]
    ranked = sorted(found, key=lambda one: (-one["score"], one["model_id"]))
    rows: list[Any] = [("Model", "Score", "Metric", "Setting", "Source")]
    for one in ranked[: 3 * _MOST_SHOWN]:
        setting = filter(None, [plain(one.get("setting") or ""), str(one.get("subset") or "")])
        rows.append((
            _linked_name(facts, "models", one["model_id"]),
            Cited((f"{one['score']:g}", [("evaluations", facts.key("evaluations", one))])),
            plain(one.get("metric") or ""), ", ".join(setting),
            Cited((one["source_id"], [("sources", one["source_id"])])),
        ))  # fmt: skip
    more = len(ranked) - 3 * _MOST_SHOWN
    note = f"{more} more in data.csv." if more > 0 else ""
    own = Subject("benchmarks", name, subject.name, rows=subject.rows[: -len(found) or None])
    subject.blocks = [
        *([Section("Scores", rows, note=note)] if found else []), *_listings(facts, own),
    ]  # fmt: skip
    return subject


def _quantity(facts: Facts, row: Record) -> Subject:
    name = row["quantity_id"]
    subject = _subject(facts, "quantities", row, text=str(row.get("definition", "")))
    subject.facts = [*_stated(facts, "quantities", row, "quantity_id", "title", "definition")]
    found = facts.where("estimates", "quantity_id", name)
    subject.rows += [("estimates", one["estimate_id"], one) for one in found]
    # Figures that people reviewed first.
    ordered = sorted(found, key=lambda one: (one["verification"] == "snapshot", one["estimate_id"]))
    rows: list[Any] = [("Of", "Figure", "Source", "Status")]
    rows += [
        (_of(facts, one), Cited((amount_of(one), [("estimates", one["estimate_id"])])),
         Cited((one["source_id"], [("sources", one["source_id"])])), plain(one["status"]))
        for one in ordered[: 2 * _MOST_SHOWN]
    ]  # fmt: skip
    more = len(found) - 2 * _MOST_SHOWN
    note = f"{more:,} more in data.csv and in the table of estimates." if more > 0 else ""
    subject.blocks = [Section("All estimates", rows, note=note)] if found else []
    return subject


def _of(facts: Facts, row: Record) -> str:
    """Return what an estimate is about."""
    if "model_id" in row:
        return _linked_name(facts, "models", row["model_id"])
    names = {"artifact": "artifacts", "scenario": "scenarios", "comparison": "comparisons",
             "event": "diffusion_events", "counterfactual": "counterfactuals",
             "technique": "techniques"}  # fmt: skip
    for kind, table in names.items():
        if f"{kind}_id" in row:
            key = row[f"{kind}_id"]
            return Cited((f"{plain(kind)} {key}", [(table, key)]))
    return ""


def _source(facts: Facts, row: Record) -> Subject:
    name = row["source_id"]
    subject = _subject(facts, "sources", row, address=_web(row))
    subject.badges = [plain(row.get("source_kind", ""))]
    subject.facts = [*_stated(facts, "sources", row, "source_id", "title", "source_kind", "url")]
    own = page_of("sources", name)
    sections = [
        one["section"] for one in sorted(
            facts.where("source_sections", "source_id", name), key=lambda one: one["position"]
        )
    ]  # fmt: skip
    taken: list[tuple[str, str, Record]] = []
    counts: list[Any] = [("Table", "Rows taken from it", "Quoted in it")]
    for table in facts.package.tables:
        if not {"source_id", "locator"} <= set(facts.schema(table).column_names):
            continue
        stated = facts.where(table, "source_id", name)
        quoted = facts.where(table, "quoted_in_source_id", name)
        if table == "sources" or not (stated or quoted):
            continue
        counts.append((table, f"{len(stated):,}", f"{len(quoted):,}" if quoted else ""))
        taken += [(table, facts.key(table, one), one) for one in stated]
    listed = {(table, key) for table, key, _ in facts.listed.get(own, ())}
    others = [one for one in taken if (one[0], one[1]) not in listed]
    shown = [*facts.listed.get(own, ())[:1200], *others[:_MOST_SHOWN]]
    shown.sort(key=lambda one: (reading_order(str(one[2]["locator"]), sections), one[0], one[1]))
    lines = [
        Cited((result.figure, [("calculations", result.id)]), (f": {plain(result.verdict)}", ()))
        for result in facts.ledger.values() if result.source_id == name
    ]  # fmt: skip
    more = len(taken) - len(shown)
    note = "In the order of the source. Rows about one model or chip are listed on its page too."
    subject.rows = [("sources", name, row), *taken]
    subject.blocks = [
        *([Section("What was taken from it", counts)] if len(counts) > 1 else []),
        *([Section("Its figures, recomputed", lines, "lines")] if lines else []),
        *([Listings("Rows", [facts.listing(*one) for one in shown], max(more, 0), note)]
          if shown else []),
    ]  # fmt: skip
    return subject


_MAKERS: dict[str, Callable[[Facts, Record], Subject]] = {
    "models": _model, "hardware": _chip, "organizations": _organization,
    "benchmarks": _benchmark, "quantities": _quantity, "sources": _source,
}  # fmt: skip
_SINGULAR = {
    "models": "model", "hardware": "chip", "organizations": "organization",
    "benchmarks": "benchmark", "quantities": "quantity", "sources": "source",
}  # fmt: skip
_PLURAL = {
    "models": "Models", "hardware": "Chips", "organizations": "Organizations",
    "benchmarks": "Benchmarks", "quantities": "Quantities", "sources": "Sources",
}  # fmt: skip


def _index(facts: Facts, table: str, subjects: Sequence[Subject]) -> tuple[str, str]:
    """Return the page that lists all subjects of a kind: in a table, or by year if too many."""
    path = f"{KINDS[table][1]}/index.html"
    root = "../"
    header: tuple[str, ...]
    rows: list[Sequence[str]] = []
    groups: dict[str, list[tuple[str, str]]] = {}
    if table == "models":
        header = ("Model", "Published", "Developers", "Weights", "Training compute", "Cost")
        for one in subjects:
            year = str(one.summary.get("published", ""))[:4] or "undated"
            groups.setdefault(year, []).append(
                (one.name, quote_path(f"{quote(one.id, safe='')}/index.html"))
            )
            if one.summary.get("reviewed"):
                compute, cost = (
                    one.summary.get(name) for name in ("training_compute_flop", "training_cost_usd")
                )
                rows.append(
                    (
                        Cited((one.name, [(table, one.id)])),
                        _day(one.summary, "published"),
                        "; ".join(
                            facts.name("organizations", name)
                            for name in str(one.summary.get("developers", "")).split("; ")
                            if name
                        ),
                        ACCESS_LABELS.get(one.summary.get("weights_access", ""), ""),
                        "" if compute is None else human(compute, "FLOP"),
                        "" if cost is None else human(cost, "USD"),
                    )
                )
        rows.sort(key=lambda row: row[1], reverse=True)
    else:
        header = (_SINGULAR[table].capitalize(), *_INDEX[table])
        for one in sorted(subjects, key=lambda one: one.name.casefold()):
            cells = dict(
                _stated(facts, "hardware_summary" if table == "hardware" else table, one.summary)
            )
            rows.append(
                (
                    Cited((one.name, [(table, one.id)])),
                    *(
                        str(len(one.rows) - 1) if label == "Rows" else cells.get(label, "")
                        for label in _INDEX[table]
                    ),
                )
            )
    return path, page(
        "subjects.html.j2",
        path,
        title=_PLURAL[table],
        edition=facts.edition,
        description=f"All {_PLURAL[table].lower()} of diffdata.",
        count=len(subjects),
        table="model_summary"
        if table == "models"
        else "hardware_summary"
        if table == "hardware"
        else table,
        header=header,
        rows=rows,
        groups=dict(sorted(groups.items(), reverse=True)),
        linked=lambda text: facts.linked(text, root),
        kind=_SINGULAR[table],
    )


_INDEX = {
    "hardware": ("Vendor organization", "Hardware kind", "Released"),
    "organizations": ("Organization kind", "Country"),
    "benchmarks": ("Usual metric", "Published", "Rows"),
    "quantities": ("Unit", "Rows"),
    "sources": ("Authors", "Publisher", "Published", "Rows"),
}
