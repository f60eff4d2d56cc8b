"""The page of a report: each figure leads to its source, nothing is loaded, data are only text."""

import dataclasses
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

import diffdata
from diffdata import cli
from diffdata.answers.layout import Cited, Section, parts_of
from diffdata.answers.page import Report, _drawing, _linked, _listings
from diffdata.package.packages import Package
from diffdata.plot import PLOTS

from .test_cli import main

SCRIPT = "<script>alert('a & b')</script>"


class Page(HTMLParser):
    """The elements of a page, and its text without scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.words: list[str] = []
        self._inside = ""
        self.feed(text)
        self.text = " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag if tag in self.raw else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""
        # Cells and rows end words; parts of a sentence do not.
        self.words += [] if tag in ("a", "small", "strong") else [" "]

    def handle_data(self, data: str) -> None:
        (self.raw[self._inside] if self._inside else self.words).append(data)

    def values(self, name: str) -> list[str]:
        return [attributes[name] or "" for _, attributes in self.elements if name in attributes]


@pytest.fixture(scope="module")
def found(package: Package) -> dict[str, Report]:
    return {
        "gpt-3": diffdata.report("gpt-3", package=package),
        "state": diffdata.report(package=package),
        "old": diffdata.report("bloom", version="2026.1"),
    }


@pytest.fixture(scope="module")
def pages(found: dict[str, Report]) -> dict[str, str]:
    return {name: report.to_html() for name, report in found.items()}


@pytest.fixture
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)


NAMES = ["gpt-3", "state", "old"]


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str, pages: dict[str, str]) -> None:
    page = Page(pages[name])
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    inner = [address[1:] for address in page.values("href") if address.startswith("#")]
    assert len(inner) > 20
    assert set(inner) <= set(ids)


@pytest.mark.parametrize("name", NAMES)
def test_every_row_behind_a_figure_is_listed(name: str, found: dict[str, Report]) -> None:
    listings = {(row.table, row.key): row for row in _listings(found[name])}
    anchors = {key: row.anchor for key, row in listings.items()}
    cited = 0
    for part in found[name].parts:
        for row in part.rows:
            for cell in (row,) if isinstance(row, str) else row:
                wanted = [rows for words, rows in parts_of(cell) if words]
                for rows, (_, linked) in zip(
                    wanted, (x for x in _linked(cell, anchors) if x[0]), strict=True
                ):
                    assert len(linked) == len(rows)
                    cited += len(rows)
    assert cited > 20
    for row in listings.values():
        assert row.says
        assert row.table == "models" or (row.source_id and row.verification)


def test_a_figure_is_listed_with_its_source(pages: dict[str, str]) -> None:
    (row,) = re.findall(r'<tr id="estimates/gpt-3-training-cost">.*', pages["gpt-3"])
    shown = Page(row).text
    for text in ("training cost of gpt-3: $12M (5M to 33M, 90 %)", "$12M (90% CI: $5M\u2013$33M)",
                 "cottier-2022-summary", "Table 3", "read", "agrees"):  # fmt: skip
        assert text in shown
    assert 'href="#sources/cottier-2022-summary"' in row
    assert (
        '<a href="#estimates/gpt-3-training-cost">$12M (5-33), 90% interval</a>' in pages["gpt-3"]
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_page_and_the_terminal_have_the_same_texts(
    name: str, found: dict[str, Report], pages: dict[str, str]
) -> None:
    shown = re.sub(r'<a class="more".*?</a>', "", pages[name])
    words = Page(shown).text.replace(" ", "")
    for part in found[name].parts:
        if part.on == "screen":
            continue
        for row in part.rows[1:] if part.kind == "table" else part.rows:
            for cell in (row,) if isinstance(row, str) else row:
                assert "".join(cell.split()) in words


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_loaded_and_only_its_own_script_runs(name: str, pages: dict[str, str]) -> None:
    page = Page(pages[name])
    (policy,) = [
        attributes["content"] or "" for tag, attributes in page.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]  # fmt: skip
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for kind in ("script", "style"):
        (text,) = page.raw[kind]
        expected = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{expected}'" in policy
        assert "http" not in text
        assert "url(" not in text
        assert "@import" not in text
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"img", "link", "iframe", "object", "embed", "base", "form", "image", "use"}
    names = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in names if name.startswith("on")}
    assert not names & {"src", "srcset", "style", "action", "ping", "xlink:href"}
    assert {tag for tag, attributes in page.elements if "href" in attributes} == {"a"}
    outer = [address for address in page.values("href") if not address.startswith("#")]
    assert all(re.match("https?://", address) for address in outer)


@pytest.mark.parametrize("name", NAMES)
def test_pages_are_small(name: str, pages: dict[str, str]) -> None:
    assert len(pages[name].encode()) < 1_000_000


def test_what_the_reader_looks_for_is_there(pages: dict[str, str]) -> None:
    model, state = Page(pages["gpt-3"]).text, Page(pages["state"]).text
    for text in ("disputed", "corrected", "As printed", "Citation", "@misc", "[Data set]"):
        assert text in model
    for text in ("Coverage", "Clocks", "crossed a threshold", "Disputed", "frontier"):
        assert text in state


def test_charts_are_drawn_inline(pages: dict[str, str]) -> None:
    pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    for name in ("gpt-3", "state"):
        titles = [
            attributes["aria-label"] or "" for tag, attributes in Page(pages[name]).elements
            if tag == "svg"
        ]  # fmt: skip
        assert len(titles) >= 4
        assert all(titles)
    assert "Training cost of GPT-3 175B" in pages["gpt-3"]


@pytest.mark.usefixtures("no_charts")
def test_without_altair_there_are_no_charts_and_one_line_says_so(
    found: dict[str, Report],
) -> None:
    page = found["old"].to_html()
    assert "<svg" not in page
    assert "The charts are left out: this needs the library altair" in page
    assert "pip install 'diffdata[plot]'" in unescape(page)


@pytest.mark.usefixtures("no_charts")
def test_data_are_never_markup(found: dict[str, Report]) -> None:
    report = found["old"]
    frames = {name: frame.copy() for name, frame in report.frames.items()}
    for table, columns in (("sources", ["title", "authors"]),
                           ("estimates", ["as_printed", "locator", "note"])):  # fmt: skip
        for column in columns:
            frames[table][column] = SCRIPT
    frames["sources"]["url"] = "javascript:alert(1)"
    estimate = frames["estimates"]["estimate_id"].iloc[0]
    row = (SCRIPT, Cited((SCRIPT, [("estimates", estimate)])))
    parts = [
        Section(SCRIPT, [row], "grid", note=SCRIPT), Section(SCRIPT, [SCRIPT], "lines"),
        Section(SCRIPT, [(SCRIPT, 'x" onclick="f()'), row]), *report.parts,
    ]  # fmt: skip
    page = dataclasses.replace(report, title=SCRIPT, parts=parts, frames=frames).to_html()
    parsed = Page(page)
    assert [tag for tag, _ in parsed.elements].count("script") == 1
    assert parsed.text.count(SCRIPT) > 20
    assert "onclick" not in {name for _, attributes in parsed.elements for name in attributes}
    assert not any(address.startswith("javascript") for address in parsed.values("href"))
    assert "javascript:alert(1)" in parsed.text


def test_drawings_only_draw() -> None:
    pytest.importorskip("altair")
    vl_convert = pytest.importorskip("vl_convert")
    plot = PLOTS["estimates"]
    frames = [diffdata.load(name, "2026.2") for name in plot.tables]
    frames[1] = frames[1].assign(name=SCRIPT)
    svg = vl_convert.vegalite_to_svg(plot(*frames).to_dict())
    drawn = Page(_drawing(svg, "c-", SCRIPT))
    assert "script" not in {tag for tag, _ in drawn.elements}
    assert SCRIPT.split()[0] in drawn.text
    hostile = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink">'
        '<a href="javascript:f()"><text>a</text></a><image x:href="http://a.b/c.png"/>'
        '<rect onclick="f()" style="fill: red" fill="url(http://a.b)" width="1.23456" '
        'clip-path="url(#one)"/><foreignObject/><defs><clipPath id="one"/></defs></svg>'
    )
    assert _drawing(hostile, "c-", "t") == (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="t">'
        '<rect width="1.23" clip-path="url(#c-one)" /><defs><clipPath id="c-one" /></defs></svg>'
    )


@pytest.mark.usefixtures("no_charts")
def test_the_command_writes_the_page(tmp_path: Path) -> None:
    file = tmp_path / "new" / "yalm.html"
    words = ["--edition", "2026.1", "report", "yalm-100b", "--html", str(file)]
    result = CliRunner().invoke(cli.app, words)
    assert result.exit_code == 0
    assert result.stdout.strip() == str(file)
    assert file.read_text() == diffdata.report("yalm-100b", version="2026.1").to_html()


@pytest.mark.usefixtures("no_charts")
def test_mistakes_are_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def written(model: str, path: Path) -> str:
        words = ("--edition", "2026.1", "report", model, "--html", str(path))
        return main(capsys, monkeypatch, *words)

    file = tmp_path / "page.html"
    assert "no model named 'gtp-3'; did you mean gpt-3" in written("gtp-3", file)
    assert not file.exists()
    occupied = tmp_path / "file"
    occupied.write_text("kept")
    for path in (tmp_path, occupied / "page.html"):
        assert f"{path}: cannot be written: " in written("yalm-100b", path)
    assert occupied.read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_browser_runs_the_script_under_the_policy(pages: dict[str, str], tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("there is no chromium")
    file = tmp_path / "page.html"
    file.write_text(pages["gpt-3"], encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
               f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", file.as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert 'placeholder="Filter rows"' in done.stdout
    assert "CONSOLE" not in done.stderr
