"""Comparing databases: what is matched, what differs, and that the matches can be reviewed."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from diffdata.cli import app
from diffdata.errors import InvalidInputError
from diffdata.importing.comparing import Comparison, _derived, _differing, _matches, compare
from diffdata.lookup.names import NameIndex

HEADER = "Model,Publication date,Organization,Parameters,Training dataset size (gradients),Domain\n"
ROWS = """GPT-3 175B (davinci),2020-05-28,OpenAI,1.75e11,,Language
opt 175b,2022-05-02,Meta AI,350e9,,Language
gpt-4o-2024-08-06,2024-08-06,OpenAI,1e12,,Language
Never Heard Of It,2023-01-31,Nobody,1e9,,Language
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    file = tmp_path_factory.mktemp("theirs") / "models_2024-12-01.csv"
    file.write_text(HEADER + ROWS)
    return compare(file)


def test_rows_are_matched_by_name_and_alias_or_left(found: Comparison) -> None:
    rows = found.matches.set_index("name")[["status", "id", "how"]].fillna("")
    assert rows.loc["GPT-3 175B (davinci)"].tolist() == ["matched", "gpt-3", "alias"]
    assert rows.loc["opt 175b"].tolist() == ["matched", "opt-175b", "name"]
    assert rows.loc["gpt-4o-2024-08-06", "status"] == "ambiguous"
    assert rows.loc["Never Heard Of It"].tolist() == ["only_theirs", "", ""]


def test_figures_that_differ_by_the_factor_are_listed(found: Comparison) -> None:
    (row,) = found.differences.to_dict(orient="records")
    assert (row["id"], row["quantity"], row["theirs"]) == ("opt-175b", "parameters", 350e9)
    assert row["ratio"] == pytest.approx(2)
    assert found.compared >= 2
    text = found.text()
    assert "opt-175b: parameters 1.75e+11 here, 3.5e+11 there (x 2)" in text
    assert "GPT-3 175B (davinci): matched: gpt-3, by alias" in text


def test_the_command_prints_all_matches(tmp_path: Path) -> None:
    (tmp_path / "chips_2026-01-01.csv").write_text(
        "Hardware name,Memory (bytes)\nNVIDIA H100 SXM5,8e10\nNVIDIA A100 SXM4 80 GB,1.6e11\n"
    )
    arguments = ["compare", str(tmp_path / "chips_2026-01-01.csv"), "--factor", "1.9"]
    result = CliRunner().invoke(app, [*arguments, "--format", "json"])
    assert result.exit_code == 0, result.output
    read: dict[str, Any] = json.loads(result.output)
    assert {m["id"] for m in read["matches"]} >= {"nvidia-h100-sxm5"}
    assert "nvidia-h100-sxm5" not in {row["id"] for row in read["differences"]}
    assert set(read) == {
        "kind", "factor", "compared", "statuses", "matches", "differences", "derived",
    }  # fmt: skip


def test_what_is_no_table_of_models_or_chips_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(InvalidInputError, match="expected a package, or a table of models"):
        compare(file)
    with pytest.raises(InvalidInputError, match="factor: expected a number above 1, found 1"):
        compare(file, factor=1)


def rows_of(*rows: tuple[str, str, str | None, set[str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["id", "name", "date", "organizations"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


def test_date_and_organization_choose_between_models_of_a_name() -> None:
    index = NameIndex()
    for identifier in ("calm", "calm-2023"):
        index.add_name("CaLM", identifier)
    index.add_name("Other", "other")
    index.add_alias("Another", "other", "certain")
    ours = rows_of(
        ("calm", "CaLM", "2022-07-14", {"google"}), ("calm-2023", "CaLM", "2023-01-01", {"ox"}),
        ("other", "Other", "2020-01-01", {"lab"}),
    )  # fmt: skip
    theirs = rows_of(
        ("a", "CALM", "2022-07-20", {"google"}), ("b", "calm", "2022-07-20", {"ox"}),
        ("c", "Another", "2020-01-02", {"lab"}), ("d", "other", "2020-02-01", set()),
        ("e", "OTHER", "2024-01-01", {"else"}),
    )  # fmt: skip
    found = _matches(index, theirs, ours).set_index("their_id")
    assert found.loc["a", ["status", "id", "how"]].tolist() == [
        "matched", "calm", "date_and_organization",
    ]  # fmt: skip
    assert found.loc["a", "days_apart"] == 6
    assert found.loc["b", ["status", "candidates"]].tolist() == ["ambiguous", "calm; calm-2023"]
    assert found.loc["c", "status"] == "doubtful"  # row d has the name itself
    assert found.loc["d", "status"] == "matched"
    assert found.loc["e", ["status", "organizations"]].tolist() == ["doubtful", "differ"]


def test_what_follows_from_the_figures_moves_with_them() -> None:
    figures = [("parameters", 10, 20), ("training_tokens", 5, 5), ("chips", 2, 2),
               ("training_duration", 3.0, 30.0)]  # fmt: skip
    both = pd.DataFrame(
        [(name, quantity, "1", *pair) for name in ("dense", "moe") for quantity, *pair in figures],
        columns=["id", "quantity", "unit", "ours", "theirs"],
    )
    models = pd.DataFrame({"model_id": ["moe"], "architecture": ["mixture_of_experts"]})
    derived = _derived(both, models)
    found = {(r.id, r.quantity): (r.ours, r.theirs) for r in derived.itertuples()}
    assert found == {
        ("dense", "six_nd"): (300, 600), ("dense", "chip_hours"): (144, 1440),
        ("moe", "chip_hours"): (144, 1440),
    }  # fmt: skip
    assert _differing(derived, 2.5)["quantity"].tolist() == ["chip_hours"] * 2


def test_a_table_of_names_alone_is_matched_without_dates(tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text("Model,Link\nGPT-3,\nNever Heard Of It,\n")
    found = compare(file)
    assert found.matches.set_index("name").loc["GPT-3", "id"] == "gpt-3"
    assert (found.compared, len(found.differences), len(found.derived)) == (0, 0, 0)
