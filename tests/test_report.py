"""The report: it has the published figures, names their sources, and fits the terminal."""

import io
import re
from functools import cache

import pytest
from rich.console import Console, RenderableType
from typer.testing import CliRunner

import diffdata
from diffdata import cli
from diffdata.answers.report import Report, report
from diffdata.errors import UnknownNameError
from diffdata.package.packages import Package

from .conftest import ROOT

EDITION = "2026.2"


def text(content: RenderableType, width: int = 100) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(content)
    return out.getvalue()


@pytest.fixture(scope="module")
def gpt_3() -> str:
    return text(report("gpt-3", full=True, version=EDITION))


@cache
def of_dataset(model: str) -> Report:
    """Return the report on a model of the current dataset, which takes seconds, once."""
    return report(model, package=ROOT)


def words(shown: str) -> str:
    """Join wrapped lines, to search for sentences."""
    return " ".join(shown.split())


def test_the_published_figures_are_reproduced(gpt_3: str) -> None:
    assert "OPT-175B 2022-05-02: 23.1" in gpt_3
    assert "(704 days)" in gpt_3
    assert "Gopher 2020-12: 6.1 to 7.1" in gpt_3
    assert "7 months" in gpt_3
    assert "cost 7.06 times as much as OPT-175B (90 %: 2.63 to 18.2)" in words(gpt_3)
    assert "published: roughly seven times cheaper" in words(gpt_3)


def test_the_case_table_has_all_cases(gpt_3: str) -> None:
    summary = diffdata.load("model_summary", EDITION).set_index("model_id")
    lines = gpt_3.splitlines()
    for model in diffdata.load("case_studies", EDITION)["model_id"]:
        assert any(line.startswith(summary.loc[model, "name"]) for line in lines)
    (opt,) = [line for line in lines if line.startswith("OPT-175B") and "~" in line]
    assert "$1.7M (1.5-2.3)" in opt
    for word in ("11", "on request", "replication", "worse", "stated"):
        assert word in opt


def test_uncertainty_is_reported(gpt_3: str) -> None:
    shown = words(gpt_3)
    assert "inferred PaLM 540B is a case" in shown
    assert "assumed training run in patterson-2021: The 10,000 V100s are an assumption" in shown
    assert "GPT-NeoX-20B, training compute" not in shown  # the report is about GPT-3
    other = words(text(report("gpt-neox-20b", full=True, version=EDITION)))
    assert "disputed training compute: 5e22" in other
    assert "corrected 2023-01-23" in shown
    assert "-2.0 points (published mean; the scores behind it are not public as text)" in shown


def test_inferred_cells_of_the_case_table_are_marked(gpt_3: str) -> None:
    (gopher,) = [line for line in gpt_3.splitlines() if line.startswith("Gopher  ")]
    assert "incremental? better stated" in " ".join(gopher.split())
    (palm,) = [line for line in gpt_3.splitlines() if line.startswith("PaLM 540B  ")]
    assert "incremental? better? inferred" in " ".join(palm.split())


def test_by_current_judgements_nobody_replicated(gpt_3: str) -> None:
    (line,) = [line for line in gpt_3.splitlines() if line.startswith("an explicit replication")]
    assert "not yet by 2023-01-23" in line


def test_every_cited_source_exists(gpt_3: str) -> None:
    cited = words(gpt_3[gpt_3.index("Sources") :])
    assert "cottier-2022-summary (Cottier 2022)" in cited
    assert "brown-2020 (Brown 2020)" in cited


# Some of the reviewed models, and some of all.
MODELS = [
    *diffdata.load("models", reviewed=True)["model_id"].iloc[::16],
    *diffdata.load("models")["model_id"].iloc[500::1200],
]


@pytest.mark.parametrize("model", MODELS)
def test_reports_fit_one_screen(model: str, package: Package) -> None:
    content = report(model, package=package)
    for width in (100, 80):
        shown = text(content, width).splitlines()
        assert max(map(len, shown)) <= width
        assert len(shown) <= 60
        assert not re.search(r"\bnan|nan\b|<na>", "\n".join(shown).lower())


@pytest.mark.parametrize("model", ["gpt-3", "bloom"])
def test_the_longest_reports_fit_and_the_long_form_has_all(model: str, package: Package) -> None:
    short, full = of_dataset(model), report(model, full=True, package=package)
    assert len(text(short, 100).splitlines()) <= 60
    assert len(text(full, 100)) > len(text(short, 100))
    assert "..." not in str(short).replace("until ...", "")
    headings = {heading.split(" (")[0] for heading in short.sections}
    assert headings == {heading.split(" (")[0] for heading in full.sections}


def test_a_report_is_about_its_model_alone(package: Package) -> None:
    shown = words(text(report("gpt-4", full=True, package=package)))
    ledger = shown[shown.index("Published figures, recomputed") : shown.index("Sources (")]
    assert "GPT-3" not in ledger.replace("GPT-3-like", "")
    assert "PaLM 540B is a case" not in shown
    assert "Twitter" not in shown


def test_names_are_those_that_people_write(package: Package) -> None:
    for name in ("GPT-3", "gpt3", "GPT-3 175B"):
        assert report(name, version=EDITION).title.startswith("The diffusion of GPT-3 175B")
    with pytest.raises(UnknownNameError, match="did you mean gpt-3 or") as caught:
        report("gtp-3", package=package)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("width", [80, 100])
def test_the_state_of_diffusion_fits_one_screen(width: int) -> None:
    shown = CliRunner().invoke(cli.app, ["report"], env={"COLUMNS": str(width)}).stdout
    lines = shown.splitlines()
    assert max(map(len, lines)) <= width
    assert 30 <= len(lines) <= 60
    for heading in ("Coverage", "Training compute in FLOP", "Latest models", "Latest releases",
                    "Disputed"):  # fmt: skip
        assert any(line.startswith(heading) for line in lines)
    models = diffdata.load("models")
    reviewed = len(diffdata.load("models", reviewed=True))
    assert f"{reviewed:,} reviewed, {len(models) - reviewed:,} imported" in shown


def test_the_state_of_an_edition_is_its_own() -> None:
    shown = str(report(version="2026.1"))
    assert "diffdata 2026.1.0" in shown
    assert "gpt-3" in shown[shown.index("Disputed") :]


def test_reports_show_in_notebooks_escaped() -> None:
    shown = of_dataset("gpt-3")._repr_html_()
    assert "prefers-color-scheme: dark" in shown
    assert "-&gt; BigScience" in shown


def test_the_latest_models_have_the_names_of_their_developers() -> None:
    found = report(version="2026.2")
    (part,) = [part for part in found.parts if part.heading.startswith("Latest models")]
    models, organizations, makers = (
        diffdata.load(name, "2026.2") for name in ("models", "organizations", "model_developers")
    )
    ids = dict(zip(models["name"], models["model_id"], strict=True))
    names = organizations.set_index("organization_id")["name"]
    assert len(part.rows) > 3
    for name, _, developers, *_ in part.rows[1:]:
        own = makers[(makers["model_id"] == ids[name]) & (makers["role"] == "developer")]
        assert set(developers.split(", ")) == set(names.loc[own["organization_id"]])


def test_the_dates_of_a_model_come_before_those_of_its_versions() -> None:
    lines = str(diffdata.report("gpt-5", version="2026.3")).splitlines()
    published = next(line for line in lines if line.startswith("Published"))
    assert published.split()[1] == "2025-08-07"
