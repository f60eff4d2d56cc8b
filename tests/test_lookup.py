"""Lookups: names are never guessed, prices are the last observed ones, figures keep their doubt."""

import doctest
import io
import json
from difflib import get_close_matches
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import diffdata
from diffdata.cli import app
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.lookup import names as lookup_names
from diffdata.lookup.names import NameIndex
from diffdata.lookup.prices import _dated, _in_force
from diffdata.lookup.words import chosen
from diffdata.types.names import slug

from .conftest import ROOT


def resolved(names: list[str], kind: str = "model", **options: str) -> list[tuple[str, object]]:
    found = diffdata.resolve(names, kind, **options)  # type: ignore[arg-type]
    assert found["name"].tolist() == names
    return [(s, i if isinstance(i, str) else None)
            for s, i in zip(found["status"], found["id"], strict=True)]  # fmt: skip


def test_names_are_compared_without_case_spaces_and_punctuation() -> None:
    names = ["GPT-4o", "gpt 4o\n", " GPT_4o", "llama 65b", "LLaMA-65B", "OPT-175B"]
    ids = ["gpt-4o"] * 3 + ["llama-65b"] * 2 + ["opt-175b"]
    assert resolved(names) == [("matched", name) for name in ids]
    assert resolved(["Meta AI", "google brain"], "organization") == [
        ("matched", "meta-ai"), ("matched", "google-brain"),
    ]  # fmt: skip


def test_doubtful_aliases_are_ambiguous_and_near_spellings_no_match() -> None:
    assert resolved(["deepseek-chat", "gpt-4o-2024-08-06"]) == [("ambiguous", None)] * 2
    assert resolved(["H100 SXN5", "GPT-4oo", "", "\n"], "hardware") == [("unmatched", None)] * 4
    found = diffdata.resolve("H100 SXN5", "hardware")
    assert found.loc[0, "candidates"] == "nvidia-h100-sxm5"


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("Star-1.5 70B Instruct", ("star-1.5-70b",)), ("maker/Star 1.5 70B", ("star-1.5-70b",)),
        ("star-1-5-70b-2025-08-07_high", ("star-1.5-70b",)),
        ("Star 1.5 70B (32k)", ("star-1.5-70b",)),
        ("Star", ("star-2", "star-1.5-70b", "star-2-apr-2024")), ("Apr 2024", ("star-2-apr-2024",)),
        ("NSLR", ("national-star-lab-of-research",)), ("Star 2 Inc.", ("star-2",)),
        # A part of a word, of a number, one word alone inside, and another version are none.
        ("St", ()), ("Star 1", ()), ("Apr", ()), ("star-2-2512", ()), ("", ()), ("-", ()),
    ],
)  # fmt: skip
def test_versions_and_parts_of_names_are_ambiguous(name: str, candidates: tuple[str, ...]) -> None:
    made = NameIndex()
    for own in ("Star 1.5 70B", "Star 2", "Star 2 (Apr 2024)", "National Star Lab of Research"):
        made.add_name(own, slug(own))
    found = made.find(name)
    assert found.status == ("ambiguous" if candidates else "unmatched")
    assert found.candidates == candidates or not candidates
    assert made.find(name, near=False).status == "unmatched"


def test_every_name_of_the_dataset_is_matched_unless_several_things_have_it() -> None:
    for kind, table in (("model", "models"), ("hardware", "hardware")):
        things = diffdata.load(table)
        single = things[~things["name"].str.casefold().duplicated(keep=False)]
        found = diffdata.resolve(single["name"], kind)  # type: ignore[arg-type]
        assert found["id"].tolist() == single.iloc[:, 0].tolist()


def index() -> NameIndex:
    made = NameIndex()
    for name in ("Big 1", "Big 2", "Same", "Small"):
        made.add_name(name, name.lower().replace(" ", "-"))
    made.add_name("Same", "same-2020")
    made.add_alias("B1", "big-1", "certain")
    made.add_alias("B1x", "big-1", "certain")
    made.add_alias("B1x", "big-1", "ambiguous")
    made.add_alias("Both", "big-1", "certain")
    made.add_alias("both", "big-2", "likely")
    made.add_alias("small", "big-2", "certain")
    return made


@pytest.mark.parametrize(
    ("name", "status", "candidates", "how", "certainty"),
    [
        ("big1", "matched", ("big-1",), "name", "certain"),
        ("b1", "matched", ("big-1",), "alias", "certain"),
        ("b1x", "ambiguous", ("big-1",), "alias", "ambiguous"),
        ("BOTH", "ambiguous", ("big-1", "big-2"), "alias", "likely"),
        ("same", "ambiguous", ("same", "same-2020"), "name", "ambiguous"),
        ("small", "matched", ("small",), "name", "certain"),  # our name comes first
        ("biggg", "unmatched", (), None, None),
    ],
)
def test_a_match_is_certain_or_none(
    name: str, status: str, candidates: tuple[str, ...], how: str | None, certainty: str | None
) -> None:
    found = index().find(name)
    assert (found.status, found.candidates) == (status, candidates)
    assert (found.how, found.certainty) == (how, certainty)
    assert found.id == (candidates[0] if status == "matched" else None)


def test_dated_aliases_hold_on_their_days() -> None:
    aliases = diffdata.load("aliases")
    ended = aliases[aliases["valid_until"].notna() & aliases["hardware_id"].isna()]
    certain = ended[ended["alias_certainty"] == "certain"].iloc[0]
    others = aliases[aliases["alias"] == certain["alias"]]
    assert len(others) == 1, "choose an alias with one row"
    last = certain["valid_until"].date()
    after = (certain["valid_until"] + pd.Timedelta(days=1)).date()
    assert resolved([certain["alias"]], on=last) == [("matched", certain["model_id"])]
    assert resolved([certain["alias"]], on=after) == [("unmatched", None)]
    with pytest.raises(InvalidInputError, match="on: expected a date"):
        diffdata.resolve("x", on="2024")
    with pytest.raises(UnknownNameError, match="no kind named 'chip'"):
        diffdata.resolve("x", "chip")  # type: ignore[arg-type]


def test_the_command_reads_names_from_standard_input() -> None:
    arguments = ["resolve", "GPT-4o", "-", "--format", "json"]
    found = CliRunner().invoke(app, arguments, input="llama 65b\n\ndeepseek-chat\r\n")
    assert found.exit_code == 0
    rows = json.loads(found.output)
    assert [row["name"] for row in rows] == ["GPT-4o", "llama 65b", "deepseek-chat"]
    assert [row["id"] for row in rows] == ["gpt-4o", "llama-65b", None]


PRICES = """id,offer,amount,observed_on,observed_on_precision,listed_on,effective_from
old,a,1,2024-01-05,day,,
new,a,2,2024-03-01,day,,
future,a,3,2024-09-01,day,,
month,b,4,2024-03-01,month,,
listed,c,5,,,2024-02-01,
effective,d,6,2024-12-01,day,,2024-03-10
"""


def test_the_price_in_force_is_the_last_one_not_after_the_day() -> None:
    dates = ["observed_on", "listed_on", "effective_from"]
    prices = pd.read_csv(io.StringIO(PRICES), parse_dates=dates).assign(source_id="s")

    def ids(day: str) -> dict[str, tuple[str, int]]:
        rows = _in_force(prices, pd.Timestamp(day), ["offer"])
        return {r.id: (r.dated_by, r.age_days) for r in rows.itertuples()}

    assert ids("2024-03-15") == {
        "new": ("observed", 14), "listed": ("listed", 43), "effective": ("effective", 5),
    }  # fmt: skip
    assert ids("2024-03-31")["month"] == ("observed", 0)  # known to the month only
    assert ids("2024-12-01")["effective"] == ("observed", 0)
    assert ids("2023-01-01") == {}
    assert len(_dated(prices)) == len(prices)


def test_prices_are_as_the_table_has_them_and_not_after_the_day() -> None:
    table = diffdata.load("hardware_prices").set_index("hardware_price_id")
    found = diffdata.prices_on("2025-04-01", "nvidia-h100-pcie", commitment="on_demand")
    assert len(found)
    assert (found["age_days"] >= 0).all()
    there = table.loc[found["hardware_price_id"]]
    assert found["amount"].tolist() == there["amount"].tolist()
    assert set(found["unit"]) == {"USD per chip and hour"}
    assert (found["dated_by"] == "listed").tolist() == (
        there["listed_on"].notna() & there["effective_from"].isna()
    ).tolist()
    assert set(diffdata.prices_on("2025-04-01", "nvidia-h100-pcie")["unit"]) >= {"USD per chip"}
    over_time = diffdata.rents("nvidia-h100-pcie")
    assert set(found["hardware_price_id"]) <= set(over_time["hardware_price_id"])


def test_prices_of_tokens_stay_per_million() -> None:
    found = diffdata.api_prices_on("2025-07-01", "GPT-4o mini", "OpenAI")
    assert found["input_usd_per_million_tokens"].tolist() == [0.15]
    assert diffdata.api_prices_on("2010-01-01").empty
    assert "is of" in diffdata.api_prices_on("2010-01-01", "gpt-5").attrs["empty_because"]
    sold = diffdata.api_prices_on("2026-07-01", "Claude Opus 4.5", "anthropic")
    assert set(sold["model_id"]) == {"claude-opus-4.5"}  # none of these rows has the model


def test_unknown_names_of_prices_are_errors() -> None:
    with pytest.raises(UnknownNameError, match="no provider named 'Lambada'"):
        diffdata.prices_on("2025-01-01", provider="Lambada")
    with pytest.raises(UnknownNameError, match="no commitment named 'forever'"):
        diffdata.prices_on("2025-01-01", commitment="forever")
    with pytest.raises(InvalidInputError, match="not certain; is nvidia-h100-sxm5 meant"):
        diffdata.prices_on("2025-01-01", "H100")
    with pytest.raises(UnknownNameError, match="no hardware named 'abacus 3000'"):
        diffdata.rents("abacus 3000")
    with pytest.raises(UnknownNameError, match="no model with a price named"):
        diffdata.api_prices_on("2025-01-01", "no such model")
    with pytest.raises(InvalidInputError, match="day: expected a date"):
        diffdata.api_prices_on("soon")


def test_a_threshold_is_surely_exceeded_only_by_the_whole_interval() -> None:
    found = diffdata.exceeds(1e24)
    assert set(found["verdict"]) == {"surely", "possibly", "no"}
    surely, no = (found[found["verdict"] == verdict] for verdict in ("surely", "no"))
    assert (surely["low"] > 1e24).all()
    assert (no["high"] <= 1e24).all()
    assert not (surely["stated_confidence"] == "speculative").any()
    rest = found[found["verdict"] == "possibly"]
    crossing = (rest["low"] <= 1e24) & (rest["high"] > 1e24)
    assert (crossing | (rest["stated_confidence"] == "speculative")).all()
    assert found["model_id"].is_unique
    table = found.set_index("model_id")
    assert table.loc["gpt-4", "basis"] == "interval"
    assert table.loc["gpt-2", "verdict"] == "no"


def test_a_wider_factor_makes_less_sure() -> None:
    strict, wide = (diffdata.exceeds(1e24, factor=factor) for factor in (1, 30))
    for verdict in ("surely", "no"):
        sure = [set(frame["model_id"][frame["verdict"] == verdict]) for frame in (wide, strict)]
        assert sure[0] < sure[1]
    with pytest.raises(InvalidInputError, match="factor: expected a number of at least 1"):
        diffdata.exceeds(factor=0.5)
    with pytest.raises(UnknownNameError, match="no quantity named 'computer'"):
        diffdata.exceeds(quantity="computer")


def test_quantities_benchmarks_and_models_may_be_named_as_people_write_them() -> None:
    for name in ("compute", "Training Compute", "training_compute_flop"):
        assert len(diffdata.records(name, version="2026.2"))
    assert len(diffdata.estimates(model="GPT-3", quantity="cost", version="2026.2"))
    assert set(diffdata.status_on("2024-01-01", model="GPT 3")["model_id"]) == {"gpt-3"}
    assert diffdata.shares(models=["GPT-3", "BLOOM"])["any"].sum() >= 2
    drawn = diffdata.plot.estimates.data_of_dataset(model="GPT 3", quantity="Training cost")
    assert "gpt-3-training-cost" in set(drawn["estimate_id"])
    named = {"gpqa-diamond": "GPQA_Diamond", "mmlu": "MMLU"}
    for benchmark, name in named.items():
        assert set(diffdata.lags(benchmark=name)["group"]) > {benchmark}


def test_what_analysts_write_first_is_understood_or_answered() -> None:
    one = diffdata.reproduce(only="opt-175b-cost-ratio", version="2026.2")
    assert [result.id for result in one] == ["opt-175b-cost-ratio"]
    found = diffdata.diff("2026.1", "2026.2", only="comparisons")
    assert set(found.changes["table"]) == {"comparisons"}
    assert diffdata.shares(models="GPT-3", version="2026.2")["any"].tolist() == [1.0]
    assert len(diffdata.taken_from("Brown 2020", version="2026.2"))
    assert len(diffdata.prices_on("2025-04-01", "H100 PCIe", "Lambda", "on demand"))
    with pytest.raises(
        InvalidInputError, match=r"'GPT-3' is a model; name a figure of it, such as"
    ):
        diffdata.trace("GPT-3", version="2026.2")
    names = ["model_dates", "artifacts", "comparisons", "diffusion_events", "model_developers"]
    tables = [diffdata.load(name, "2026.2") for name in names]
    with pytest.raises(InvalidInputError, match=r"reference: 'GPT-3' has no .* did you mean gpt-3"):
        diffdata.replication_lag(*tables, reference="GPT-3")


def test_a_chip_without_a_price_says_why() -> None:
    early = diffdata.prices_on("2001-01-01", "H100 PCIe")
    assert early.empty
    assert "the first price of H100 PCIe is of 20" in early.attrs["empty_because"]
    none = diffdata.prices_on("2025-06-01", "AMD MI325X")
    assert none.empty
    assert "no price of " in none.attrs["empty_because"]


def test_a_word_for_several_things_is_not_decided() -> None:
    names = {"MMLU Pro": "a", "mmlu-pro": "b"}
    with pytest.raises(InvalidInputError, match="benchmark: 'MMLU pro' is not certain; is a or b"):
        chosen("benchmark", "MMLU pro", ["a", "b"], names)
    with pytest.raises(UnknownNameError, match="no benchmark named 'GQPA'; did you mean gpqa"):
        chosen("benchmark", "GQPA", ["gpqa"], {})


def test_the_summary_has_the_same_values_as_the_thresholds() -> None:
    summary = diffdata.load("model_summary", "2026.2").set_index("model_id")
    found = diffdata.exceeds(version="2026.2").dropna(subset="value").set_index("model_id")
    values = summary["training_compute_flop"].dropna()
    assert set(values.index) == set(found.index)
    imported = diffdata.load("estimates", "2026.2").query("verification == 'snapshot'")["model_id"]
    same = values.drop(set(imported) & set(values.index))  # evaluated by another rule since then
    assert found.loc[same.index, "value"].tolist() == pytest.approx(same.tolist())


def test_records_rise_and_speculative_ones_can_be_left_out() -> None:
    every, sure = diffdata.records(), diffdata.records(speculative=False)
    for found in (every, sure):
        assert found["value"].is_monotonic_increasing
        assert found["value"].is_unique
        assert found["published"].is_monotonic_increasing
        assert found["published"].is_unique
        assert (found["times_previous"].iloc[1:] > 1).all()
    assert not sure["speculative"].any()
    flagged = every[every["speculative"]]["model_id"]
    assert not set(flagged) & set(sure["model_id"])
    early = diffdata.records(until="2020-12-31")
    assert early["model_id"].iloc[-1] == "gpt-3"


def test_shares_count_models_once_or_in_parts() -> None:
    found = diffdata.shares()
    total = found["alone"].sum()
    assert found["fractional"].sum() == pytest.approx(total)
    assert found["any"].sum() > total
    assert found["alone_share"].sum() == pytest.approx(1)
    countries = found[~found["country"].isin(["several", "unknown"])]
    assert (countries["alone"] <= countries["fractional"] + 1e-9).all()
    assert (countries["fractional"] <= countries["any"] + 1e-9).all()


def test_shares_of_some_models_by_hand() -> None:
    developers = diffdata.load("model_developers")
    places = diffdata.load("organizations").set_index("organization_id")["country"]
    there = developers.assign(country=developers["organization_id"].map(places))
    there = there[there["role"] == "developer"].dropna(subset="country")
    each = there.groupby("model_id")["country"].unique()
    both = next(name for name, found in each.items() if len(found) == 2)
    found = diffdata.shares(models=[both, "gpt-3"]).set_index("country")
    assert found.loc["several", "alone"] == 1
    for country in each[both]:
        also = country == "US"
        assert found.loc[country, "any"] == 1 + also
        assert found.loc[country, "fractional"] == 0.5 + also
    with pytest.raises(UnknownNameError, match="no model named 'gpt-33'"):
        diffdata.shares(models=["gpt-33"])
    with pytest.raises(UnknownNameError, match="no grouping named 'continent'"):
        diffdata.shares("continent")  # type: ignore[arg-type]


def test_the_examples_of_the_documentation() -> None:
    found = doctest.testfile(str(ROOT / "docs/lookup.md"), module_relative=False)
    assert found.attempted
    assert not found.failed


def test_names_with_their_developer_or_without_their_maker() -> None:
    """They are the same things; other words before a name are not left out."""
    found = diffdata.resolve(["openai/gpt-4o", "OpenAI GPT-4", "google/gpt-4o", "chat GPT-4"])
    assert found["id"].fillna("").tolist() == ["gpt-4o", "gpt-4", "", ""]
    chips = diffdata.resolve(["RTX 4090", "rtx4090", "T4", "Tesla T4", "TPUv4", "H100"], "hardware")
    assert chips["id"].fillna("").tolist() == [
        "nvidia-rtx-4090", "nvidia-rtx-4090", "nvidia-t4", "nvidia-t4", "google-tpu-v4", "",
    ]  # fmt: skip
    assert diffdata.resolve(["x.ai", "open ai"], "organization")["id"].tolist() == ["xai", "openai"]


def test_hyphens_between_digits_count() -> None:
    index = NameIndex()
    index.add_name("Qwen2-7B", "qwen2-7b")
    assert index.find("Qwen 2 7B").id == index.find("qwen2 7b").id == "qwen2-7b"
    assert index.find("Qwen 27B").id is None


def test_near_names_begin_alike() -> None:
    index = NameIndex()
    for name in ("PLLaMA-65B", "LLaMA-65B"):
        index.add_name(name, name.lower())
    assert index.find("llama6").candidates == ("llama-65b", "pllama-65b")


def test_names_much_alike_are_those_of_difflib() -> None:
    index = NameIndex()
    stems = ("llama", "qwen", "gpt", "mistral", "deepseek", "gemma", "phi", "falcon")
    for place in range(8000):
        index.add_name(f"{stems[place % 8]} {place * 7919 % 100_003} base", f"m-{place}")
    keys = [f"{stems[place % 8]}{place * 104_729 % 100_003}bade" for place in range(40)]
    found = [index.find(key).candidates for key in keys]
    for key, candidates in zip(keys[:5], found, strict=False):
        close = get_close_matches(key, sorted(index.names), n=3, cutoff=0.8)
        things = [thing for text in close for thing in sorted(index.names[text])]
        assert candidates == tuple(things[:3])
    index.add_name(keys[0] + "s", "new")
    assert index.find(keys[0]).candidates[0] == "new"


@pytest.mark.parametrize("kind", ["model", "hardware", "organization"])
def test_every_identifier_names_its_own_thing(kind: Any) -> None:
    """Even where another thing has a name that is spelled the same."""
    table = "organizations" if kind == "organization" else {"model": "models"}.get(kind, kind)
    index = lookup_names.name_index(None, None, kind)
    found = {thing: lookup_names.identified_in({kind: index}, thing)[1]
             for thing in diffdata.load(table)[f"{kind}_id"]}  # fmt: skip
    assert found == {thing: thing for thing in found}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold": "1e25"}, "threshold: expected a finite number, found '1e25'"),
        ({"threshold": float("nan")}, "threshold: expected a finite number"),
        ({"factor": "3"}, "factor: expected a number of at least 1, found '3'"),
    ],
)
def test_a_threshold_is_a_number(arguments: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        diffdata.exceeds(**arguments)
