"""The report: it has the published figures, names their sources, and fits the terminal."""

import io
import re

import pytest
from rich.console import Console, RenderableType

import diffdata
from diffdata.cli.report import report
from diffdata.errors import UnknownNameError
from diffdata.package.packages import Package, open_dataset

EDITION = "2026.2"


def text(content: RenderableType, width: int = 100) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(content)
    return out.getvalue()


@pytest.fixture(scope="module")
def gpt_3() -> str:
    return text(report(open_dataset(version=EDITION), "gpt-3"))


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
    assert "disputed GPT-NeoX-20B, training compute: 5e22" in shown
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
    *diffdata.load("models", reviewed=True)["model_id"].iloc[::8],
    *diffdata.load("models")["model_id"].iloc[500::900],
]


@pytest.mark.parametrize("model", MODELS)
def test_reports_fit_the_terminal(model: str, package: Package) -> None:
    content = report(package, model)
    for width in (100, 72):
        shown = text(content, width)
        assert max(map(len, shown.splitlines())) <= width
        assert not re.search(r"\bnan|nan\b|<na>", shown.lower())


def test_an_unknown_model_suggests_the_nearest(package: Package) -> None:
    with pytest.raises(UnknownNameError, match="did you mean opt-175b"):
        report(package, "opt175b")
