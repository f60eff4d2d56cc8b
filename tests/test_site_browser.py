"""The site in a real browser: tables, search and chart work, and nothing else is loaded or run."""

import csv
import functools
import io
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest

from diffdata.loading import arrow_tables
from diffdata.package.packages import Package, open_dataset
from diffdata.site.explore import explore_pages
from diffdata.site.facts import Facts
from diffdata.site.search import search_pages
from diffdata.site.tables import table_pages

from .conftest import ROOT

ASSETS = ROOT / "diffdata/site/assets"
AXE = ROOT / "tests/vendor/axe-core-4.14.1.min.js"
HOSTILE = "<script>window.hostile = 1</script><img src=x onerror='window.hostile = 1'>"
PAGES = [
    "index.html", "models/gpt-3/index.html", "models/yalm-100b/index.html", "chips/index.html",
    "quantities/epochs/index.html", "clocks/index.html", "ledger/index.html",
    "editions/index.html", "docs/index.html", "charts/index.html", "tables/index.html",
    "tables/estimates/index.html", "tables/models/index.html",
    "tables/evaluations/index.html#group=benchmark", "search/index.html?q=llama%2065",
    "charts/explore/index.html",
]  # fmt: skip
# Files of others, by their path: the sha256 of what npm has, without the address of its source map.
VENDORED = {
    "diffdata/site/assets/vendor/minisearch-7.2.0.js":
        "4e02b9fa52f244c377d737c7d06cda6bce967d137254e8532d6c79f68469bef3",
    "diffdata/site/assets/vendor/minisearch-7.2.0.LICENSE.txt":
        "70d37354d6395629fb99edb28cb37a5d356ffa24a48cd02a5def5b83a300a899",
    "tests/vendor/axe-core-4.14.1.min.js":
        "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c",
    "tests/vendor/axe-core-4.14.1.LICENSE.txt":
        "af175b9d96ee93c21a036152e1b905b0b95304d4ae8c2c921c7609100ba8df7e",
}  # fmt: skip


@pytest.fixture(scope="module")
def hostile(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of models and the search of a site, with a name that a page must not run."""
    out = tmp_path_factory.mktemp("hostile")
    models = arrow_tables(package, ["models"])["models"].slice(0, 50)
    names = [HOSTILE, *models["name"].to_pylist()[1:]]
    place = models.column_names.index("name")
    changed = models.set_column(place, models.field("name"), [names])
    facts: Any = SimpleNamespace(
        package=package, arrow={"models": changed}, edition="2026.3", other_names=lambda *_: []
    )
    shutil.copytree(ASSETS, out / "assets")
    for pages in (table_pages(facts), search_pages(facts)):
        for path, text in pages:
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            (out / path).write_text(text, encoding="utf-8")
    return out


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium; it is not downloaded, so without one the tests are skipped."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        if "CI" in os.environ:
            pytest.fail("continuous integration must have Chromium, or the site is not tested")
        pytest.skip("the tests of the site need Chromium, on Debian: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Any, served: str) -> Iterator[Callable[..., Any]]:
    """Open a page of the site; afterwards nothing was requested elsewhere, and nothing failed."""
    contexts: list[Any] = []
    faults: list[str] = []

    def opened(path: str, *, width: int = 1400, at: str = served, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: faults.append(said.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda sent: faults.append(sent.url) if not sent.url.startswith(
            (at, "blob:")) else None)  # fmt: skip
        page.goto(f"{at}/{path}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def column(page: Any, name: str) -> list[str]:
    """Return the cells of a column, as they are shown."""
    cells = page.locator(f'tbody td[data-label="{name}"]')
    return [text.strip() for text in cells.all_inner_texts()]


def count(page: Any) -> str:
    return str(page.locator("output").inner_text())


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_on_a_phone(path: str, visit: Callable[..., Any]) -> None:
    page = visit(path, width=390)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    ("path", "scheme"),
    [*((path, "light") for path in PAGES), *((path, "dark") for path in PAGES[1::3])],
)
def test_axe_finds_no_serious_fault(path: str, scheme: str, visit: Callable[..., Any]) -> None:
    page = visit(path, color_scheme=scheme)
    page.wait_for_load_state("networkidle")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    serious = [
        (each["id"], [node["html"][:200] for node in each["nodes"][:3]])
        for each in found if each["impact"] in ("serious", "critical")
    ]  # fmt: skip
    assert serious == []


def test_filters_of_texts_numbers_choices_and_dates_reduce_what_is_shown(
    visit: Callable[..., Any],
) -> None:
    page = visit("tables/estimates/index.html")
    before = count(page)
    page.get_by_label("Filter: quantity id, contains").fill("=training_cost")
    costs = count(page)
    assert set(column(page, "quantity id")) == {"training_cost"}
    page.get_by_label("Filter: value, from").fill("1M")
    page.get_by_label("Filter: value, to").fill("20M")
    assert len({before, costs, count(page)}) == 3
    values = [float(v.strip("$M")) for v in column(page, "value") if v.endswith("M")]
    assert len(values) > 3
    assert all(1 <= value <= 20 for value in values)
    page.get_by_label("Filter: basis").select_option("estimated")
    assert set(column(page, "basis")) == {"estimated"}
    page.goto(page.url.partition("#")[0].replace("estimates", "model_dates"))
    page.get_by_label("Filter: date, from").fill("2022-05")
    page.get_by_label("Filter: date, to").fill("2022")
    days = column(page, "date")
    assert days
    assert all("2022-05" <= day < "2023" for day in days)


def test_a_heading_sorts_numbers_as_numbers_and_missing_ones_last(
    visit: Callable[..., Any],
) -> None:
    page = visit("tables/estimates/index.html#quantity_id==parameters")

    def values() -> list[float]:
        return [float(text.replace(",", "")) for text in column(page, "value") if text]

    page.get_by_role("button", name="value", exact=True).click()
    assert values() == sorted(values())
    page.get_by_role("button", name="value", exact=True).click()
    assert values() == sorted(values(), reverse=True)
    assert page.locator("th[aria-sort]").inner_text().strip() == "value"
    assert page.evaluate("document.activeElement.dataset.sort") == "value"


def test_rows_are_grouped_and_a_group_opens(visit: Callable[..., Any]) -> None:
    page = visit("tables/estimates/index.html")
    page.get_by_label("Group by").select_option("basis")
    groups = page.locator("tbody.group")
    sizes = [int(text.split()[-1].replace(",", "")) for text in groups.all_inner_texts()]
    total = int(count(page).split()[0].replace(",", ""))
    assert sum(sizes) == total
    assert column(page, "value") == []
    groups.first.get_by_role("button").press("Enter")
    assert len(set(column(page, "basis"))) == 1
    assert groups.first.get_by_role("button").first.get_attribute("aria-expanded") == "true"


def test_the_address_restores_the_view(visit: Callable[..., Any]) -> None:
    page = visit("tables/estimates/index.html")
    page.get_by_label("Search", exact=True).fill("gpt-3 cottier")
    page.get_by_label("Filter: basis").select_option("estimated")
    page.get_by_role("button", name="quantity id", exact=True).click()
    page.locator(".choose summary").click()
    page.locator(".choose").get_by_label("level", exact=True).check()
    rows, address = page.locator("tbody").first.inner_text(), page.url
    other = visit(address.partition("/tables")[2].join(["tables", ""]))
    assert other.locator("tbody").first.inner_text() == rows
    assert other.get_by_label("Search", exact=True).input_value() == "gpt-3 cottier"
    assert other.get_by_role("button", name="level", exact=True).is_visible()
    other.get_by_role("button", name="Reset").click()
    assert "#" not in other.url
    assert other.locator("tbody").first.inner_text() != rows


def test_a_number_leads_to_its_source_in_two_clicks(visit: Callable[..., Any]) -> None:
    page = visit("tables/estimates/index.html#row=gpt-3-training-cost")
    dialog = page.get_by_role("dialog")
    assert "12000000 USD" in dialog.inner_text()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert "row=" not in page.url
    page.get_by_label("Filter: estimate id, contains").fill("gpt-3-training-cost")
    page.locator('tbody td[data-label="value"]').first.click()
    assert page.url.endswith("&row=gpt-3-training-cost")
    link = dialog.get_by_role("link", name="cottier-2022-summary")
    link.click()
    page.get_by_role("heading", level=1).filter(has_text="Understanding").wait_for()
    assert page.url.endswith("/sources/cottier-2022-summary/index.html")
    page.go_back()
    dialog.wait_for()
    page.go_back()
    dialog.wait_for(state="hidden")


def test_the_view_is_downloaded_as_csv_with_exact_values(visit: Callable[..., Any]) -> None:
    page = visit("tables/estimates/index.html#estimate_id==gpt-3-training-cost&columns=note,value")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download this view (CSV)").click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert list(csv.reader(io.StringIO(text))) == [
        ["value", "note", "unit", "currency", "price_year"],
        ["12000000", "actual cost, not the price of a repetition today", "currency", "USD", ""],
    ]


@pytest.mark.parametrize("table", ["estimates", "model_dates", "hardware_prices", "benchmarks"])
def test_the_first_rows_are_the_same_without_scripts(table: str, visit: Callable[..., Any]) -> None:
    """So numbers and dates are written alike by the library and in the browser."""
    rows = [
        visit(f"tables/{table}/index.html", java_script_enabled=scripts).locator("tbody").first
        for scripts in (False, True)
    ]
    without, scripted = (re.sub(r"[\s⋯]+", " ", body.inner_text()) for body in rows)
    assert scripted == without
    assert len(without) > 1000


def test_the_search_finds_names_with_typing_errors_by_keyboard(visit: Callable[..., Any]) -> None:
    page = visit("tables/index.html")
    page.keyboard.press("/")
    for words, expected in {
        "llama 65": "LLaMA-65B", "gtp-3": "GPT-3 175B", "chincilla": "Chinchilla",
        "estmates": "Estimates", "gpt3": "GPT-3 175B",
    }.items():  # fmt: skip
        page.keyboard.press("Control+a")
        page.keyboard.type(words)
        first = page.get_by_role("option").first
        first.filter(has_text=expected).wait_for()
    page.keyboard.press("ArrowDown")
    assert first.get_attribute("aria-selected") == "true"
    with page.expect_navigation(wait_until="commit"):
        page.keyboard.press("Enter")
    assert page.url.endswith("/models/gpt-3/index.html")


def test_results_have_an_address(visit: Callable[..., Any]) -> None:
    page = visit("search/index.html?q=llama%2065")
    first = page.locator("[data-results] a").first
    assert first.inner_text() == "LLaMA-65B"
    assert first.get_attribute("href") == "../models/llama-65b/index.html"


def test_the_chart_is_filtered_and_its_address_restores_it(visit: Callable[..., Any]) -> None:
    page = visit("charts/explore/index.html")
    points = page.locator("figure circle")
    before = points.count()
    page.get_by_label("Show").select_option("training-cost")
    page.get_by_label("Domain").select_option("language")
    after = points.count()
    assert 1 < after < before
    other = visit("charts/explore/index.html" + page.url.partition("index.html")[2])
    assert other.locator("figure circle").count() == after
    other.locator("figure svg").focus()
    other.keyboard.press("ArrowRight")
    assert re.search(
        r"\$[\d.]+[KMB].*\n(reviewed|imported): \w", other.locator(".tip").inner_text()
    )
    with other.expect_download() as waiting:
        other.get_by_role("button", name="Download SVG").click()
    drawing = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert drawing.startswith("<svg")
    assert "CC BY 4.0" in drawing


def test_a_cell_with_a_script_stays_text(visit: Callable[..., Any], hostile: Path) -> None:
    at = hostile.as_uri()
    for path in ("tables/models/index.html", "tables/models/index.html#row=alphafold-2",
                 "search/index.html?q=hostile"):  # fmt: skip
        page = visit(path, at=at)
        page.get_by_text(HOSTILE, exact=False).first.wait_for(state="attached")
        assert page.evaluate("window.hostile") is None
    plain = visit("tables/models/index.html", at=at, java_script_enabled=False)
    assert HOSTILE in plain.locator("tbody").first.inner_text()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_link_opens_what_is_folded(scripts: bool, visit: Callable[..., Any]) -> None:
    page = visit("models/gpt-3/index.html", width=390, java_script_enabled=scripts)
    assert page.evaluate("document.documentElement.scrollHeight") < 30_000
    link = page.locator("section[aria-labelledby=scores] a[href*='#evaluations/']").first
    name = unquote(str(link.get_attribute("href"))).partition("#")[2]
    row = page.locator(f'[id="{name}"]')
    assert not row.is_visible()
    link.click()
    row.wait_for(state="visible")
    if scripts:  # as in a browser that opens nothing by itself
        page.evaluate("for (const fold of document.querySelectorAll('.fold')) fold.open = false")
        row.wait_for(state="hidden")
        page.evaluate("dispatchEvent(new HashChangeEvent('hashchange'))")
        row.wait_for(state="visible")
    page.evaluate("for (const fold of document.querySelectorAll('.fold')) fold.open = false")
    page.emulate_media(media="print")
    assert row.is_visible()


def test_the_choice_of_colours_is_remembered(visit: Callable[..., Any]) -> None:
    page = visit("tables/index.html", color_scheme="light")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.get_by_role("button", name="Colours: as the system").click()
    page.get_by_role("button", name="Colours: light").click()
    dark = page.evaluate(colour)
    page.reload()
    assert page.evaluate(colour) == dark != light


def test_pages_work_from_disk(visit: Callable[..., Any], site: Path) -> None:
    page = visit("tables/estimates/index.html#basis==estimated", at=site.as_uri())
    assert set(column(page, "basis")) == {"estimated"}
    results = visit("search/index.html?q=gtp-3", at=site.as_uri())
    results.get_by_role("link", name="GPT-3 175B").first.wait_for()


def test_the_first_edition_has_tables_search_and_chart_too() -> None:
    """It lacks columns and tables of today."""
    facts = Facts(open_dataset(version="2026.1"))
    made = dict([*table_pages(facts), *search_pages(facts), *explore_pages(facts)])
    assert "GPT-3" in made["tables/models/index.html"]
    assert '"gpt-3' in made["search/entries.js"]
    assert '"id":"gpt-3"' in made["charts/explore/points.js"]


@pytest.mark.parametrize("path", VENDORED)
def test_files_of_others_are_as_they_were_published(path: str) -> None:
    assert sha256((ROOT / path).read_bytes()).hexdigest() == VENDORED[path]
