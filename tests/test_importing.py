"""Importing: nothing is lost, whatever the vintage; what cannot be read is reported at its cell."""

import csv
import io
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import frictionless
import pytest
from typer.testing import CliRunner

import diffdata
from diffdata.cli import app
from diffdata.errors import DiffdataError, InvalidInputError, PackageError, UnknownNameError
from diffdata.importing import import_files, known_mappings
from diffdata.importing.cells import UnreadableError, cleaned, items, number
from diffdata.importing.engine import Names
from diffdata.importing.mapping import Column, read_mapping
from diffdata.lookup import tables
from diffdata.package.packages import GENERATED_TABLES, open_package
from diffdata.plot import PLOTS
from diffdata.validation.packages import validate

from .conftest import ROOT

# A folder of files of Epoch AI, which are not part of the repository.
REAL = sorted(Path(os.environ.get("DIFFDATA_DATASETS", "no such folder")).glob("epoch_*"))


def table(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def models(folder: Path, rows: str, columns: str = "", name: str = "m_2026-07-19.csv") -> Path:
    header = columns or "Model,Publication date,Organization,Parameters,Training compute (FLOP)"
    return table(folder / name, f"{header}\n{rows}")


def read(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def imported(*files: Path, kind: str | Path = "epoch-models", **options: Any) -> tuple[Path, Any]:
    out = files[0].parent / "out"
    report = import_files(kind, files, out=out, force=True, **options)
    assert not [issue for issue in validate(out) if issue.severity == "error"]
    assert not report.errors
    accounted(out, report)
    return out, report


def accounted(out: Path, report: Any) -> None:
    """Every row is accepted or set aside; every cell that is not empty is somewhere."""
    assert report.rows_in == report.accepted + report.set_aside
    assert report.set_aside == len(read(out, "set_aside.csv"))
    assert "lost" not in report.cells
    columns = {*report.columns_mapped, *report.columns_kept, *report.columns_empty}
    assert set(report.columns_prose) <= set(report.columns_kept)
    assert columns or not report.accepted
    issues = read(out, "issues.csv")
    assert report.issues == dict(sorted(Counter(issue["kind"] for issue in issues).items()))
    for file in report.files:
        assert file["rows_in"] == file["accepted"] + file["set_aside"]


@pytest.mark.parametrize("name", ["epoch-benchmarks", "epoch-hardware", "epoch-models"])
def test_the_mappings_name_columns_and_rows_that_exist(name: str) -> None:
    assert name in known_mappings()
    package = open_package(ROOT)
    for rows in read_mapping(name).rows:
        assert set(rows.columns) | set(rows.set) <= set(package.schema(rows.table).column_names)


TRAPS = '''\
"  GPT-4\n (2023) ",2023-03-15,OpenAI,1000000000.0,2.1e+25
Grok-5,2026-07-01,xAI,inf,5.0000000000001e+26
Two sizes,2024-13-01,"NERSC, Lawrence Berkeley National Laboratory,Google","7000,8000",NaN
Nobody,2024-02-30,"""SambaNova Systems, Inc"",Google",Unknown,1e24
Anonymized A,2024-01-01,,7B,"1,000,000,000"
Anonymized A,2024-01-01,,7e9,
Anonymized A,2025-01-01,,8e9,
,2024-01-01,Google,5,
,,,,
Short,2024
Long,2024,Google,5,6,7
'''


def test_traps(tmp_path: Path) -> None:
    out, report = imported(models(tmp_path, TRAPS))
    assert frictionless.Package(str(out / "datapackage.json")).validate().valid
    assert (report.rows_in, report.accepted, report.set_aside) == (11, 6, 5)
    names = {row["model_id"]: row["name"] for row in read(out, "data/models.csv")}
    assert names["gpt-4-2023"] == "GPT-4 (2023)"
    assert names["anonymized-a"] == names["anonymized-a-2025"] == "Anonymized A"
    issues = {(i["name"], i["column"]): i["kind"] for i in read(out, "issues.csv")}
    assert issues["Grok-5", "Parameters"] == "infinite"
    assert issues["Two sizes", "Parameters"] == "several-numbers"
    assert issues["Two sizes", "Publication date"] == "date"
    assert issues["Two sizes", "Training compute (FLOP)"] == "placeholder"
    assert issues["Nobody", "Publication date"] == "date"
    assert issues["Nobody", "Parameters"] == "placeholder"
    assert issues["Anonymized A", "Parameters"] == "not-a-number"
    assert issues["Anonymized A", "Model"] == "same-name"
    values = {row["estimate_id"]: row for row in read(out, "data/estimates.csv")}
    grok = values["grok-5-training-compute-epoch-models-2026-07-19"]
    assert grok["value"] == "5.0000000000001e26"
    assert grok["as_printed"] == "5.0000000000001e+26"
    assert grok["locator"] == 'row "Grok-5", column "Training compute (FLOP)"'
    dates = {row["model_id"]: row for row in read(out, "data/model_dates.csv")}
    assert (dates["gpt-4-2023"]["date"], dates["gpt-4-2023"]["date_precision"]) == (
        "2023-03-01", "month",
    )  # fmt: skip
    assert dates["grok-5"]["date_precision"] == "year"
    organizations = {row["name"] for row in read(out, "data/organizations.csv")}
    assert "NERSC, Lawrence Berkeley National Laboratory" in organizations
    assert "SambaNova Systems, Inc" in organizations
    reasons = [row["reason"] for row in read(out, "set_aside.csv")]
    assert sum("no Model" in reason for reason in reasons) == 2
    assert sum("same name" in reason for reason in reasons) == 1
    assert sum("cells, the header 5" in reason for reason in reasons) == 2
    aside = read(out, "set_aside.csv")
    assert any("7" in row.values() for row in aside if row["Model"] == "Long")


def test_lists_of_different_lengths_are_kept(tmp_path: Path) -> None:
    header = "Model,Organization,Country (of organization),Organization categorization,Domain"
    rows = (
        'A,"Google,MIT","United States of America","Industry,Academia","Language,Vision"\n'
        'B,Mars Lab,Mars,Academia,Astrology\nC,"Google",France,Industry,Language\n'
        "D,Google,China,Industry,Language\n"
    )
    out, report = imported(models(tmp_path, rows, header))
    assert "Country (of organization)" in report.columns_kept
    there = {row["name"]: row for row in read(out, "data/organizations.csv")}
    assert there["Google"]["organization_kind"] == "company"
    assert there["Google"]["country"] == ""  # France and China
    assert report.issues == {"contradiction": 1, "unknown-word": 2}
    kept = {row["name"]: row for row in read(out, "data/models.csv")}
    assert kept["A"]["country_of_organization"] == "United States of America"


# The columns of the internal view that Epoch published with its study of China in 2024, and more.
FULL_VIEW = """
System|Domain|Task|Authors|Notability criteria|Notability criteria notes|Model accessibility|Link|
Citations|Reference|Publication date|Organization|Parameters|Parameters notes|
Training compute (FLOP)|Training compute notes|Training dataset|Training dataset notes|
Training dataset size (datapoints)|Dataset size notes|Epochs|Inference compute (FLOP)|
Inference compute notes|Training time (hours)|Training time notes|Training hardware|Approach|
Compute cost notes|Compute sponsor categorization|Confidence|Abstract|Last modified|Created By|
Benchmark data|Exclude|Country (from Organization)|Base model|Finetune compute (FLOP)|
Finetune compute notes|Hardware quantity|Hardware utilization|Training cost trends|
Training cloud compute vendor|Training data center|Archived links|Batch size|Batch size notes|
Organization categorization|Foundation model|Training compute lower bound|
Training compute upper bound|Training chip-hours|Training code accessibility|Accessibility notes|
Organization categorization (from Organization)|Possibly over 1e23 FLOP|
Training compute cost (2023 USD)|Training compute cost (2020 USD)|Training dataset size|Sparsity|
Utilization notes|Estimated over 1e25 FLOP|Power per GPU|Cluster total TDP|Base model compute|
Total compute - (base + finetune)|API prices|Created|Inference code accessibility|
Arithmetic format|Model versions|Frontier model|Training power draw (W)|Benchmark evals|FLOP/$|
Hardware release date|Hardware age|Hardware FP32|Hardware TF32|Hardware count|Hardware TF16|
Hardware FP16|Assumed precision|Assumed hardware FLOP/s|Hardware type|Compute estimate method|
Training compute estimation method|Biological model safeguards|Hardware utilization (temp)|
BenchmarkHub-v1|Model versions|sparsity|A {brace}|Cost ({year})|value|model_id|file|reason|
"""


def test_a_vintage_of_more_than_ninety_columns(tmp_path: Path) -> None:
    """Each column comes out somewhere, also doubled ones and ones that are called as ours."""
    header = [" ".join(name.split()) for name in FULL_VIEW.replace("\n", " ").split("|")]
    assert len(header) > 90
    known = {
        "System": "Chinchilla", "Publication date": "2022-03-29", "Parameters": "70000000000.00",
        "Training compute (FLOP)": "5.76e+23", "Training compute lower bound": "6e+23",
        "Training compute cost (2023 USD)": "$29827341.92", "Hardware utilization": "34%",
        "Training time (hours)": "50", "Hardware quantity": "8.5", "Organization": "DeepMind",
        "Training compute cost (2020 USD)": "$18500000.00", "Training hardware": "Google TPU v4",
        "Arithmetic format": "NaN", "Domain": "Language", "Confidence": "Confident",
        "Model accessibility": "Unreleased", "Training dataset size (datapoints)": "0",
    }  # fmt: skip
    cells = [known.get(name, f"a text in {number}") for number, name in enumerate(header)]
    text = io.StringIO()
    csv.writer(text).writerows([header, cells])
    out, report = imported(table(tmp_path / "full_view_20241101.csv", "\ufeff" + text.getvalue()))
    assert (report.rows_in, report.accepted) == (1, 1)
    assert len({*report.columns_mapped, *report.columns_kept, *report.columns_empty}) == len(header)
    everything = "".join(
        path.read_text() for path in [*(out / "data").glob("*.csv"), out / "issues.csv"]
    )
    for place, name in enumerate(header):
        if name not in known:
            assert f"a text in {place}" in everything, name
    costs = [r for r in read(out, "data/estimates.csv") if r["quantity_id"] == "training_cost"]
    assert [(row["value"], row["price_year"]) for row in costs] == [("29827341.92", "2023")]
    assert "$18500000.00" in everything
    (run,) = (r for r in read(out, "data/training_runs.csv") if r["utilization"])
    assert (run["utilization"], run["utilization_kind"]) == ("0.34", "unspecified")
    kinds = {issue["column"]: issue["kind"] for issue in read(out, "issues.csv")}
    assert kinds["Training compute lower bound"] == "not-valid"  # it is above the value
    assert kinds["Hardware quantity"] == "not-a-count"
    assert kinds["Training dataset size (datapoints)"] == "zero"
    assert kinds["Arithmetic format"] == "placeholder"
    (compute,) = (
        r for r in read(out, "data/estimates.csv") if r["quantity_id"] == "training_compute"
    )
    assert (compute["value"], compute["low"]) == ("5.76e23", "")
    assert compute["stated_confidence"] == "confident"


def test_vintages(tmp_path: Path) -> None:
    """The latest vintage that has the row and the column counts, also where it is empty."""
    old = models(
        tmp_path, "GPT 4,2023-03-14,OpenAI,5,Likely\nOld,2020-02-02,X,6,\nKept,2021-02-02,Y,7,\n",
        "System,Publication date,Organization,Parameters,Confidence", "all_2024-10.csv",
    )  # fmt: skip
    new = models(
        tmp_path, "GPT-4,2023-03-16,OpenAI,,1e25\nKept,2021-02-03,Y,8,\n",
        "Model,Publication date,Organization,Parameters,Training compute (FLOP)",
        "notable_2026-07-19.csv",
    )  # fmt: skip
    out, report = imported(old, new)
    ids = [row["model_id"] for row in read(out, "data/models.csv")]
    assert ids == ["gpt-4", "kept", "old"]
    found = {(r["model_id"], r["quantity_id"]): r for r in read(out, "data/estimates.csv")}
    assert ("gpt-4", "parameters") not in found  # withdrawn
    assert found["old", "parameters"]["source_id"] == "epoch-models-2024-10"
    assert found["kept", "parameters"]["value"] == "8"
    assert report.cells["superseded"] == 6
    dates = {row["model_id"]: row["date"] for row in read(out, "data/model_dates.csv")}
    assert dates["gpt-4"] == "2023-03-16"
    again = import_files("epoch-models", [new, old], out=tmp_path / "again")
    assert again.to_dict() == {**report.to_dict(), "written": str(tmp_path / "again")}
    for file in (out / "data").iterdir():
        assert file.read_bytes() == (tmp_path / "again/data" / file.name).read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"Country,Population\nFrance,1\n", "expected a column 'Model' or 'System'"),
        (b"Modell;Year\nx;1\n", "did you mean 'Model'"),
        ("Model,Domain\nMüller,Language\n".encode("latin-1"), "--encoding cp1252"),
        (b"\xff\xfeM\0o\0d\0e\0l\0\n\0", "UTF-16"),
    ],
)
def test_what_is_not_such_a_table(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "2024-01.csv").write_bytes(content)
    with pytest.raises(DiffdataError, match=re.escape(message)):
        import_files("epoch-models", [tmp_path / "2024-01.csv"], out=tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["2024-01.csv"]


def test_semicolons_and_another_encoding(tmp_path: Path) -> None:
    file = table(tmp_path / "2024-01.csv", "Model;Organization\nMüller 1;Zürich\n", "cp1252")
    out, _ = imported(file, encoding="cp1252")
    assert read(out, "data/models.csv")[0]["name"] == "Müller 1"


def test_text_that_was_encoded_twice_and_hidden_characters(tmp_path: Path) -> None:
    out, _ = imported(models(tmp_path, "Qwen\u200b 2,,Meta\u00ad AI,,\nZÃ¼rich,,,,\n"))
    assert {row["name"] for row in read(out, "data/models.csv")} == {"Qwen 2", "Zürich"}


def test_a_folder_of_benchmarks(tmp_path: Path) -> None:
    hub = tmp_path / "hub_2026-05"
    (hub / "more").mkdir(parents=True)
    table(hub / "gpqa_diamond.csv", "Model version,mean_score,stderr,id\ngpt-4o_high,0.4716,1,a\n")
    table(
        hub / "mmlu_external.csv",
        "Model version,EM,Shots,Name,Source,id\n"
        "gpt-4o,0.5,5-shot,GPT-4o,Paper,a\ngpt-4o,0.6,five,GPT-4o,Paper,b\n"
        "gpt-4o,0.7,5-shot,GPT-4o,Paper,c\ngpt-4o,,5,GPT-4o,Paper,d\n",
    )
    table(hub / "new_thing.csv", "Model version,Score,id\ngpt-4o,0.5,a\n")
    table(hub / "more/constants.csv", "a,b\n1,2\n")
    out, report = imported(hub, kind="epoch-benchmarks")
    assert (report.rows_in, report.accepted, report.set_aside) == (7, 4, 3)
    scores = read(out, "data/evaluations.csv")
    assert {(r["benchmark"], r["setting"], r["shots"], r["score"]) for r in scores} == {
        ("gpqa-diamond", "unstated", "", "47.16"), ("mmlu", "few_shot", "5", "50"),
        ("mmlu", "unstated", "", "60"), ("mmlu", "few_shot", "5", "70"),
    }  # fmt: skip
    assert report.issues == {"unknown-word": 1}
    reasons = {row["file"]: row["reason"] for row in read(out, "set_aside.csv")}
    assert "says nothing of this file" in reasons["new_thing.csv"]
    assert "expected a column 'Model version'" in reasons["more/constants.csv"]
    assert "no value" in reasons["mmlu_external.csv"]


def test_the_file_of_the_index_names_models_and_dates_versions(tmp_path: Path) -> None:
    """Also a model whose own row is set aside, because it has no value of the index."""
    hub = tmp_path / "hub_2026-05"
    hub.mkdir()
    table(
        hub / "epoch_capabilities_index.csv",
        "Model version,ECI Score,Release date,Model accessibility,Model name\n"
        "thing-1_high,140.5,2026-01-02,Open weights (unrestricted),Thing One\n"
        "thing-1_low,,2026-01-02,Open weights (unrestricted),Thing One\n"
        "thing-2-pre_high,,2026-02-03,API access,Thing Two\n",
    )
    table(
        hub / "gpqa_diamond.csv",
        "Model version,mean_score,Release date\n"
        "thing-1_high,0.5,2026-01-02\nthing-2-pre_high,0.6,2026-02-03\n",
    )
    out, report = imported(hub, kind="epoch-benchmarks")
    assert (report.rows_in, report.accepted, report.errors) == (5, 3, [])
    scores = read(out, "data/evaluations.csv")
    assert {(row["model_id"], row["benchmark"], row["score"]) for row in scores} == {
        ("thing-one", "epoch-capabilities-index", "140.5"), ("thing-one", "gpqa-diamond", "50"),
        ("thing-two", "gpqa-diamond", "60"),
    }  # fmt: skip
    found = {row["model_id"] for row in read(out, "data/models.csv")}
    assert found == {"thing-one", "thing-two"}
    dates = read(out, "data/model_dates.csv")
    assert {(row["model_id"], row["model_variant"], row["date"]) for row in dates} == {
        ("thing-one", "thing-1", "2026-01-02"), ("thing-two", "thing-2-pre", "2026-02-03"),
    }  # fmt: skip
    access = {row["model_id"]: row["access"] for row in read(out, "data/artifacts.csv")}
    assert access == {"thing-one": "open"}  # the row that says it of the other one is set aside
    aliases = {(row["alias"], row["model_id"]) for row in read(out, "data/aliases.csv")}
    assert aliases == {("thing-1", "thing-one")}
    assert {row["alias_certainty"] for row in read(out, "data/aliases.csv")} == {"likely"}


def test_chips(tmp_path: Path) -> None:
    header = (
        "Name of the hardware,Manufacturer,Type,Release date,Release price (USD),TDP (W),"
        "FP16 (half precision) Performance (FLOP/s),FP16 Tensor Core,Memory size per board (Byte),"
        "ALL ML SYSTEMS,ALL ML SYSTEMS"
    )
    rows = (
        "NVIDIA A100,NVIDIA,GPU,2020-05-14,$297.00,400,77970000000000.0,312e12,80000000000,x,y\n"
        "NVIDIA Tesla T4,NVIDIA,GPU,2018-09-13,,70,65e12,,16e9,,\n"
        "Unheard 1,Nobody,Toaster,2018,,0,1e12,,,,\n"
    )
    out, report = imported(
        models(tmp_path, rows, header, "chips_2024-02-05.csv"), kind="epoch-hardware"
    )
    peaks = {
        (row["hardware_id"], row["number_format"], row["execution_unit"])
        for row in read(out, "data/hardware_performance.csv")
    }
    assert {("nvidia-a100", "fp16", "vector"), ("nvidia-tesla-t4", "fp16", "matrix")} <= peaks
    assert ("nvidia-tesla-t4", "fp16", "vector") not in peaks
    assert report.issues == {"unknown-word": 1, "zero": 1}
    (price,) = read(out, "data/hardware_prices.csv")
    assert (price["amount"], price["listed_on"]) == ("297", "2024-02-05")
    (first, *_) = read(out, "data/hardware.csv")
    assert (first["all_ml_systems"], first["all_ml_systems_2"]) == ("x", "y")


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    text = (ROOT / "docs/importing.md").read_text()
    (data,) = re.findall("```csv\n(.*?)```", text, re.S)
    (mapping,) = re.findall("```toml\n(.*?)```", text, re.S)
    file, rules = table(tmp_path / "table.csv", data), table(tmp_path / "mapping.toml", mapping)
    out, report = imported(file, kind=rules)
    assert (report.rows_in, report.accepted, report.set_aside) == (3, 2, 1)
    assert report.issues == {"not-a-number": 1}
    assert report.columns_prose == ["Remarks"]
    (size,) = read(out, "data/estimates.csv")
    assert (size["estimate_id"], size["value"]) == ("alpha-7b-parameters-my-table", "7000000000")
    assert len(read(out, "data/model_developers.csv")) == 3
    documented = set(re.findall(r"`([a-z_]+)`", text))
    for model in ("Mapping", "Rows", "Column", "File", "SameAs", "Condition"):
        fields = getattr(__import__("diffdata.importing.mapping", fromlist=[model]), model)
        names = {key.alias or name for name, key in fields.model_fields.items()}
        sections = {"source", "words", "patterns", "rows", "files", "names", "columns"}
        assert names - documented - sections == set()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "number"', 'kind = "numbers"', "'numbers' is not allowed"),
        ('each = "name"', 'eech = "name"', "did you mean each?"),
        ('each = "name"', 'each = "title"', "there is no column 'title'"),
        ('columns.date =', 'columns.day =', "no column of model_dates named 'day'"),
        ('"parameters", unit', '"sizes", unit', "no row of quantities named 'sizes/1'"),
        ('table = "model_dates"', 'table = "dates"', "no table dates"),
        ("[source]", "[source", "not TOML"),
        ("{model_id}", "{modell}", "names of columns in braces"),
    ],
)  # fmt: skip
def test_faulty_mappings(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (ROOT / "docs/importing.md").read_text()
    (mapping,) = re.findall("```toml\n(.*?)```", text, re.S)
    assert mapping.count(old) >= 1
    rules = table(tmp_path / "mapping.toml", mapping.replace(old, new))
    file = table(tmp_path / "t.csv", "System,Size (B)\na,1\n")
    with pytest.raises(DiffdataError, match=re.escape(message)):
        import_files(rules, [file], out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command(tmp_path: Path) -> None:
    run = CliRunner().invoke
    file = models(tmp_path, "A,2024-02-03,X,5,\n", name="models.csv")
    out = str(tmp_path / "out")
    found = run(app, ["import", "epoch-models", str(file), "--out", out, "--format", "json"])
    assert found.exit_code == 0, found.output
    report = json.loads(found.stdout)
    assert report["rows_in"] == report["accepted"] == 1
    assert {"columns_mapped", "columns_kept", "issues", "set_aside"} <= report.keys()
    with pytest.raises(InvalidInputError, match="--force replaces it"):
        import_files("epoch-models", [file], out=tmp_path / "out")
    again = run(app, ["import", "epoch-models", str(file), "-o", out, "--force"])
    assert again.exit_code == 0
    assert "1 rows: 1 accepted, 0 set aside" in again.stdout
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "precious.txt").touch()
    with pytest.raises(InvalidInputError, match="not an imported package"):
        import_files("epoch-models", [file], out=mine, force=True)
    assert (mine / "precious.txt").exists()
    with pytest.raises(InvalidInputError, match="either --out"):
        import_files("epoch-models", [file])
    with pytest.raises(InvalidInputError, match=r"of which date is it\?.*--vintage models.csv="):
        import_files("epoch-models", [file, file], out=tmp_path / "two")
    with pytest.raises(InvalidInputError, match="expected a date or a month"):
        import_files("epoch-models", [file], out=tmp_path / "x", vintages={"models.csv": "May"})
    with pytest.raises(UnknownNameError, match="did you mean epoch-models"):
        import_files("epoch-model", [file], out=tmp_path / "x")
    with pytest.raises(PackageError, match="cannot be read"):
        import_files("epoch-models", [tmp_path / "absent_2024-01.csv"], out=tmp_path / "x")


def test_into_a_package(copy: Path, tmp_path: Path) -> None:
    """Reviewed rows keep their identifiers and are not written again; the files are replaced."""
    before = {path: path.read_bytes() for path in (copy / "data").glob("*.csv")}
    folder = tmp_path / "files"
    folder.mkdir()
    rows = "GPT-3 175B,2020-05-28,OpenAI,175000000000,3.14e23\nNew One,2026-02-03,Newcomers,5e9,\n"
    file = models(folder, rows, name="m_2026-06-01.csv")
    report = import_files("epoch-models", [file], into=copy)
    assert not report.errors
    place = copy / "data/imported/epoch-models"
    assert [row["model_id"] for row in read(place, "models.csv")] == ["new-one"]
    sizes = {row["model_id"]: row["source_id"] for row in read(place, "estimates.csv")}
    assert sizes == dict.fromkeys(["gpt-3", "new-one"], "epoch-models-2026-06-01")
    assert [row["organization_id"] for row in read(place, "organizations.csv")] == ["newcomers"]
    resources = json.loads((copy / "datapackage.json").read_text())["resources"]
    paths = {resource["name"]: resource["path"] for resource in resources}
    assert paths["models"] == ["data/models.csv", "data/imported/epoch-models/models.csv"]
    assert {path: path.read_bytes() for path in before} == before
    # `diffdata build` and the import of the benchmarks, which refers to other models, follow.
    later = (*(f"data/{name}.csv" for name in GENERATED_TABLES), "data/imported/epoch-benchmarks/")
    errors = [issue for issue in validate(copy) if issue.severity == "error"]
    assert not [issue for issue in errors if not issue.file.startswith(later)]
    first = {path.name: path.read_bytes() for path in place.iterdir()}
    import_files("epoch-models", [file], into=copy)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == first
    import_files(
        "epoch-models", [models(folder, "GPT-3 175B,,,1,\n", name="m_2026-07.csv")], into=copy
    )
    assert {path.name for path in place.iterdir()} == {"estimates.csv", "sources.csv"}
    resources = json.loads((copy / "datapackage.json").read_text())["resources"]
    assert {r["name"]: r["path"] for r in resources}["models"] == "data/models.csv"


def test_lists() -> None:
    assert items('EleutherAI,"Booz Allen Hamilton, McLean",,"a ""b"", c",Qilin Co., Ltd.') == [
        "EleutherAI", "Booz Allen Hamilton, McLean", 'a "b", c', "Qilin Co., Ltd.",
    ]  # fmt: skip
    assert items("") == items(",") == []


@pytest.mark.skipif(not REAL, reason="DIFFDATA_DATASETS does not name a folder of files")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_real_files(path: Path, tmp_path: Path) -> None:
    kind = "hardware" if "hardware" in path.name else "benchmarks" if path.is_dir() else "models"
    out = tmp_path / "out"
    report = import_files(f"epoch-{kind}", [path], out=out)
    accounted(out, report)
    assert not report.errors
    texts = Counter[str]()
    for file in [*(out / "data").glob("*.csv"), out / "issues.csv", out / "set_aside.csv"]:
        with file.open(newline="") as opened:
            for row in csv.reader(opened):
                texts.update(" ".join(cell.split()) for cell in row)
    everything = "\n".join(texts)
    for file in sorted(path.rglob("*.csv")) if path.is_dir() else [path]:
        with file.open(newline="", encoding="utf-8-sig") as opened:
            for original in csv.DictReader(opened):
                for column, cell in original.items():
                    text = cleaned(cell)
                    if text and " ".join(column.split()) not in report.columns_mapped:
                        raw = " ".join(cell.split())
                        assert text in texts or raw in texts or raw in everything, (column, text)


def test_benchmarks_of_older_vintages(tmp_path: Path) -> None:
    """Scores with %, other names of files, and the reason names the column of the file."""
    hub = tmp_path / "hub_2025-10"
    (hub / "data").mkdir(parents=True)
    for name in ("external_benchmark_csqa2", "external_benchmark_anli"):
        table(hub / f"{name}.csv", "Model version,Score,id\ngpt-4o,77.0%,a\n")
    table(hub / "data/mmlu.csv", "Model version,EM,id\ngpt-4o,86.4%,a\n")
    table(hub / "external_benchmark_hellaswag.csv", "Model version,Overall accuracy\ngpt-4o,\n")
    table(hub / "external_benchmark_metr.csv", "Model version,Time horizon\ngpt-4o,5%\no1,39.2\n")
    table(hub / "external_benchmark_livebench.csv", "Model version,Global average\ngpt-4o,50\n")
    out, report = imported(hub, kind="epoch-benchmarks")
    found = {(row["benchmark"], row["score"]) for row in read(out, "data/evaluations.csv")}
    assert found == {
        ("csqa2", "77"), ("anli", "77"), ("mmlu", "86.4"), ("metr-time-horizons", "39.2"),
    }  # fmt: skip
    reasons = {row["file"]: row["reason"] for row in read(out, "set_aside.csv")}
    assert "in Overall accuracy" in reasons["external_benchmark_hellaswag.csv"]
    assert "licence" in reasons["external_benchmark_livebench.csv"]
    assert report.issues == {"not-a-number": 1}


def test_an_undated_folder_is_dated_as_a_whole(tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    hub.mkdir()
    for name in ("mmlu", "gsm8k"):
        table(hub / f"{name}.csv", "Model version,EM\ngpt-4o,0.5\n")
    with pytest.raises(InvalidInputError, match=r"^hub: .* --vintage hub=2026-07-19 "):
        import_files("epoch-benchmarks", [hub], out=tmp_path / "out")
    _, report = imported(hub, kind="epoch-benchmarks", vintages={"hub": "2026-05"})
    assert [file["vintage"] for file in report.files] == ["2026-05", "2026-05"]


SCORES = "Model version,EM,Organization,Training compute (FLOP),Name\ngpt-4o,0.5,OpenAI,1,GPT-4o\n"
CHIPS = "Hardware name,Manufacturer,TDP (W)\nH100,NVIDIA,700\n"
CLUSTERS = "Name,Status,H100 equivalents,Country\nColossus,Existing,1000,United States\n"
MODELS = "Model,Domain,Parameters\nA,Language,5\n"


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("models", SCORES, "a column 'Model version'. It is one for diffdata import epoch-bench"),
        ("models", CHIPS, "a column 'Hardware name'. It is one for diffdata import epoch-hardware"),
        ("models", CLUSTERS, "expected a column 'Publication date' or"),
        ("hardware", CLUSTERS, "expected a column 'Manufacturer' or"),
        ("hardware", MODELS, "It is one for diffdata import epoch-models"),
        ("benchmarks", MODELS, "It is one for diffdata import epoch-models"),
        ("models", MODELS.replace("\nA", "\nA,B"), "has 3 columns, but every row has 4 cells"),
        ("models", MODELS.replace("ge,", "ge\0,"), "line 2 has a NUL byte"),
    ],
)
def test_a_table_of_another_kind_is_refused(
    kind: str, content: str, message: str, tmp_path: Path
) -> None:
    """With one line that names what was expected, and the import that fits."""
    file = table(tmp_path / "t_2025-03.csv", content)
    out = str(tmp_path / "out")
    found = CliRunner().invoke(app, ["import", f"epoch-{kind}", str(file), "--out", out])
    assert isinstance(found.exception, InvalidInputError)
    assert message in str(found.exception)
    assert "\n" not in str(found.exception)
    assert not (tmp_path / "out").exists()


def test_archives_are_named(tmp_path: Path) -> None:
    for data, kind in ((b"PK\3\4\xff", "a ZIP archive"), (b"\x1f\x8b\x08\xff", "a gzip file")):
        (tmp_path / "m_2025-03.csv").write_bytes(data)
        with pytest.raises(PackageError, match=kind) as caught:
            import_files("epoch-models", [tmp_path / "m_2025-03.csv"], out=tmp_path / "out")
        assert "--encoding" not in str(caught.value)


def test_a_figure_that_its_publisher_calls_wrong_is_withdrawn(tmp_path: Path) -> None:
    header = "Model,Parameters,Training compute (FLOP),Confidence"
    out, report = imported(models(tmp_path, "A,5,1e20,Wrong\nB,6,1e21,Likely\n", header))
    assert not report.issues
    found = {
        (row["model_id"], row["quantity_id"]): (row["status"], row["stated_confidence"])
        for row in read(out, "data/estimates.csv")
    }
    assert found["a", "training_compute"] == ("withdrawn", "")
    assert found["a", "parameters"] == ("current", "")
    assert found["b", "training_compute"] == ("current", "likely")


def test_bounds_alone_are_limits_or_ranges(tmp_path: Path) -> None:
    """The mapping says what they are; a value with bounds is neither."""
    columns = "Model,Publication date,Organization,Training compute (FLOP),"
    columns += "Training compute lower bound,Training compute upper bound"
    rows = "L,2024,X,,1e24,\nU,2024,X,,,2e24\nR,2024,X,,1e24,2e24\nV,2024,X,1.5e24,1e24,2e24\n"
    out, _ = imported(models(tmp_path, rows, columns))
    found = {
        row["model_id"]: (row["low"], row["high"], row["limit"])
        for row in read(out, "data/estimates.csv")
    }
    assert found == {
        "l": ("1e24", "", "lower"), "u": ("", "2e24", "upper"), "r": ("1e24", "2e24", "range"),
        "v": ("1e24", "2e24", ""),
    }  # fmt: skip


def test_names_that_stand_for_none(tmp_path: Path) -> None:
    rows = "null,1,,,\nNaN,1,,,\n---,1,,,\n\xa0,1,,,\nNano,1,,,\n"
    out, report = imported(models(tmp_path, rows))
    assert [row["name"] for row in read(out, "data/models.csv")] == ["Nano"]
    reasons = [row["reason"] for row in read(out, "set_aside.csv")]
    assert reasons[0] == "it has no Model: 'null' is not a name"
    assert (len(reasons), report.set_aside) == (4, 4)


@pytest.mark.parametrize(
    ("text", "keys", "expected"),
    [
        ("1,000.5", {}, "1000.5"), ("12,345,678", {}, "12345678"),
        ("1,024", {"kind": "count"}, "1024"), ("$1,024", {"money": True}, "1024"),
        ("14180000,14180000", {}, "14180000"), ("77.0%", {"percent": 1, "times": 100}, "77"),
        ("0.77", {"percent": 1, "times": 100}, "77"),
        ("34%", {"percent": 0.01, "maximum": 1}, "0.34"),
        ("1,024", {}, "is it 1024, 1.024, or two numbers?"), ("1,6", {}, "is it 1.6, or two"),
        ("5,5", {}, "is it 5.5, or two"), ("7000,8000", {}, "which of them is it?"),
        ("77%", {}, "a number such as"), ("-1", {"zero": False}, "a number above zero"),
    ],
)  # fmt: skip
def test_numbers(text: str, keys: dict[str, Any], expected: str) -> None:
    """A number is read where it can be one thing alone; otherwise the hint says what it may be."""
    column = Column.model_validate_json(json.dumps({"from": ["x"], "kind": "number", **keys}))
    try:
        found = number(text, column)
    except UnreadableError as error:
        found = f"{error.expected}; {error.hint}"
    assert found == expected or (expected in found and not expected[0].isdigit())


def test_thresholds_and_records_of_an_imported_package(tmp_path: Path) -> None:
    """It has no table of summaries; the dates and figures are its own."""
    rows = "A,2020-02-03,X,5e9,1e26\nB,2021-02-03,X,6e9,1e20\nC,2022-02-03,X,6e9,1e27\n"
    out, _ = imported(models(tmp_path, rows))
    package = open_package(out)
    found = diffdata.exceeds(1e25, package=package).set_index("model_id")["verdict"]
    assert found.to_dict() == {"a": "surely", "b": "no", "c": "surely"}
    assert diffdata.records(package=package)["model_id"].tolist() == ["a", "c"]


def test_second_names_in_one_vintage_are_set_aside(tmp_path: Path) -> None:
    """The row with the first name is kept, wherever it stands; a row of another day is another."""
    mapping = Path(str(resources.files("diffdata.importing"))) / "mappings/epoch-models.toml"
    rules = tmp_path / "names.toml"
    rules.write_text(mapping.read_text().replace("[renamed]", '[renamed]\n"open-big" = "Big 1"'))
    rows = "open-big,,,,\nBig 1,2024-01-02,X,5e9,\nBIG-1,,,,\nBig1,2025-03-04,Y,6e9,\n"
    out, report = imported(models(tmp_path, rows), kind=rules)
    assert [row["name"] for row in read(out, "data/models.csv")] == ["Big 1", "Big1"]
    reasons = {row["Model"]: row["reason"] for row in read(out, "set_aside.csv")}
    assert reasons == dict.fromkeys(["open-big", "BIG-1"], "line 3 has it by another name, Big 1")
    assert report.accepted == 2


def test_an_alias_keeps_the_identifier_that_it_leads_to() -> None:
    names = Names()
    names.add_alias("open-big", "big-1")
    assert (names.find("open-big"), names.find("Big 1"), names.find("BIG-1")) == ("big-1",) * 3
    assert names.new("big (1)") == "big-1-2"


def test_identifiers_of_many_names_take_no_longer_each() -> None:
    names, start = Names(), time.process_time()
    for place in range(20_000):
        names.add(f"Model {place}", names.new(f"Model {place}"))
    assert time.process_time() - start < 20


def _answers(package: Path, model: str, chip: str) -> Iterator[Callable[[], object]]:
    """Yield the questions that a dataset answers, asked of a package."""
    frames = {
        name: diffdata.load(name, package=package) for name in diffdata.tables(package=package)
    }
    figures = frames["estimates"]["estimate_id"] if "estimates" in frames else ["none"]
    source = frames["sources"]["source_id"].iloc[0]
    day = "2026-01-01"
    yield lambda: diffdata.trace(figures[0], package=package)
    yield lambda: diffdata.estimates(model=model, package=package)
    yield lambda: diffdata.taken_from(source, package=package)
    yield lambda: diffdata.value(model, "published", package=package)
    yield lambda: diffdata.value(chip, "bf16_matrix_flop_per_second", package=package)
    yield lambda: diffdata.lags(package=package)
    yield lambda: diffdata.report(model, package=package)
    yield lambda: diffdata.report(package=package)
    yield lambda: diffdata.status_on(day, package=package)
    yield lambda: diffdata.exceeds(package=package)
    yield lambda: diffdata.records(package=package)
    yield lambda: diffdata.shares(package=package)
    yield lambda: diffdata.resolve([model], package=package)
    yield lambda: diffdata.resolve([chip], "hardware", package=package)
    yield lambda: diffdata.prices_on(day, package=package)
    yield lambda: diffdata.rents(chip, package=package)
    yield lambda: diffdata.api_prices_on(day, package=package)
    yield lambda: diffdata.deflate(1, from_=2020, to=2022, package=package)
    yield lambda: diffdata.reproduce(package=package)
    for plot in PLOTS.values():
        options = {"model": model} if "model" in plot.options else {}
        yield lambda plot=plot, options=options: plot.data_of_dataset(package=package, **options)


def compute_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute the tables that a package lacks for the first answer, which takes seconds."""
    made: dict[str, Any] = {}

    def once(name: str, compute: Callable[..., Any]) -> Callable[..., Any]:
        def found(frames: Any) -> Any:
            if name not in made:
                made[name] = compute(frames)
            return made[name].copy()

        return found

    for name, compute in tables._COMPUTED.items():
        monkeypatch.setitem(tables._COMPUTED, name, once(name, compute))


@pytest.mark.parametrize(
    ("kind", "text", "answered"),
    [
        ("epoch-models", "Model,Publication date,Organization,Parameters,Training compute (FLOP)\n"
         "A,2020-02-03,X,5e9,1e26\n", 13),
        ("epoch-hardware", CHIPS.replace("\n", ",Release date\n", 1).replace("700", "700,2022"), 3),
        ("epoch-benchmarks", "Model version,EM,Release date\ngpt-4o,0.5,2024-05-13\n", 6),
    ],
)  # fmt: skip
def test_an_imported_package_answers_or_says_which_table_it_lacks(
    kind: str, text: str, answered: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compute_once(monkeypatch)
    file = table(tmp_path / "mmlu_2026-07-19.csv", text)
    out, _ = imported(file, kind=kind)
    there = {path.stem for path in (out / "data").iterdir()}
    model = {"epoch-models": "A", "epoch-benchmarks": "gpt-4o"}.get(kind, "A")
    found = 0
    for ask in _answers(out, model, "H100"):
        try:
            ask()
            found += 1
        except DiffdataError as error:
            message = str(error)
            lacking = re.search(r"no table named '(\w+)'|lacks ([\w, ]+)", message)
            nothing = re.search(r"(?:no|is not) (?:\w+ or )*\w+ (?:named|known)|not known", message)
            assert lacking or nothing, message
            for name in re.findall(r"\w+", (lacking[1] or lacking[2]) if lacking else ""):
                assert name not in there, message
    assert found >= answered


def test_the_clocks_run_on_the_summary_of_an_imported_package(tmp_path: Path) -> None:
    rows = (
        "A,2020-02-03,X,5e9,1e23,Open weights (unrestricted)\nB,2021-02-03,Y,6e9,1e24,API access\n"
    )
    header = (
        "Model,Publication date,Organization,Parameters,Training compute (FLOP),Model accessibility"
    )
    out, _ = imported(models(tmp_path, rows, header))
    notes = diffdata.lags(package=out).groupby("clock")["note"].first()
    assert not [notes[name] for name in ("compute", "access") if "lacks" in str(notes[name])]
    assert "lacks api_prices, evaluations" in notes["price"]
    assert diffdata.value("A", "developers", package=out).value == "x"
