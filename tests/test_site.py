"""The site as files: links, figures, policies, sizes; in a browser it is tested elsewhere."""

import json
import random
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pandas as pd
import pytest

import diffdata
from diffdata.errors import PackageError
from diffdata.lookup.text import human
from diffdata.site import build_site
from diffdata.site.layout import page

from .conftest import ROOT

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)
LARGEST, LARGEST_FIRST = 1_000_000, 300_000
_LOADING = {"src", "srcset", "data", "poster", "action"}


class Page(HTMLParser):
    """What a page refers to, its anchors, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: set[str] = set()
        self.faults: list[str] = []
        self.policy = ""
        self.words: list[str] = []
        self.inside = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.inside = tag
        if "id" in given:
            if given["id"] in self.ids:
                self.faults.append(f"the id {given['id']} twice")
            self.ids.add(given["id"])
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif "href" in given:
            self.loaded.append(given["href"])
        self.loaded += [given[name] for name in _LOADING & set(given) if tag != "form"]
        if "style" in given or tag == "style" or any(name.startswith("on") for name in given):
            self.faults.append(f"inline style or script in <{tag}>")
        if tag == "script" and "src" not in given and given.get("type") != "application/ld+json":
            self.faults.append("an inline script")

    def handle_data(self, data: str) -> None:
        if self.inside not in ("script", "style"):
            self.words.append(data)


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    return {path.relative_to(site).as_posix(): Page(path) for path in sorted(site.rglob("*.html"))}


def test_every_link_and_anchor_resolves(site: Path, pages: dict[str, Page]) -> None:
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    broken = []
    for name, found in pages.items():
        for link in [*found.links, *found.loaded]:
            parts = urlsplit(link)
            if parts.scheme or link.startswith("//"):
                continue
            steps = [*name.split("/")[:-1], *unquote(parts.path).split("/")] if parts.path else [
                *name.split("/")]  # fmt: skip
            target: list[str] = []
            for step in steps:
                if step == "..":
                    assert target, f"{name}: {link} leads out of the site"
                    target.pop()
                elif step != ".":
                    target.append(step)
            path = "/".join(target)
            if path not in files:
                broken.append(f"{name}: {link}")
            elif parts.fragment and path in pages:
                # Rows and views of a table are found by its script.
                of_script = "=" in parts.fragment and path.startswith("tables/")
                if (
                    not of_script
                    and not {parts.fragment, unquote(parts.fragment)} & pages[path].ids
                ):
                    broken.append(f"{name}: {link}: no such anchor")
    assert not broken, (len(broken), broken[:20])


def test_pages_load_nothing_from_elsewhere_and_have_the_policy(pages: dict[str, Page]) -> None:
    for name, found in pages.items():
        assert found.policy == POLICY, name
        assert not found.faults, (name, found.faults[:3])
        for address in found.loaded:
            assert not urlsplit(address).scheme, (name, address)
            assert not address.startswith("//"), (name, address)
        for link in found.links:
            assert urlsplit(link).scheme in ("", "http", "https"), (name, link)


def test_pages_are_small(site: Path) -> None:
    sizes = {path: path.stat().st_size for path in site.rglob("*.html")}
    assert max(sizes.values()) < LARGEST, max(sizes, key=lambda path: sizes[path])
    assert sizes[site / "index.html"] < LARGEST_FIRST


def test_figures_on_20_pages_are_those_of_the_data(site: Path, pages: dict[str, Page]) -> None:
    estimates = diffdata.load("estimates").dropna(subset=["model_id", "value"])
    models = random.Random(19).sample(sorted(set(estimates["model_id"])), 20)
    for model in models:
        name = f"models/{model}/index.html"
        text = " ".join(" ".join(pages[name].words).split())
        content = json.loads((site / f"models/{model}/data.json").read_text("utf-8"))
        rows = {row["estimate_id"]: row for row in content["rows"]["estimates"]}
        for row in estimates[estimates["model_id"] == model].to_dict("records"):
            unit = row["unit"] if row["unit"] != "currency" else row["currency"]
            assert human(row["value"], unit) in text, (name, row["estimate_id"])
            for part in ("source_id", "locator", "verification"):
                assert " ".join(row[part].split()) in text, (name, row["estimate_id"], part)
            assert rows.pop(row["estimate_id"])["value"] == row["value"]
            assert f"estimates/{row['estimate_id']}" in pages[name].ids
        assert all("value" not in row for row in rows.values())
        frame = pd.read_csv(site / f"models/{model}/data.csv")
        found = frame[frame["table"] == "estimates"].set_index("key")["value"].dropna()
        expected = estimates[estimates["model_id"] == model].set_index("estimate_id")["value"]
        assert found.to_dict() == expected.to_dict()


def test_the_cost_of_gpt_3_leads_to_its_source(site: Path, pages: dict[str, Page]) -> None:
    home = (site / "index.html").read_text("utf-8")
    assert "$12M (5M to 33M, 90 %)" in home
    assert 'href="models/gpt-3/index.html#training_cost"' in home
    model = pages["models/gpt-3/index.html"]
    assert {"training_cost", "estimates/gpt-3-training-cost"} <= model.ids
    assert "../../sources/cottier-2022-summary/index.html" in model.links
    ledger = pages["ledger/opt-175b-cost-ratio/index.html"]
    assert "../../models/gpt-3/index.html#estimates/gpt-3-training-cost" in ledger.links


def test_texts_are_never_markup() -> None:
    hostile = "<script>alert(1)</script>"
    text = page("base.html.j2", "index.html", title=hostile, description=hostile, edition="1.0")
    assert hostile not in text
    assert "&lt;script&gt;" in text


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A package of few tables, in which a name and a source are hostile."""
    root = tmp_path / "small"
    (root / "data").mkdir(parents=True)
    shutil.copytree(ROOT / "schemas", root / "schemas")
    described = json.loads((ROOT / "datapackage.json").read_text("utf-8"))
    wanted = {"sources", "organizations", "models", "quantities"}
    described["resources"] = [one for one in described["resources"] if one["name"] in wanted]
    for one in described["resources"]:
        one["path"] = one["path"][:1] if isinstance(one["path"], list) else one["path"]
        first = one["path"][0] if isinstance(one["path"], list) else one["path"]
        shutil.copy(ROOT / first, root / first)
    (root / "datapackage.json").write_text(json.dumps(described), "utf-8")
    models = root / "data/models.csv"
    models.write_text(
        models.read_text("utf-8").replace("AlphaFold 2", "<script>alert(1)</script>", 1)
    )
    return root


def contents_of(root: Path) -> dict[str, bytes]:
    found = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def test_a_small_package_gives_the_same_bytes_and_replaces_its_site(
    small: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = contents_of(build_site(out, package=small, docs=False))
    (out / "left.html").write_text("of an earlier site")
    assert contents_of(build_site(out, package=small, docs=False)) == first
    names = b"".join(text for name, text in first.items() if name.endswith(".html"))
    assert b"<script>alert" not in names
    assert b"&lt;script&gt;alert" in names
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".out")]


def test_another_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(PackageError, match="not a site"):
        build_site(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
