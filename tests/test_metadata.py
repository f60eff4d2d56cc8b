"""Metadata pass the validators of their formats, where there are validators."""

import hashlib
import json
import shutil
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from diffdata.exporting import croissant, schema_org, zenodo
from diffdata.loading import load_all
from diffdata.package.packages import Package, open_package

from .conftest import ROOT, edit
from .packages import make_package

DOI = "10.5281/zenodo.1234567"


def read_croissant(folder: Path, document: dict[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlcroissant and rdflib use deprecated functions
        import mlcroissant

        (folder / "croissant.json").write_text(json.dumps(document), encoding="utf-8")
        return mlcroissant.Dataset(jsonld=folder / "croissant.json")


@pytest.mark.parametrize("references", [True, False])
def test_croissant_passes_its_validator(
    package: Package, tmp_path: Path, references: bool, caplog: pytest.LogCaptureFixture
) -> None:
    document = croissant(package, references=references)
    read = read_croissant(tmp_path, document)
    assert not read.metadata.issues.errors
    assert not read.metadata.issues.warnings
    assert not caplog.records, "the context is not the standard one"
    assert {record.uuid for record in read.metadata.record_sets} == set(package.tables)


def test_the_validator_of_croissant_rejects_missing_files(package: Package, tmp_path: Path) -> None:
    import mlcroissant

    document = croissant(package)
    document["recordSet"][0]["field"][0]["source"]["fileObject"]["@id"] = "nowhere.csv"
    with pytest.raises(mlcroissant.ValidationError, match="nowhere"):
        read_croissant(tmp_path, document)


def test_mlcroissant_reads_every_row_of_every_table(copy: Path) -> None:
    package = open_package(copy)
    assert_croissant_reads(copy, package, package.tables)


def test_mlcroissant_reads_the_rows_of_several_files(package: Package, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "data", tmp_path / "data")
    several = [name for name in package.tables if len(package.files(name)) > 1]
    fewest = min(several, key=lambda name: len(load_all(package, [name])[name]))
    assert_croissant_reads(tmp_path, package, [fewest])


def assert_croissant_reads(folder: Path, package: Package, tables: Iterable[str]) -> None:
    """Assert that mlcroissant finds the keys of all rows of tables."""
    read = read_croissant(folder, croissant(package, references=False))
    for name, frame in load_all(package, tables).items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = list(read.records(name))
        key = f"{name}/{package.schema(name).primary_key[0]}"
        wanted = frame[package.schema(name).primary_key[0]].tolist()
        found = [row[key].decode() for row in rows]
        if len(package.files(name)) > 1:  # which are read in the order of their names
            found, wanted = sorted(found), sorted(wanted)
        assert found == wanted


def test_croissant_names_keys_references_and_units(package: Package) -> None:
    tables = {record["name"]: record for record in croissant(package)["recordSet"]}
    assert tables["quantities"]["key"] == [
        {"@id": "quantities/quantity_id"},
        {"@id": "quantities/unit"},
    ]
    estimates = {field["name"]: field for field in tables["estimates"]["field"]}
    assert estimates["model_id"]["references"] == {"field": {"@id": "models/model_id"}}
    assert estimates["unit"]["references"] == {"field": {"@id": "quantities/unit"}}
    assert "references" not in estimates["superseded_by_estimate_id"]
    assert estimates["value"]["description"].endswith(" Unit: in the column unit.")
    assert estimates["price_year"]["description"].endswith(" Unit: year.")
    assert estimates["as_of"]["dataType"] == "sc:Date"


@pytest.mark.parametrize("make", [croissant, schema_org])
def test_sizes_and_hashes_match_the_files(package: Package, make: Any) -> None:
    # A set of files has no content of its own.
    files = [file for file in make(package)["distribution"] if "includes" not in file]
    assert len(files) == sum(len(package.files(table)) for table in package.tables)
    for file in files:
        data = (ROOT / file["contentUrl"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(data).hexdigest()
        assert file["contentSize"] == f"{len(data)} B"


def test_schema_org_is_json_ld_with_the_required_properties(package: Package) -> None:
    document = schema_org(package)
    assert document["@context"] == "https://schema.org/"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rdflib uses functions that it deprecates
        from rdflib import RDF, Graph, Namespace

        schema = Namespace("https://schema.org/")
        # The vocabulary instead of its address, which would be fetched.
        local = document | {"@context": {"@vocab": str(schema)}}
        read = Graph().parse(data=json.dumps(local), format="json-ld")
    (dataset,) = read.subjects(RDF.type, schema.Dataset)
    for name in ("name", "description", "license", "creator", "version", "datePublished"):
        assert list(read.objects(dataset, schema[name])), name
    # Search engines require 50 to 5000 characters.
    assert 50 <= len(document["description"]) <= 5000
    units = {one["name"]: one["unitText"] for one in document["variableMeasured"]}
    assert units["memory_bytes"] == "byte"
    assert units["value"] == "(see the column unit)"
    number = sum(len(package.files(table)) for table in package.tables)
    assert len(list(read.subjects(RDF.type, schema.DataDownload))) == number


# Required and allowed fields for an open data set, from the documentation of Zenodo's API.
ZENODO_REQUIRED = {"upload_type", "title", "creators", "description", "access_right", "license"}
ZENODO_ALLOWED = ZENODO_REQUIRED | {
    "publication_date", "doi", "keywords", "notes", "related_identifiers", "contributors",
    "references", "communities", "grants", "version", "language", "method", "subjects",
}  # fmt: skip
ZENODO_RELATIONS = {
    "isCitedBy", "cites", "isSupplementTo", "isSupplementedBy", "isContinuedBy", "continues",
    "isDescribedBy", "describes", "hasMetadata", "isMetadataFor", "isNewVersionOf",
    "isPreviousVersionOf", "isPartOf", "hasPart", "isReferencedBy", "references", "isDocumentedBy",
    "documents", "isCompiledBy", "compiles", "isVariantFormOf", "isOriginalFormof",
    "isIdenticalTo", "isAlternateIdentifier", "isReviewedBy", "reviews", "isDerivedFrom",
    "isSourceOf", "requires", "isRequiredBy", "isObsoletedBy", "obsoletes",
}  # fmt: skip


def test_zenodo_metadata_have_the_documented_fields(package: Package) -> None:
    made = zenodo(package)
    assert set(made) >= ZENODO_REQUIRED
    assert set(made) <= ZENODO_ALLOWED
    assert made["upload_type"] == "dataset"
    assert all(set(person) <= {"name", "affiliation", "orcid"} for person in made["creators"])
    assert all(link["relation"] in ZENODO_RELATIONS for link in made["related_identifiers"])
    assert len(made["references"]) == len(package.descriptor.sources)
    assert "doi" not in made


def test_a_doi_is_in_all_metadata(copy: Path, tmp_path: Path) -> None:
    edit(copy / "datapackage.json", '"name": "diffdata",', f'"name": "diffdata", "id": "{DOI}",')
    package = open_package(copy)
    assert zenodo(package)["doi"] == DOI
    assert schema_org(package)["identifier"] == f"https://doi.org/{DOI}"
    assert DOI in croissant(package)["citeAs"]
    assert not read_croissant(tmp_path, croissant(package)).metadata.issues.errors


def test_missing_descriptions_are_omitted(tmp_path: Path) -> None:
    package = open_package(make_package(tmp_path))
    assert zenodo(package)["description"] == "<p>What formats lose, 100% of it.</p>"
    assert "publication_date" not in zenodo(package)
    assert schema_org(package)["license"] == ["CC0-1.0"]
    assert "creator" not in schema_org(package)
