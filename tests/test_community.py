"""What contributors read: links lead somewhere, and forms ask for what a report needs."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import diffdata
from diffdata.package.packages import Package

from .conftest import ROOT

PAGES = [
    *ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md"), ROOT / ".github/PULL_REQUEST_TEMPLATE.md",
]  # fmt: skip
FORMS = ROOT / ".github/ISSUE_TEMPLATE"


def text_of(path: Path) -> str:
    """Return a page without its code, in which brackets are no links."""
    return re.sub(r"^```.*?^```|`[^`\n]*`", "", path.read_text(), flags=re.M | re.S)


def anchors(path: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub makes them."""
    without_code = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", without_code, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> list[tuple[Path, str]]:
    found = [(path, re.findall(r"\]\(([^)\s]+)\)", text_of(path))) for path in PAGES]
    return [(path, link) for path, names in found for link in names if "://" not in link]


def test_links_lead_to_files_and_headings_that_exist() -> None:
    assert links()
    for page, link in links():
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


@pytest.mark.parametrize("path", [path for path in PAGES if path.parent.name == "docs"], ids=str)
def test_the_readme_lists_every_page(path: Path) -> None:
    assert (ROOT / "README.md", f"docs/{path.name}") in links()


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "SECURITY.md"])
def test_the_readme_lists_what_contributors_need(name: str) -> None:
    assert (ROOT / "README.md", name) in links()


def fields(form: str) -> dict[str, Any]:
    body = yaml.safe_load((FORMS / f"{form}.yml").read_text())["body"]
    return {field["id"]: field for field in body if field["type"] != "markdown"}


@pytest.mark.parametrize(
    ("form", "required"),
    [
        ("wrong-figure", {"edition", "row", "found", "expected", "source", "kind"}),
        ("new-figure", {"source", "figures", "verification"}),
        ("bug", {"done", "happened", "expected", "versions"}),
        ("question", {"question"}),
    ],
)
def test_forms_require_what_a_report_needs(form: str, required: set[str]) -> None:
    found = fields(form)
    assert {
        name for name in found if found[name].get("validations", {}).get("required")
    } == required


def test_every_form_is_named_in_the_guide() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    forms = [path for path in FORMS.glob("*.yml") if path.stem != "config"]
    assert len(forms) == 4
    for path in forms:
        assert f"*{yaml.safe_load(path.read_text())['name']}*" in guide


def test_the_form_for_figures_knows_the_kinds_of_verification(package: Package) -> None:
    options = fields("new-figure")["verification"]["attributes"]["options"]
    kinds = [re.findall(r"\((\w+)\)", option)[0] for option in options]
    (field,) = (f for f in package.schema("estimates").fields if f.name == "verification")
    assert kinds == list(field.constraints.enum or ())


def test_names_in_the_glossary_exist(package: Package) -> None:
    """Names in backticks are tables, columns, values, rules, functions or arguments."""
    known = {*package.tables, *diffdata.__all__, "code", "datapackage.json"}
    for schema in map(package.schema, package.tables):
        known.update(schema.column_names, (rule.rule for rule in schema.rules))
        known.update(value for field in schema.fields for value in field.constraints.enum or ())
    glossary = (ROOT / "docs/glossary.md").read_text()
    names = {re.split(r"[(=]", name)[0] for name in re.findall(r"`([^`]+)`", glossary)}
    functions = [getattr(diffdata, name) for name in diffdata.__all__]
    for function in filter(inspect.isfunction, functions):
        known.update(inspect.signature(function).parameters)
    # The status of a lag, an edition, and a function of R with its argument.
    status = {"not_reached", "not_stated"}
    assert names - known == status | {"2026.1", "survfit", "interval2"}
