"""The pages that tell something: home, clocks, cases, the ledger, editions, forecasts, charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from diffdata.answers.clocks import CLOCKS, lags
from diffdata.answers.layout import Cited, Section
from diffdata.answers.overview import interval, median
from diffdata.answers.page import amount_of, drawn
from diffdata.answers.report import report_on, shared
from diffdata.answers.state import all_clocks
from diffdata.derive import brier_score
from diffdata.diff import compare
from diffdata.diff.outline import outline
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.exporting.citation import cite_statements
from diffdata.exporting.metadata import schema_org
from diffdata.lookup.text import ACCESS_LABELS, date, human, number, plain
from diffdata.package.editions import versions
from diffdata.plot import PLOTS
from diffdata.plot.question import frames_of
from diffdata.reproduce import Reproduction, shown, verdict_counts, verdict_text
from diffdata.site.facts import Facts, Record, page_of, quote_path
from diffdata.site.layout import page
from diffdata.site.models import case_page, cases_of
from diffdata.site.subject import day_of, developers_of, evaluated_amount
from diffdata.types.text import cell_text

# The charts of a clock, and those of a case.
_OF_CLOCKS = {
    "replication": "replication-lag", "access": "survival", "benchmark": "benchmark-lag",
    "price": "api-price", "hardware": "price-performance", "frontier": "training-compute",
}  # fmt: skip
_OF_CASES = ("replication-lag", "access", "cascade")
_MOST_CHANGES = 300  # of one kind, in the page of an edition
_MOST_LAGS = 600  # in the page of a clock
_OUTCOMES = {"true": 0, "false": 1, "unclear": 2, "open": 3}  # the order of forecasts
_HEADLINE = ("training_cost_usd", "training_compute_flop", "parameters")

_MODEL = "gpt-3"  # of the figures on the first page


@dataclass
class Chart:
    """A drawing in a page, with its files."""

    title: str
    svg: str
    name: str = ""


@dataclass
class Story:
    """A page of blocks: sections of cited texts, and charts after the first of them."""

    title: str
    text: str = ""
    above: tuple[str, str] | None = None  # words and address of the page above
    blocks: Sequence[Section] = ()
    charts: list[Chart] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)  # words by name
    cited: bool = False


def _story(facts: Facts, story: Story, path: str) -> tuple[str, str]:
    root = "../" * path.count("/")
    apa, bibtex = (
        cite_statements(facts.package, story.title, [], style=style) if story.cited else ""
        for style in ("apa", "bibtex")
    )
    return path, page(
        "story.html.j2", path, title=story.title, description=story.text, edition=facts.edition,
        story=story, linked=lambda text: facts.linked(text, root), apa=apa, bibtex=bibtex,
    )  # fmt: skip


def story_pages(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield path and text of these pages and their files."""
    charts = dict(_drawn(facts))
    found = lags(package=facts.package)
    yield from _chart_pages(facts, charts)
    yield from _clock_pages(facts, found, charts)
    yield from _case_pages(facts)
    yield from _ledger_pages(facts, charts)
    yield from _edition_pages(facts)
    yield from _forecast_pages(facts, charts)
    yield _home(facts, found)


def _csv(data: pd.DataFrame) -> str:
    return data.map(cell_text).to_csv(index=False, lineterminator="\n")


# Charts.


def _drawn(facts: Facts) -> Iterator[tuple[str, tuple[Chart, str, pd.DataFrame]]]:
    """Yield each chart that can be drawn, by its name, as a file, and its data."""
    for name, plot in PLOTS.items():
        try:
            if name == "ledger":
                data = plot.data(list(facts.ledger.values()))
            else:
                data = plot.data(*frames_of(facts.tables, facts.arrow, plot.tables))
            svg, chart = _chart(facts, name, data)
            chart.name = name
        except (InvalidInputError, UnknownNameError):
            continue  # nothing to draw
        yield name, (chart, svg, data)


def _chart(facts: Facts, name: str, data: pd.DataFrame) -> tuple[str, Chart]:
    """Draw a plot from its data: as a file, and as a part of a page."""
    data.attrs["version"] = facts.package.version
    svg, inline = drawn(PLOTS[name], data, f"{name}-")
    return svg, Chart(data.attrs["title"], inline)


def _chart_pages(
    facts: Facts, charts: dict[str, tuple[Chart, str, pd.DataFrame]]
) -> Iterator[tuple[str, str]]:
    for name, (chart, svg, data) in charts.items():
        path = f"charts/{name}/index.html"
        story = Story(
            PLOTS[name].asks, above=("Charts", "charts/index.html"), charts=[chart],
            files={f"{name}.svg": "SVG", f"{name}.csv": f"CSV, {len(data):,} rows"}, cited=True,
        )  # fmt: skip
        yield _story(facts, story, path)
        yield f"charts/{name}/{name}.svg", svg
        yield f"charts/{name}/{name}.csv", _csv(data)
    path = "charts/index.html"
    yield path, page(
        "charts.html.j2", path, title="Charts", edition=facts.edition,
        description="Charts of diffdata, each with its data.",
        charts=[(name, PLOTS[name].asks, chart.title) for name, (chart, _, _) in charts.items()],
    )  # fmt: skip


# Clocks.


def _clock_pages(
    facts: Facts, found: pd.DataFrame, charts: dict[str, tuple[Chart, str, pd.DataFrame]]
) -> Iterator[tuple[str, str]]:
    sections = []
    for name, rows in found.groupby("clock", sort=False):
        groups = [row[1:] for row in all_clocks(rows)]
        question = _question(str(name))
        sections.append(Section(question, groups))
        yield from _clock(facts, str(name), question, groups, charts)
    story = Story(
        "Clocks: how fast it spreads",
        "How long it takes until others have what one laboratory made, and how fast it becomes "
        "cheaper. n: lags, or figures that a rate is fitted to; open: has not happened yet "
        "(censored). Lags are in days; x is a factor per year.",
        blocks=sections, files={"data.csv": "CSV"}, cited=True,
    )  # fmt: skip
    path = "clocks/index.html"
    root = "../"
    yield path, page(
        "clocks.html.j2", path, title=story.title, description=story.text, edition=facts.edition,
        story=story, names=list(dict.fromkeys(found["clock"])),
        linked=lambda text: facts.linked(text, root),
    )  # fmt: skip
    yield "clocks/data.csv", _csv(found)


def _question(name: str) -> str:
    words = CLOCKS[name].question.format(leader="closed", follower="open")
    return words[:1].upper() + words[1:]


def _clock(
    facts: Facts, name: str, question: str, groups: Sequence[tuple[str, ...]],
    charts: dict[str, tuple[Chart, str, pd.DataFrame]],
) -> Iterator[tuple[str, str]]:  # fmt: skip
    """Yield the page of a clock, with the single lags that its medians are made of."""
    blocks = [Section("Medians and rates", groups)]
    files = {}
    if "each" in CLOCKS[name].by:
        single = lags(name, package=facts.package, by="each")
        listed: list[Any] = [("of", "reference", "follower", "level", "lag", "interval", "note")]
        for row in single.head(_MOST_LAGS).to_dict("records"):
            cells = (cell_text(row["group"]), *(
                _models(facts, row[end]) for end in ("reference", "follower")
            ))  # fmt: skip
            level = "" if pd.isna(row["threshold"]) else number(row["threshold"])
            listed.append((*cells, level, median(row), interval(row), cell_text(row["note"])))
        more = len(single) - _MOST_LAGS
        note = f"{more:,} more are in data.csv." if more > 0 else ""
        blocks.append(Section("Each of them", listed, note=note))
        files = {"data.csv": f"CSV, {len(single):,} rows"}
        yield f"clocks/{name}/data.csv", _csv(single)
    chart = charts.get(_OF_CLOCKS.get(name, ""))
    story = Story(
        question, f"The clock {name}; its definition is in the document on clocks.",
        ("Clocks", "clocks/index.html"), blocks, [chart[0]] if chart else [], files, cited=True,
    )  # fmt: skip
    yield _story(facts, story, f"clocks/{name}/index.html")


def _models(facts: Facts, cell: Any) -> str:
    """Write models, or what else a lag is between, with links."""
    if not isinstance(cell, str):
        return ""
    names = cell.split("; ")
    parts: list[Any] = []
    for place, name in enumerate(names):
        known = [("models", name)] if facts.row("models", name) else []
        parts += [("; ", ())] if place else []
        parts.append((facts.name("models", name) if known else name, known))
    return Cited(*parts)


# Cases.


def _case_pages(facts: Facts) -> Iterator[tuple[str, str]]:
    listed: list[Any] = [("Model", "Published", "Developers", "Compared with it", "Followers")]
    models = cases_of(facts)
    given = shared(facts.tables, facts.ledger, models) if models else None
    for model in models:
        report = report_on(facts.package, model, given=given)
        charts = []
        for name in _OF_CASES:
            try:
                plot = PLOTS[name]
                data = plot.data(*(facts.tables[table] for table in plot.tables), model=model)
                charts.append(_chart(facts, name, data)[1])
            except (InvalidInputError, UnknownNameError):
                continue  # nothing to draw of this model
        title = report.title.partition("  ")[0]
        blocks = [
            part for part in report.parts
            if part.on != "screen" and len(part.rows) > (part.kind == "table")
        ]  # fmt: skip
        text = (
            f"What {facts.name('models', model)} was, who made something like it, when and how, "
            "and what is disputed. Each figure leads to its row."
        )
        story = Story(title, text, ("Cases", "cases/index.html"), blocks, charts, cited=True)
        yield _story(facts, story, case_page(model))
        summary = facts.row("model_summary", model)
        compared = {
            row["model_id"]
            for row in facts.where("comparisons", "reference_model_id", model)
        }  # fmt: skip
        listed.append((
            (facts.name("models", model), quote_path(case_page(model).removeprefix("cases/"))),
            date(summary.get("published"), summary.get("published_precision", "day")),
            developers_of(facts, summary),
            f"{len(compared):,}",
            ", ".join(sorted(facts.name("models", name) for name in compared)),
        ))  # fmt: skip
    path = "cases/index.html"
    yield path, page(
        "cases.html.j2", path, title="Cases", edition=facts.edition,
        description="Models with which sources compare others: who followed, when and how.",
        rows=listed,
    )  # fmt: skip


# The ledger.


def _ledger_pages(
    facts: Facts, charts: dict[str, tuple[Chart, str, pd.DataFrame]]
) -> Iterator[tuple[str, str]]:
    rows: list[Any] = [("Figure", "Published", "Recomputed", "Verdict", "Source")]
    for row in facts.records("calculations"):
        if result := facts.ledger.get(row["calculation_id"]):
            rows.append((
                Cited((result.figure, [("calculations", result.id)])),
                shown(result.published, result), shown(result.recomputed, result),
                verdict_text(result), Cited((result.source_id, [("sources", result.source_id)])),
            ))  # fmt: skip
            yield _derivation(facts, row, result)
    counts = _verdicts(facts)
    story = Story(
        "Ledger: published figures, recomputed",
        f"{len(facts.ledger):,} published figures, each with its formula, its inputs and the "
        f"verdict: {counts}. A figure that differs is a finding; nothing is adjusted until it "
        "fits.",
        blocks=[Section("Figures", rows)], cited=True,
        charts=[charts["ledger"][0]] if "ledger" in charts else [],
    )  # fmt: skip
    yield _story(facts, story, "ledger/index.html")


def _verdicts(facts: Facts) -> str:
    """Return how many figures have each verdict; identities are named apart."""
    identities = sum(one.identity for one in facts.ledger.values())
    counts = verdict_counts(one.verdict for one in facts.ledger.values() if not one.identity)
    return counts + (f"; {identities} are identities, which hold by definition" * bool(identities))


def _derivation(facts: Facts, row: Record, result: Reproduction) -> tuple[str, str]:
    """Return the page of a figure that is recomputed, step by step."""
    estimate = _estimate(facts, row["estimate_id"])
    path = page_of("calculations", result.id)
    inputs: list[Any] = [("Name", "Figure", "As printed", "Source", "Place", "Rounding")]
    for one in facts.where("calculation_inputs", "calculation_id", result.id):
        given = _estimate(facts, one["estimate_id"])
        key = [("estimates", one["estimate_id"])]
        inputs.append((
            one["input"],
            Cited((f"{plain(given.get('quantity_id', ''))}: {_amount(given)}", key)),
            str(given.get("as_printed", "")),
            Cited((str(given.get("source_id", "")), [("sources", given.get("source_id", ""))])),
            str(given.get("locator", "")),
            "exact: chosen by the author" if one.get("exact") else "half of its last digit",
        ))  # fmt: skip
    steps: list[tuple[str, str]] = [
        ("1. Published", Cited(
            (shown(result.published, result), [("estimates", row["estimate_id"])]),
            (f", printed as “{estimate.get('as_printed', '')}”", ()),
        )),
        ("2. Where", Cited((result.source_id, [("sources", result.source_id)]),
                           (f", {result.locator}", ()))),
        ("3. Formula", row.get("formula", "none: it cannot be recomputed")),
    ]  # fmt: skip
    if "formula" in row:
        steps.append(("4. Compared", {
            "centre": "the central value, by the statistic that the source names, or else the "
            "median and the mean",
        }.get(row.get("compared", ""), plain(row.get("compared", "")))))  # fmt: skip
        steps.append(("5. Recomputed", shown(result.recomputed, result) or "nothing"))
    steps.append((f"{len(steps) + 1}. Verdict", verdict_text(result) + (
        "; an identity, which is not counted" if result.identity else "")))  # fmt: skip
    if result.reason:
        steps.append(("Why", result.reason))
    parts: list[Any] = [("Part", "Published", "Recomputed", "Possible by rounding", "Verdict")]
    parts += [
        (plain(part.name), number(part.published), number(part.recomputed),
         " to ".join(dict.fromkeys(map(number, (part.low, part.high)))),
         plain(part.verdict) + (f" by a factor of {number(part.factor)}" if part.factor else ""))
        for part in result.parts
    ]  # fmt: skip
    uses = [
        Cited((facts.row("calculations", one["calculation_id"]).get("figure", ""),
               [("calculations", one["calculation_id"])]))
        for one in facts.where("calculation_inputs", "estimate_id", row["estimate_id"])
        if one["calculation_id"] != result.id
    ]  # fmt: skip
    blocks = [
        Section("Step by step", steps, "grid"),
        *([Section("Inputs", inputs)] if len(inputs) > 1 else []),
        *([Section("What is compared", parts)] if len(parts) > 1 else []),
        *([Section("Figures that use it", uses, "lines")] if uses else []),
        Section("Recompute it", [f"diffdata reproduce --only {result.id}"], "lines"),
    ]  # fmt: skip
    story = Story(result.figure, above=("Ledger", "ledger/index.html"), blocks=blocks, cited=True)
    return _story(facts, story, path)


def _estimate(facts: Facts, key: str) -> Record:
    return next(iter(facts.where("estimates", "estimate_id", key)), {})


def _amount(row: Record) -> str:
    return amount_of(row) if row else ""


# Editions.


def _edition_pages(facts: Facts) -> Iterator[tuple[str, str]]:
    listed: list[Any] = []
    releases = {one.edition: one for one in versions()}
    names = [*facts.earlier, facts.edition]
    for place, name in enumerate(names):
        release = releases.get(name)
        about = [f"{len(release.tables)} tables, {release.rows:,} rows"] if release else []
        # The changelog is Markdown, and the page is not; what changed is listed below.
        points = [point.replace("`", "") for point in release.headline[:1]] if release else []
        listed.append((name, str(release.date) if release else "not released yet", about, points))
        before = names[place - 1] if place else None
        new = facts if name == facts.edition else facts.earlier[name]
        blocks: list[Section] = []
        if points:
            blocks.append(Section("What is new", points, "lines"))
        text = f"Edition {name} of diffdata."
        if before:
            found = compare(facts.earlier[before].package.root, new.package.root)
            _, summary, sections = outline(found, limit=_MOST_CHANGES, width=120, room=0)
            text = f"What changed from edition {before} to {name}. {summary}"
            for section in sections:
                rows = [section.header, *(tuple(row.get(column, "") for column in section.header)
                                          for row in section.rows)]  # fmt: skip
                if section.rows:
                    blocks.append(Section(section.title, rows, note=section.note))
        else:
            counts = [("Table", "Rows"), *(
                (table, f"{content.rows:,}")
                for table, content in (release.tables.items() if release else ())
            )]  # fmt: skip
            if len(counts) > 1:
                blocks.append(Section("Tables", counts))
        story = Story(f"Edition {name}", text, ("Editions", "editions/index.html"), blocks)
        yield _story(facts, story, f"editions/{name}/index.html")
    path = "editions/index.html"
    yield path, page(
        "editions.html.j2", path, title="Editions", edition=facts.edition, editions=listed[::-1],
        description="The editions of diffdata, and what changed from each to the next.",
    )  # fmt: skip


# Forecasts.


def _forecast_pages(
    facts: Facts, charts: dict[str, tuple[Chart, str, pd.DataFrame]]
) -> Iterator[tuple[str, str]]:
    rows: list[Any] = [
        ("Forecast", "By", "Probability", "Made", "Until", "Came out", "Why", "Source")
    ]
    ordered = sorted(
        facts.records("forecasts"),
        key=lambda row: (
            _OUTCOMES.get(row.get("resolution", ""), 9),
            str(row.get("made", "")),
            row["forecast_id"],
        ),
    )
    for row in ordered:
        outcome = plain(row["resolution"]) if "resolution" in row else ""
        status = "" if row.get("status") == "current" else f" ({plain(row.get('status', ''))})"
        rows.append((
            Cited((row["proposition"] + status, [("forecasts", row["forecast_id"])])),
            str(row.get("forecaster", "")), _probability(row), day_of(row, "made"),
            day_of(row, "horizon"), outcome, str(row.get("evidence", "")),
            Cited((row["source_id"], [("sources", row["source_id"])])),
        ))  # fmt: skip
    if len(rows) == 1:
        text, charts = "This dataset has no forecasts.", {}
    else:
        text = f"{len(rows) - 1:,} forecasts that sources print, and how they came out."
        text += _score(facts)
    story = Story(
        "Forecasts, and how they came out", text, blocks=[Section("Forecasts", rows)],
        charts=[charts["forecasts"][0]] if "forecasts" in charts else [], cited=True,
    )  # fmt: skip
    yield _story(facts, story, "forecasts/index.html")


def _score(facts: Facts) -> str:
    """Say how good those with a probability are that came true or not."""
    (found,) = brier_score(facts.tables["forecasts"]).to_dict("records") or [{}]
    if not found or not found["forecasts"]:
        return ""
    return (
        f" Of those with a probability {found['forecasts']:,} are decided; their Brier score is "
        f"{number(found['brier'])} (0 is perfect, 0.25 is that of a coin)."
    )


def _probability(row: Record) -> str:
    text = f"{row['probability']:.0%}" if "probability" in row else ""
    low, high = row.get("probability_low"), row.get("probability_high")
    if low is not None or high is not None:
        ends = " to ".join(f"{end:.0%}" for end in (low, high) if end is not None)
        text = f"{text} ({ends})" if text else ends
    return text or str(row.get("as_printed", ""))


# The first page.


def _described(facts: Facts) -> dict[str, Any]:
    """Return the metadata of the dataset, with the files that the site has."""
    found = schema_org(facts.package)
    found["distribution"] = [
        {"@type": "DataDownload", "name": name, "description": schema.description,
         "encodingFormat": "text/csv", "contentUrl": f"data/{name}.csv"}
        for name, schema in facts.package.schemas.items()
    ]  # fmt: skip
    return found


def _home(facts: Facts, found: pd.DataFrame) -> tuple[str, str]:
    path = "index.html"
    summary = facts.row("model_summary", _MODEL)
    figures: list[tuple[str, str, str, str]] = []
    for column, title in zip(
        _HEADLINE, ("Training cost", "Training compute", "Parameters"), strict=True
    ):
        if column in summary:
            address = f"{quote_path(page_of('models', _MODEL))}#{facts.evaluated[column]}"
            amount = evaluated_amount(facts, summary, column)
            figures.append((f"{title} of {facts.name('models', _MODEL)}", amount, address, ""))
    firsts = found.dropna(subset="median").groupby("clock", sort=False).head(1)
    for row in firsts.to_dict("records"):
        name = str(row["clock"])
        about = [f"90 % interval {interval(row)}", f"n = {row['n']:,}"]
        about += [cell_text(row["trend"])] if row["unit"] != "days" else []
        figures.append((
            _question(name) + (f" ({row['group']})" if isinstance(row["group"], str) else ""),
            f"{median(row)}{' days' if row['unit'] == 'days' else ' per year'}",
            f"clocks/{name}/index.html", "; ".join(filter(None, about)),
        ))  # fmt: skip
    summaries = [row for row in facts.records("model_summary") if row.get("reviewed")]
    latest = sorted(summaries, key=lambda row: str(row.get("published", "")), reverse=True)[:8]
    return path, page(
        "home.html.j2", path, title="diffdata", edition=facts.edition, figures=figures,
        description="How AI capabilities spread, as data that you can trust, recompute and cite.",
        counts=[
            (f"{len(facts.records(table)):,}", words, f"{folder}/index.html")
            for table, words, folder in (
                ("models", "models", "models"), ("hardware", "chips", "chips"),
                ("organizations", "organizations", "organizations"),
                ("benchmarks", "benchmarks", "benchmarks"),
                ("estimates", "estimates", "tables/estimates"), ("sources", "sources", "sources"),
                ("calculations", "figures recomputed", "ledger"),
            ) if table in facts.package.tables
        ],
        verdicts=_verdicts(facts),
        cases=[
            (facts.name("models", model), quote_path(case_page(model)))
            for model in cases_of(facts)
        ],
        latest=[
            (row["name"], quote_path(page_of("models", row["model_id"])), day_of(row, "published"),
             ACCESS_LABELS.get(row.get("weights_access", ""), ""),
             human(row["training_compute_flop"], "FLOP") if "training_compute_flop" in row else "")
            for row in latest
        ],
        metadata=_described(facts), apa=cite_statements(facts.package, "The dataset", []),
    )  # fmt: skip
