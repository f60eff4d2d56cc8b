"""Tests of the dataset itself."""

import csv
import io
import json
from collections import defaultdict
from pathlib import Path

import frictionless
import jsonschema
import pandas as pd
import pint
import pytest

import diffdata
from diffdata.package.packages import GENERATED_TABLES, Package
from diffdata.releasing.build import stale

from .conftest import ROOT

TABLES = diffdata.tables()
UNSOURCED = (
    "sources", "source_sections", "quantities", "calculations", "calculation_inputs",
    "technique_evidence", "factor_evidence", "acknowledgements", "scenario_models",
    "scaling_law_constants",
)  # fmt: skip
FACTS = [name for name in TABLES if name not in UNSOURCED]


def test_the_dataset_is_valid_without_a_warning() -> None:
    assert diffdata.validate(ROOT) == []


def test_frictionless_finds_no_fault() -> None:
    report = frictionless.Package(str(ROOT / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "message"])


def test_generated_files_are_up_to_date(package: Package) -> None:
    assert stale(package) == [], "run `diffdata build`"


@pytest.mark.parametrize("table", TABLES)
def test_data_files_are_sorted_and_in_the_standard_form(table: str, package: Package) -> None:
    """UTF-8, LF, quotes only where needed, sorted by primary key: diffs show only what changed."""
    for path in package.files(table).values():
        text = path.read_bytes().decode("utf-8")
        header, *rows = csv.reader(io.StringIO(text, newline=""))
        key = [header.index(name) for name in package.schema(table).primary_key]
        normal = io.StringIO()
        writer = csv.writer(normal, lineterminator="\n")
        writer.writerows([header, *sorted(rows, key=lambda row: [row[i] for i in key])])
        assert normal.getvalue() == text


@pytest.mark.parametrize("table", TABLES)
def test_schemas_follow_the_profile(table: str, package: Package) -> None:
    profile = json.loads((ROOT / "schemas/profile.json").read_text())
    schema = json.loads((ROOT / package.resource(table).schema_).read_text())
    jsonschema.validate(schema, profile)


def test_a_column_has_the_same_meaning_in_every_table(package: Package) -> None:
    meanings = defaultdict(set)
    for schema in package.schemas.values():
        for field in schema.fields:
            meanings[field.name].add((field.type, field.unit, field.description))
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def test_units_parse(package: Package) -> None:
    registry = pint.UnitRegistry()
    registry.define("FLOP = count")
    registry.define("USD = [currency]")
    registry.define("currency = [money]")
    units = {f.unit for schema in package.schemas.values() for f in schema.fields if f.unit}
    units |= set(diffdata.load("quantities")["unit"])
    for unit in units:
        if not unit.startswith("column:"):
            registry.parse_units("dimensionless" if unit == "1" else unit)


@pytest.mark.parametrize("table", [name for name in FACTS if name not in GENERATED_TABLES])
def test_source_locator_and_verification_are_required(table: str, package: Package) -> None:
    for name in ("source_id", "locator", "verification"):
        assert package.schema(table).field(name).constraints.required


def test_snapshots_are_cited_with_their_date() -> None:
    sources = diffdata.load("sources").set_index("source_id")
    for table in FACTS:
        frame = diffdata.load(table)
        if "verification" in frame:
            cited = sources.loc[frame.loc[frame["verification"] == "snapshot", "source_id"]]
            assert (cited["source_kind"] == "dataset").all(), table
            dated = cited["published"].notna() | cited["url"].str.contains("/blob/").fillna(False)
            assert dated.all(), cited[~dated].index.unique().tolist()


def test_no_source_was_published_after_today() -> None:
    published = diffdata.load("sources")["published"].dropna()
    assert len(published)
    assert (published <= pd.Timestamp.now()).all()


def test_estimates_lie_within_the_bounds_of_their_quantity() -> None:
    estimates = diffdata.load("estimates")
    merged = estimates.merge(diffdata.load("quantities"), on=["quantity_id", "unit"])
    assert len(merged) == len(estimates)
    for column in ("value", "low", "high"):
        assert not (merged[column] < merged["minimum"]).any()
        assert not (merged[column] > merged["maximum"]).any()


def test_the_printed_figures_are_in_the_sources() -> None:
    """If the texts of the sources are beside the repository, every printed figure is in them."""
    folder = ROOT.parent / "shared" / "sources"
    texts = {
        "cottier-2022-summary": "000_8982920c6341f288.txt",
        "cottier-2022-publication": "003_e8196a231aad04ad.txt",
        "cottier-comments": "001_4580fb30aa260164.txt",
        "jones-2020-overhang": "002_9014203d9ee19879.txt",
        "daan-2024-gpt-3-level": "004_97224b64dfc18ef0.txt",
    }
    if not folder.is_dir():
        pytest.skip("the texts of the sources are not available")
    estimates = diffdata.load("estimates")
    for source, file in texts.items():
        text = " ".join((folder / file).read_text().split())
        printed = estimates.loc[estimates["source_id"] == source, "as_printed"].dropna()
        assert [figure for figure in printed if figure not in text] == []


def test_printed_figures_are_not_sentences() -> None:
    printed = diffdata.load("estimates")["as_printed"].dropna()
    assert printed.str.split().str.len().max() <= 13


def test_the_definition_of_gpt_3_like_agrees_with_the_study() -> None:
    """The definition, applied to the figures of the dataset, agrees with the study on its cases."""
    cases = diffdata.load("case_studies").merge(diffdata.load("model_summary"), on="model_id")
    cases = cases[cases["study_source_id"] == "cottier-2022-summary"]
    assert len(cases) >= 9
    assert cases["gpt3_like"].tolist() == cases["meets_definition"].tolist()


def test_licences_are_named(package: Package) -> None:
    assert [licence.name for licence in package.descriptor.licenses] == ["CC-BY-4.0"]
    assert Path(ROOT / "LICENSE").is_file()
    assert Path(ROOT / "LICENSE-DATA").is_file()


def test_scenarios_say_what_they_are_about() -> None:
    scenarios = diffdata.load("scenarios")
    listed = scenarios["scenario_id"].isin(diffdata.load("scenario_models")["scenario_id"])
    assert not scenarios.loc[listed != (scenarios["about"] == "models"), "scenario_id"].tolist()
