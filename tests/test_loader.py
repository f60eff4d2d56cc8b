"""Loading: by name, validated, typed; growing the dataset touches only data and schema."""

import ast
import importlib
import inspect
import json
from pathlib import Path

import pytest
from mypy import api as mypy

import diffdata
from diffdata.errors import InvalidDataError, PackageError, UnknownNameError
from diffdata.package.digest import content_digest
from diffdata.package.packages import Package, open_package
from diffdata.releasing.build import outputs

from .conftest import ROOT, edit
from .reviewed import few_calculations


def test_tables_come_in_the_order_of_the_descriptor() -> None:
    descriptor = json.loads((ROOT / "datapackage.json").read_text())
    assert diffdata.tables() == [resource["name"] for resource in descriptor["resources"]]


def test_a_frame_knows_its_table_version_and_digest(package: Package) -> None:
    models = diffdata.load("models")
    digest = content_digest(models, package.schema("models"))
    assert models.attrs == {"table": "models", "version": package.version, "digest": digest}


def test_a_frame_is_ours_to_change() -> None:
    first = diffdata.load("models")
    first.loc[0, "name"] = "changed"
    assert diffdata.load("models").loc[0, "name"] != "changed"


def test_a_missing_table_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"no table named 'model'; did you mean models"):
        diffdata.load("model")
    with pytest.raises(KeyError, match=r"no table named 'zzz'\. Known: acknowledgements, aliases"):
        diffdata.load("zzz")


def test_invalid_data_are_refused_with_all_faults(copy: Path) -> None:
    edit(copy / "data/hardware.csv", "Huawei Ascend 910,huawei,npu", "Huawei Ascend 910,huwei,npx")
    with pytest.raises(InvalidDataError) as caught:
        diffdata.load("hardware", package=copy)
    assert {issue.rule for issue in caught.value.issues} == {"enum", "foreign-key"}
    assert "did you mean huawei?" in str(caught.value)


def test_a_folder_without_a_descriptor_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"the folder has no datapackage\.json$"):
        diffdata.load("models", package=tmp_path)


def test_adding_a_column_touches_one_csv_and_one_json(copy: Path) -> None:
    path = copy / "schemas/hardware.json"
    schema = json.loads(path.read_text())
    new = {"name": "sockets", "type": "integer", "unit": "1", "description": "Sockets."}
    schema["fields"].append(new)
    path.write_text(json.dumps(schema))
    data = copy / "data/hardware.csv"
    header, *rows = data.read_text().splitlines()
    data.write_text("\n".join([f"{header},sockets", *(f"{row},2" for row in rows)]) + "\n")
    assert diffdata.validate(copy) == []
    frame = diffdata.load("hardware", package=copy)
    assert str(frame["sockets"].dtype) == "Int64"
    assert frame["sockets"].eq(2).all()
    assert diffdata.schema("hardware", package=copy).validate(frame) is not None
    stub = outputs(open_package(few_calculations(copy, "gopher-lag")))["diffdata/typed.pyi"]
    assert "    sockets: Series[pd.Int64Dtype]" in stub


def test_adding_a_table_touches_the_descriptor_too(copy: Path) -> None:
    (copy / "data/licences.csv").write_text("licence,model_id\nMIT,gpt-2\n")
    schema = {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "title": "Licences",
        "description": "One row is a licence.",
        "fields": [
            {"name": "licence", "type": "string", "description": "The licence."},
            {"name": "model_id", "type": "string", "description": "The model."},
        ],
        "primaryKey": ["licence"],
        "foreignKeys": [
            {"fields": "model_id", "reference": {"resource": "models", "fields": "model_id"}}
        ],
    }
    (copy / "schemas/licences.json").write_text(json.dumps(schema))
    path = copy / "datapackage.json"
    descriptor = json.loads(path.read_text())
    entry = {"name": "licences", "path": "data/licences.csv", "schema": "schemas/licences.json"}
    descriptor["resources"].append(entry)
    path.write_text(json.dumps(descriptor))
    assert diffdata.validate(copy) == []
    assert diffdata.tables(package=copy)[-1] == "licences"
    assert diffdata.load("licences", package=copy)["model_id"].tolist() == ["gpt-2"]
    stub = outputs(open_package(few_calculations(copy, "gopher-lag")))["diffdata/typed.pyi"]
    assert "class Licences(Table):" in stub


def test_type_checkers_know_each_table(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import diffdata\n"
        "from diffdata.typed import Models\n"
        'reveal_type(diffdata.load("models"))\n'
        'reveal_type(diffdata.load("estimates"))\n'
        "reveal_type(Models.model_id)\n"
        'reveal_type(diffdata.load("models", "2026.1"))\n'
        'reveal_type(diffdata.load("models", engine="polars"))\n'
        'diffdata.load("models", packge=None)\n'
    )
    shown, _, _ = mypy.run([str(script), "--config-file", str(ROOT / "pyproject.toml")])
    assert "DataFrame[diffdata.typed.Models]" in shown
    assert "DataFrame[diffdata.typed.Estimates]" in shown
    assert '"pandas.core.frame.DataFrame"' in shown  # another edition has other columns
    assert '"Any"' in shown  # frames of other engines
    assert "packge" in shown


def test_the_names_of_the_stub_are_the_public_names() -> None:
    stub = ast.parse((ROOT / "diffdata/__init__.pyi").read_text())
    modules, names = set(), set()
    for node in stub.body:
        if isinstance(node, ast.ImportFrom):
            home = importlib.import_module(str(node.module))
            for alias in node.names:
                # Modules that can be called stand for their function.
                public, own = getattr(diffdata, str(alias.asname)), getattr(home, alias.name)
                assert inspect.unwrap(public) is inspect.unwrap(own)
                (modules if home is diffdata else names).add(alias.name)
    assert names == set(diffdata.__all__)
    assert modules | names < set(dir(diffdata))
