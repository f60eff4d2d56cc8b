"""Citations are correct, and the usual tools read them."""

import importlib.resources
import json
import warnings
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import rispy
import yaml
from hypothesis import given
from hypothesis import strategies as st

import diffdata
from diffdata.errors import DescriptorError, UnknownNameError
from diffdata.exporting import schema_org
from diffdata.exporting.citation import (
    STYLES,
    apa,
    bibtex,
    citation_of,
    latex,
    source_item,
    yaml_text,
)
from diffdata.lookup.text import each
from diffdata.package.packages import Package, open_package

from .conftest import ROOT, edit
from .packages import add_table, field, make_package

SOURCES = diffdata.load("sources")
IDS = set(SOURCES["source_id"])
DATASET = f"diffdata-{SOURCES.attrs['version']}"
ESTIMATES = diffdata.load("estimates")
QUOTED = ESTIMATES[ESTIMATES["verification"] == "quoted"].iloc[0]
DOI = "10.5281/zenodo.1234567"


def items(what: str | None = None, **options: Any) -> dict[str, dict[str, Any]]:
    made = json.loads(diffdata.cite(what, style="csl-json", **options))
    return {item["id"]: item for item in made}


def cff_schema() -> Any:
    """The JSON schema of the Citation File Format, as check-jsonschema contains it."""
    folder = importlib.resources.files("check_jsonschema") / "builtin_schemas/vendor"
    return json.loads((folder / "citation-file-format.json").read_text())


def check_cff(text: str) -> dict[str, Any]:
    """Read a CFF file as other programs do, and validate it with the schema of the format."""
    # Python reads some texts as dates that other readers of YAML do not.
    found = yaml.load(text, Loader=yaml.BaseLoader)
    typed = yaml.safe_load(text)
    jsonschema.validate(typed, cff_schema())
    assert found["version"] == typed["version"]
    return typed


def test_the_table_sources_cites_all_sources() -> None:
    assert set(items("sources")) == IDS | {f"{DATASET}-sources"}


def test_every_source_passes_a_bibtex_processor() -> None:
    from pybtex.backends.plaintext import Backend
    from pybtex.database import parse_string
    from pybtex.richtext import Text
    from pybtex.style.formatting.plain import Style

    read = parse_string(diffdata.cite("sources", style="bibtex"), "bibtex")
    assert set(read.entries) == IDS | {f"{DATASET}-sources"}
    for row in each(SOURCES):
        entry = read.entries[row.source_id]
        # pybtex leaves the backslash before a dollar.
        assert str(Text.from_latex(entry.fields["title"])).replace(r"\$", "$") == row.title
        named = row.authors.split("; ") if isinstance(row.authors, str) else []
        assert len(entry.persons.get("author", [])) == len(named)
    printed = list(Style().format_bibliography(read))
    assert len(printed) == len(IDS) + 1
    assert all(entry.text.render(Backend()) for entry in printed)


@given(st.text(alphabet="ab1 é漢\\{}~^&%$#_@=()[]", min_size=1))
def test_bibtex_preserves_any_text(text: str) -> None:
    from pybtex.database import parse_string
    from pylatexenc.latex2text import (
        LatexNodes2Text,
        MacroTextSpec,
        get_default_latex_context_db,
    )

    text = " ".join(text.split())  # BibTeX reads several blanks as one
    read = parse_string(f"@misc{{a, title = {{{{{latex(text)}}}}}}}", "bibtex")
    # LaTeX commands that pylatexenc does not know, or prints as a similar character.
    missing = {"textbraceleft": "{", "textbraceright": "}", "textasciicircum": "^"}
    known = get_default_latex_context_db()
    macros = [MacroTextSpec(name, char) for name, char in missing.items()]
    known.add_context_category("text", prepend=True, macros=macros)
    decoder = LatexNodes2Text(latex_context=known, strict_latex_spaces=True)
    assert decoder.latex_to_text(read.entries["a"].fields["title"]) == text


def test_every_source_passes_a_csl_processor() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from the import, not from the citations
        from citeproc import (
            Citation,
            CitationItem,
            CitationStylesBibliography,
            CitationStylesStyle,
            formatter,
        )
        from citeproc.source.json import CiteProcJSON
    made = items("sources")
    style = CitationStylesStyle("harvard-cite-them-right", validate=False)
    bibliography = CitationStylesBibliography(
        style, CiteProcJSON(list(made.values())), formatter.plain
    )
    for name in made:
        bibliography.register(Citation([CitationItem(name)]))
    bibliography.sort()
    printed = [str(entry) for entry in bibliography.bibliography()]
    assert len(printed) == len(made)
    text = "\n".join(printed)
    brown = next(line for line in printed if "Few-Shot" in line)
    assert "Brown" in brown
    assert "2020" in brown
    for item in made.values():
        for name in item.get("author", [])[:1]:  # the style omits the others
            assert name.get("literal", name.get("family")) in text


def test_every_source_passes_a_ris_reader() -> None:
    read = rispy.loads(diffdata.cite("sources", style="ris"))
    assert [entry["id"] for entry in read[1:]] == sorted(IDS)
    by_id = {entry["id"]: entry for entry in read}
    for row in each(SOURCES):
        assert by_id[row.source_id]["title"] == row.title
    assert by_id["brown-2020"]["date"] == "2020/05/28/"
    assert by_id["brown-2020"]["authors"][:2] == ["Brown, Tom B.", "Mann, Benjamin"]


@pytest.mark.parametrize("what", [None, "sources", "quantities", QUOTED["estimate_id"]])
def test_cff_follows_the_schema_of_the_format(what: str | None) -> None:
    read = check_cff(diffdata.cite(what, style="cff"))
    assert read["type"] == "dataset"
    assert read["version"] == SOURCES.attrs["version"]
    assert len(read.get("references", [])) == len(items(what)) - 1


def test_the_schema_of_cff_rejects_unknown_keys() -> None:
    text = diffdata.cite(style="cff").replace("cff-version", "cff-versoin")
    with pytest.raises(jsonschema.ValidationError):
        check_cff(text)


def test_the_citation_file_of_the_repository_is_the_citation() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert text.partition("\n")[2] == diffdata.cite(style="cff")
    check_cff(text)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.integers())
def test_yaml_preserves_any_text(value: str | int) -> None:
    assert yaml.safe_load(yaml_text({"a": value})) == {"a": value}


def test_an_estimate_names_its_source_the_place_and_the_quoting_source() -> None:
    name = QUOTED["estimate_id"]
    dataset, *sources = items(name).values()
    assert dataset["id"] == f"{DATASET}-{name}"
    assert name in dataset["title"]
    assert [item["id"] for item in sources] == [QUOTED["source_id"], QUOTED["quoted_in_source_id"]]
    assert sources[0]["note"] == (
        f"{QUOTED['locator']}; read as quoted in {QUOTED['quoted_in_source_id']}"
    )
    for style in STYLES:
        text = diffdata.cite(name, style=style)
        for row in each(SOURCES[SOURCES["source_id"].isin(item["id"] for item in sources)]):
            title = latex(row.title) if style == "bibtex" else row.title
            assert title in text.replace('\\"', '"'), style
        assert SOURCES.attrs["version"] in text, style


@pytest.mark.parametrize("name", ESTIMATES["estimate_id"].iloc[:: len(ESTIMATES) // 7])
def test_estimates_of_all_kinds_can_be_cited(package: Package, name: str) -> None:
    row = ESTIMATES.set_index("estimate_id").loc[name]
    assert citation_of(package, name)[1]["id"] == row["source_id"]


def test_a_table_names_the_sources_of_its_rows_and_no_others(package: Package) -> None:
    table = diffdata.load("training_runs")
    used = {*table["source_id"], *table["quoted_in_source_id"].dropna()}
    assert set(items("training_runs")) - {f"{DATASET}-training_runs"} == used
    assert citation_of(package, "quantities")[1:] == []


def test_a_derived_table_names_the_sources_of_its_inputs() -> None:
    inputs = diffdata.load("model_summary_inputs")
    behind = ESTIMATES[ESTIMATES["estimate_id"].isin(inputs["estimate_id"])]
    assert {*behind["source_id"]} <= set(items("model_summary"))
    assert (
        {*behind["source_id"]}
        <= set(items("model_summary_inputs"))
        <= set(items("estimates")) | {f"{DATASET}-model_summary_inputs"}
    )


def test_dates_have_only_the_known_parts() -> None:
    parts = {
        name: item.get("issued", {}).get("date-parts", [[]])[0]
        for name, item in items("sources").items()
    }
    lengths = {"day": 3, "month": 2, "year": 1}
    for row in each(SOURCES):
        assert len(parts[row.source_id]) == lengths.get(row.published_precision, 0)


@pytest.mark.parametrize("written", [DOI, f"https://doi.org/{DOI}"])
def test_a_doi_is_in_every_style(copy: Path, written: str) -> None:
    assert "doi" not in diffdata.cite(package=copy).lower()
    edit(
        copy / "datapackage.json", '"name": "diffdata",', f'"name": "diffdata", "id": "{written}",'
    )
    for style in STYLES:
        assert DOI in diffdata.cite(package=copy, style=style)
    assert f"https://doi.org/{DOI}\n" in diffdata.cite(package=copy)
    assert check_cff(diffdata.cite(package=copy, style="cff"))["doi"] == DOI


def test_an_identifier_that_is_not_a_doi_is_refused(copy: Path) -> None:
    edit(copy / "datapackage.json", '"name": "diffdata",', '"name": "diffdata", "id": "mine",')
    with pytest.raises(DescriptorError, match="id: 'mine' is not allowed"):
        open_package(copy)


def test_authors_publisher_and_homepage_come_from_the_descriptor(copy: Path) -> None:
    edit(
        copy / "datapackage.json",
        """"contributors": [
    {
      "title": "The diffdata authors",""",
        """"homepage": "https://example.org/d",
  "contributors": [
    {"title": "A Helper", "roles": ["wrangler"]},
    {"title": "A Press", "roles": ["publisher"]},
    {
      "title": "Roe, Ann-Kay Bo",""",
    )
    assert diffdata.cite(package=copy).startswith("Roe, A.-K. B. (2026). diffdata: ")
    assert diffdata.cite(package=copy).endswith("[Data set]. A Press. https://example.org/d\n")
    assert check_cff(diffdata.cite(package=copy, style="cff"))["authors"] == [
        {"family-names": "Roe", "given-names": "Ann-Kay Bo"}
    ]


def test_cff_without_authors_has_an_anonymous_author(copy: Path) -> None:
    edit(copy / "datapackage.json", '"title": "The diffdata authors",', '"title": "X",')
    text = (copy / "datapackage.json").read_text()
    start = text.index('"contributors"')
    end = text.index('"sources": [')
    (copy / "datapackage.json").write_text(text[:start] + text[end:])
    read = check_cff(diffdata.cite(package=copy, style="cff"))
    assert read["authors"] == [{"name": "anonymous"}]
    assert diffdata.cite(package=copy).startswith("diffdata: how AI capabilities spread (Version")


def test_errors_for_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean gpt-3-training-cost"):
        diffdata.cite("gpt-3-trainin-cost")
    with pytest.raises(UnknownNameError, match="did you mean bibtex"):
        diffdata.cite(style="bibtx")


NAMES = {
    "King, Martin Luther, Jr.": ("King, M. L., Jr.", "King, Jr., Martin Luther"),
    "King, Jr., Martin Luther": ("King, M. L., Jr.", "King, Jr., Martin Luther"),
    "Roe, Ann-Kay B.": ("Roe, A.-K. B.", "Roe, Ann-Kay B."),
    "OpenAI, Inc.": ("OpenAI, Inc.", "{OpenAI, Inc.}"),
    "Samsung Electronics Co., Ltd.": (
        "Samsung Electronics Co., Ltd.", "{Samsung Electronics Co., Ltd.}"
    ),
    "National Academies of Sciences, Engineering, and Medicine": (
        "National Academies of Sciences, Engineering, and Medicine",
        "{National Academies of Sciences, Engineering, and Medicine}",
    ),
    "R & D": ("R & D", r"{R \& D}"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_with_suffixes_and_companies_with_commas(name: str) -> None:
    item = source_item({"source_id": "a", "title": "T", "authors": f"{name}; Roe, Bo"})
    in_apa, in_bibtex = NAMES[name]
    assert apa([item]) == f"{in_apa}, & Roe, B. (n.d.). T.\n"
    assert f"  author = {{{in_bibtex} and Roe, Bo}},\n" in bibtex([item])


def test_suffixes_are_in_every_style(copy: Path) -> None:
    edit(copy / "datapackage.json", '"The diffdata authors"', '"King, Martin Luther, Jr."')
    name = {"family": "King", "given": "Martin Luther", "suffix": "Jr."}
    (item,) = items(package=copy).values()
    assert item["author"] == [name]
    assert "AU  - King, Martin Luther, Jr.\n" in diffdata.cite(package=copy, style="ris")
    assert check_cff(diffdata.cite(package=copy, style="cff"))["authors"] == [
        {"family-names": "King", "given-names": "Martin Luther", "name-suffix": "Jr."}
    ]
    (creator,) = schema_org(open_package(copy))["creator"]
    assert (creator["name"], creator["honorificSuffix"]) == ("Martin Luther King Jr.", "Jr.")


def test_no_text_starts_a_field_of_its_own() -> None:
    from pybtex.database import parse_string

    address = "https://arxiv.org/abs/1},note={\\input{x}}"
    row = {"source_id": "a},b={c", "title": "T", "url": address, "doi": "10.1/x},y={"}
    text = bibtex([source_item(row)])
    (entry,) = parse_string(text, "bibtex").entries.values()
    assert set(entry.fields) == {"title", "doi", "url"}
    assert entry.fields["url"] == "https://arxiv.org/abs/1%7D,note=%7B%5Cinput%7Bx%7D%7D"
    row["url"] = "https://arxiv.org/abs/hep-th/9901001v2"
    assert "  eprint = {hep-th/9901001v2},\n" in bibtex([source_item(row)])


def test_line_breaks_and_terminal_escapes_of_a_descriptor_are_not_printed(copy: Path) -> None:
    edit(
        copy / "datapackage.json",
        '"title": "diffdata: how AI capabilities spread"',
        r'"title": "A\nUR  - b\u001b[2J"',
    )
    lines = diffdata.cite(package=copy, style="ris").splitlines()
    assert r"TI  - A UR - b\x1b[2J" in lines
    assert not any(line.startswith("UR") for line in lines)
    for style in STYLES:
        assert "\x1b" not in diffdata.cite(package=copy, style=style)


def test_apa_references_are_complete_and_sorted() -> None:
    lines = diffdata.cite("sources").splitlines()
    assert lines[0].startswith("The diffdata authors. (2026). Table sources, in diffdata: ")
    assert lines[1] == ""
    assert lines[2:] == sorted(lines[2:], key=str.casefold)
    assert (
        "Brown, T. B., Mann, B., Ryder, N., et al. (2020). Language Models are Few-Shot Learners. "
        "arXiv. https://doi.org/10.48550/arXiv.2005.14165"
    ) in lines


def test_a_package_without_sources_or_estimates_can_be_cited(tmp_path: Path) -> None:
    make_package(tmp_path)
    assert diffdata.cite("things", package=tmp_path) == (
        "Table things, in Odd & <ends> (Version 1.2.3) [Data set]. (n.d.).\n"
    )
    with pytest.raises(UnknownNameError, match="did you mean things"):
        diffdata.cite("thing", package=tmp_path)


def test_an_estimate_of_a_package_with_few_columns_can_be_cited(tmp_path: Path) -> None:
    make_package(tmp_path)
    columns = [field("estimate_id", "string", required=True), field("source_id", "string")]
    keys = [{"fields": "source_id", "reference": {"resource": "sources", "fields": "source_id"}}]
    add_table(tmp_path, "sources", "source_id\ns\n", [columns[1]], ["source_id"])
    add_table(tmp_path, "estimates", "estimate_id,source_id\ne,s\n", columns, ["estimate_id"], keys)
    descriptor = json.loads((tmp_path / "datapackage.json").read_text())
    for name in ("sources", "estimates"):
        more = {"name": name, "path": f"{name}.csv", "schema": f"{name}.json"}
        descriptor["resources"].append(more)
    (tmp_path / "datapackage.json").write_text(json.dumps(descriptor))
    dataset, source = items("e", package=tmp_path).values()
    assert dataset["title"] == "Estimate e, in Odd & <ends>"
    assert source == {"id": "s", "type": "webpage", "title": "s"}
    for style in STYLES:
        assert diffdata.cite("e", package=tmp_path, style=style)
