"""The ledger: verdicts equal the recorded ones, and formulas are only arithmetic."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import diffdata
from diffdata import cli
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.package.packages import Package, open_dataset
from diffdata.reproduce import (
    VERDICTS,
    Figure,
    Reproduction,
    count_verdicts,
    evaluate_formula,
    judge,
    judge_number,
    ledger_tables,
    reproduce,
    shown,
    verdict_text,
)
from diffdata.reproduce.verdicts import summarize

from .conftest import edit
from .reviewed import few_calculations


@pytest.fixture(scope="module")
def found() -> dict[str, Reproduction]:
    return {result.id: result for result in reproduce(diffdata.package.packages.open_package())}


def test_every_verdict_is_the_recorded_one(found: dict[str, Reproduction]) -> None:
    changed = {name: result.verdict for name, result in found.items()
               if result.verdict != result.recorded}  # fmt: skip
    assert changed == {}


def test_every_verdict_occurs(found: dict[str, Reproduction]) -> None:
    assert len({result.verdict for result in found.values()}) == 4


def test_verdicts_do_not_depend_on_the_seed(package: Package) -> None:
    """The recorded ones are those of the seed 0 and of fewer draws."""
    for result in reproduce(package, seed=1, draws=400_000):
        assert result.verdict == result.recorded, result.id


@pytest.mark.parametrize(
    ("name", "recomputed"),
    [
        ("gpt-3-development-cost-mean", 40.6e6),
        ("hyperparameter-share", 0.1625),
        ("h100-cluster", 1263.9),
        ("gpt-4-hardware", 40.05),
        ("frontier-compute", 680.3),
        ("v100-price-per-pflops-day", 913.2),
        ("gpt-3-chip-years", 331.8),
        ("hoffmann-reduction", 2.977),
        ("trend-hardware", 414**0.25),
    ],
)
def test_figures_that_were_computed_by_hand(
    found: dict[str, Reproduction], name: str, recomputed: float
) -> None:
    value = found[name].recomputed.value
    assert value is not None
    assert math.isclose(value, recomputed, rel_tol=1e-3)


def test_the_efficiency_gains_follow_only_from_the_printed_medians(
    found: dict[str, Reproduction],
) -> None:
    """170 and 414 do not follow from the stated lognormals, whose medians are not the printed ones.

    Recomputed here with bare numpy: lognormals shifted so that they go through the printed median.
    """
    assert found["compute-reduction-stated"].verdict == "differs"
    assert found["hardware-reduction-stated"].verdict == "differs"
    rng, draws, z = np.random.default_rng(5), 500_000, 1.2815515655446004

    def shifted(low: float, median: float, high: float) -> np.ndarray[Any, Any]:
        origin = (low * high - median**2) / (low + high - 2 * median)
        sigma = math.log((high - origin) / (low - origin)) / (2 * z)
        return origin + (median - origin) * np.exp(sigma * rng.standard_normal(draws))

    mixture = 2.5 * np.exp(math.log(4) / (2 * 1.6448536269514722) * rng.standard_normal(draws))
    chinchilla = 3 + 1.5 / z * rng.standard_normal(draws)
    gains = [shifted(1.25, 2.5, 6), mixture, shifted(1.5, 3.5, 13), chinchilla[chinchilla > 0],
             shifted(1, 2.2, 6)]  # fmt: skip
    size = min(map(len, gains))
    product = np.prod([np.maximum(gain[:size], 1) for gain in gains], axis=0)
    ours = found["compute-reduction-three-numbers"].recomputed.value
    assert ours is not None
    assert math.isclose(float(np.median(product)), ours, rel_tol=0.01)


@pytest.mark.parametrize(
    ("published", "recomputed", "verdict"),
    [
        (704, 704, "agrees"),
        (1264, 1263.9, "agrees"),
        (7, 7.06, "agrees"),
        (7, 7.5, "agrees"),
        (7, 7.51, "differs"),
        (25, 21.9, "differs"),
        (0.36, 0.3617, "agrees"),
        (4.3, 4.51, "differs"),
        (49e6, 49.8e6, "differs"),
        (3.14e23, 3.144e23, "agrees"),
        # Zeros are digits: these agreed within rounding once.
        (10, 5, "differs"),
        (10, 14.9, "differs"),
        (1000, 1499, "differs"),
        (1000, 913, "differs"),
        (68, 69.3, "differs"),
    ],
)
def test_figures_are_compared_at_their_last_printed_digit(
    published: float, recomputed: float, verdict: str
) -> None:
    assert judge(Figure(published), Figure(recomputed), "value") == verdict


def test_the_worse_verdict_of_two_bounds_counts() -> None:
    published = Figure(None, 4.0, 10.0)
    assert judge(published, Figure(None, 4.0, 10.0), "interval") == "agrees"
    assert judge(published, Figure(None, 4.0, 9.7), "interval") == "agrees"
    assert judge(published, Figure(None, 5.2, 9.7), "interval") == "differs"
    assert judge(published, Figure(None, 4.0, 9.4), "interval") == "differs"


def test_values_are_inside_limits_or_not() -> None:
    assert judge(Figure(None, 10, None), Figure(40), "limit") == "agrees"
    assert judge(Figure(None, None, 1), Figure(1.2), "limit") == "differs"
    assert judge(Figure(None, 10, None), Figure(9.9), "limit") == "differs"  # it is not rounded
    assert judge(Figure(7), Figure(None, 6.6, 7.1), "value") == "agrees"
    assert judge(Figure(7), Figure(None, 6.1, 7.1), "value") == "agrees_within_rounding"
    assert judge(Figure(7), Figure(None, 5.1, 6.1), "value") == "differs"


PRINTED = st.decimals("0.000001", "1e12", allow_nan=False, places=6).map(float)
ERRORS = st.floats(0, 10)


@given(PRINTED, ERRORS, ERRORS, st.booleans(), st.booleans())
def test_a_larger_error_never_gets_a_better_verdict(
    published: float, one: float, other: float, above: bool, other_above: bool
) -> None:
    small, large = sorted((one, other))
    near, far = (
        judge(Figure(published), Figure(published * (1 + sign * error)), "value")
        for error, sign in ((small, 1 if above else -1), (large, 1 if other_above else -1))
    )
    assert VERDICTS.index(near) <= VERDICTS.index(far)


@given(PRINTED, st.floats(1e-9, 1e9), ERRORS, ERRORS, st.floats(0, 2))
def test_verdicts_are_monotone_in_the_error_whatever_the_inputs_allow(
    published: float, half: float, one: float, other: float, spread: float
) -> None:
    def verdict(error: float) -> int:
        found = published + error * half
        possible = (found - spread * half, found + spread * half)
        return VERDICTS.index(judge_number(published, half, (found, found), possible))

    small, large = sorted((one, other))
    assert verdict(small) <= verdict(large)
    assert verdict(-small) <= verdict(-large)
    if large > 1 + spread + 1e-3 and large * half > 1e-6 * published:
        assert VERDICTS[verdict(large)] == "differs"


def test_a_figure_is_compared_with_the_statistic_of_its_source(
    found: dict[str, Reproduction],
) -> None:
    sources = diffdata.load("source_statistics").set_index("source_id")["central_statistic"]
    calculations = diffdata.load("calculations").set_index("calculation_id")
    for name in calculations.index[calculations["compared"] == "centre"]:
        result = found[name]
        expected = sources.get(result.source_id, "median and mean")
        assert result.statistic == expected
        if result.verdict != "cannot_be_recomputed":
            assert len(result.parts) == len(expected.split(" and "))


def test_both_statistics_are_shown_where_the_source_does_not_name_one(
    found: dict[str, Reproduction],
) -> None:
    delay = found["discovery-delay-centre"]
    assert [(part.name, part.verdict) for part in delay.parts] == [
        ("median", "differs"), ("mean", "agrees")
    ]  # fmt: skip
    assert delay.verdict == "differs"
    assert shown(delay.recomputed, delay) == "4.24 (median); 6.24 (mean)"
    assert verdict_text(delay) == "median differs by a factor of 0.707; mean agrees"


def test_an_interval_of_which_one_bound_agrees_says_which(found: dict[str, Reproduction]) -> None:
    saving = found["hyperparameter-saving-interval"]
    assert saving.verdict == "differs"
    assert verdict_text(saving).startswith(
        "lower bound agrees within rounding; upper bound differs"
    )


def test_what_differs_says_by_which_factor(found: dict[str, Reproduction]) -> None:
    assert found["cost-at-1000x"].factor == pytest.approx(5)
    assert verdict_text(found["cost-at-1000x"]) == "differs by a factor of 5"
    for result in found.values():
        assert (result.factor is not None) == (result.verdict == "differs"), result.id


def test_inputs_move_by_half_of_their_last_digit(found: dict[str, Reproduction]) -> None:
    (part,) = found["gpt-4-compute"].parts  # 25,000 x 95 x 312 x 34 % / 3.14e23
    wide = 0.5 / 95 + 0.5 / 312 + 0.005 / 0.34 + 0.005 / 3.14 + 0.5 / 25_000
    assert part.high / part.recomputed - 1 == pytest.approx(wide, rel=0.02)
    assert part.low < 68.5 < part.recomputed
    assert found["gpt-4-compute"].verdict == "agrees_within_rounding"


def test_identities_are_not_counted(found: dict[str, Reproduction]) -> None:
    six_times_six, complement = found["stable-diffusion-cost"], found["google-shares"]
    assert six_times_six.identity
    assert complement.identity
    assert not found["h100-cluster"].identity
    text = count_verdicts([six_times_six, complement, found["h100-cluster"]])
    assert text == (
        "Of 1 published figures 1 agree with their recomputation, 0 agree within rounding, 0 "
        "differ, and 0 cannot be recomputed. Another 2 are identities, which are not counted."
    )


def test_the_ledger_shows_what_each_fit_gives(found: dict[str, Reproduction]) -> None:
    names = ("hoffmann-reduction", "hoffmann-reduction-unrounded", "hoffmann-reduction-refit")
    values = [found[name].recomputed.value for name in names]
    assert values == pytest.approx([2.977, 2.407, 1.645], rel=1e-3)
    assert [found[name].verdict for name in names] == ["agrees", "differs", "differs"]


def test_verdicts_of_older_editions_are_by_an_older_rule() -> None:
    edition = open_dataset(version="2026.2")
    results = list(reproduce(edition, only=["gopher-lag", "gpt-3-cost-centre"]))
    assert [result.recorded for result in results] == [None, None]
    assert [result.statistic for result in results] == ["within", "median"]
    arguments = ["--edition", "2026.2", "reproduce", "--only", "gpt-3-six-nd"]
    assert CliRunner().invoke(cli.app, arguments).exit_code == 0


ROW: dict[str, Any] = {
    "estimate_id": "a", "value": 3.0, "low": 2.0, "high": 5.0, "level": 0.9, "scale": "log",
}  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("a.value * 2 + 1", 7.0),
        ("(a.high - a.low) / a.value ** 2", 1 / 3),
        ("-a.low", -2.0),
        ("six_nd(a.low, 10)", 120.0),
        ("pool(a.low, a.high, [3, 1])", 2.75),
    ],
)
def test_formulas_are_arithmetic(formula: str, value: float) -> None:
    assert math.isclose(evaluate_formula(formula, {"a": ROW}), value)


def test_an_estimate_used_twice_is_one_draw() -> None:
    twice = evaluate_formula("a / b", {"a": ROW, "b": ROW})
    assert twice.sigma == 0


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os').system('true')",
        "a.__class__",
        "open('x')",
        "[x for x in [1]]",
        "b * 2",
        "a.family",
        "a if a else a",
        "lambda: 1",
        "six_nd(parameters=1, tokens=2)",
        "a *",
        "six_nd",
    ],
)
def test_anything_else_in_a_formula_is_an_error(formula: str) -> None:
    with pytest.raises(InvalidInputError, match="formula"):
        evaluate_formula(formula, {"a": ROW})


TABLE = pd.DataFrame(
    {
        "model_id": ["a", "b", "c", "d", "e"],
        "published": pd.to_datetime(
            ["2020-03-05", "2020-09-01", "2021-02-01", "2022-07-15", "2023-01-01"]
        ),
        "published_precision": ["day", "day", "month", "day", "year"],
        "compute": [1e20, 5e19, 4e20, 2e22, 1e22],
        "cost": [1e3, 2e3, np.nan, 8e4, 9e5],
        "open": pd.array([True, None, False, True, None], dtype="boolean"),
    }
)


def of_rows(formula: str, table: pd.DataFrame = TABLE) -> Figure:
    """Recompute a figure of an edition by another formula, which may name the rows of a table."""
    edition = open_dataset(version="2026.2")
    frames = ledger_tables(edition)
    frames["models_made_up"] = table
    calculations = frames["calculations"]
    frames["calculations"] = calculations.assign(formula=formula, compared="value")
    (result,) = reproduce(frames, only=["gopher-lag"])
    return result.recomputed


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("count('models_made_up')", 5),
        ("count(rows('models_made_up', 'compute>=1e22'))", 2),
        ("count(rows('models_made_up', 'published<=2021-12-31', 'compute>9e19'))", 2),
        ("count(rows('models_made_up', 'open=true'))", 2),
        ("count(rows('models_made_up', 'cost='))", 1),
        ("total(rows('models_made_up', 'model_id=d'), 'compute') / 1e22", 2),
        ("total(ratio(rows('models_made_up', 'model_id=b'), 'compute', 'cost'), 'ratio')", 2.5e16),
        ("count(leading(rows('models_made_up'), 'compute', 1))", 3),
        ("count(leading(rows('models_made_up'), 'compute', 2))", 5),
    ],
)
def test_formulas_name_rows_of_tables(formula: str, value: float) -> None:
    assert of_rows(formula).value == pytest.approx(value)


@pytest.mark.parametrize("column", ["compute", "cost"])
def test_growth_is_that_of_growth_rate(column: str) -> None:
    pytest.importorskip("statsmodels")
    expected = diffdata.growth_rate(TABLE, date="published", value=column).iloc[0]
    ours = of_rows(f"growth(rows('models_made_up'), '{column}')")
    assert ours.value == pytest.approx(expected["factor_per_year"])
    months = of_rows(f"doubling_months(growth(rows('models_made_up'), '{column}'))").value
    assert months == pytest.approx(expected["doubling_months"])


def test_the_bounds_of_growth_are_a_little_narrower_than_those_of_students_t() -> None:
    pytest.importorskip("statsmodels")
    days = pd.date_range("2015-01-01", periods=60, freq="MS")
    values = 10 ** (np.arange(60) / 24 + np.sin(np.arange(60) * 7))
    many = pd.DataFrame({"published": days, "compute": values})
    bounds = diffdata.growth_rate(many, date="published", value="compute").iloc[0]
    frames = ledger_tables(open_dataset(version="2026.2"))
    frames["many"] = many
    printed = frames["calculations"]["calculation_id"] == "gpt-3-cost-interval"
    chosen = frames["calculations"].assign(formula="growth(rows('many'), 'compute')")
    frames["calculations"] = chosen[printed]
    (result,) = reproduce(frames)
    low, high = result.recomputed.low, result.recomputed.high
    assert low == pytest.approx(bounds["factor_per_year_low"], rel=0.01)
    assert high == pytest.approx(bounds["factor_per_year_high"], rel=0.01)
    assert low > bounds["factor_per_year_low"]
    assert high < bounds["factor_per_year_high"]


def test_the_leading_rows_are_those_of_growth_rate() -> None:
    pytest.importorskip("statsmodels")
    expected = diffdata.growth_rate(TABLE, date="published", value="compute", top=1).iloc[0]
    ours = of_rows("growth(leading(rows('models_made_up'), 'compute', 1), 'compute')")
    assert ours.value == pytest.approx(expected["factor_per_year"])


def test_months_between_rows_are_an_interval_where_days_are_unknown() -> None:
    since = "rows('models_made_up', 'model_id=a')"
    days = of_rows(f"months({since}, rows('models_made_up', 'model_id=b'))")
    assert days.value == pytest.approx(180 / (365.2425 / 12))
    month = of_rows(f"months({since}, rows('models_made_up', 'model_id=c'))")
    assert (month.low, month.high) == pytest.approx((10.94, 11.83), abs=0.01)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("count(rows('models_made_up', 'compute'))", "expected COLUMN=VALUE"),
        ("count(rows('models_made_up', 'computed>1'))", "no column named 'computed'"),
        ("count(rows('models_made_up', 'compute>many'))", "cannot read 'many'"),
        ("count(rows('models_made_up', 'published>soon'))", "cannot read 'soon'"),
        ("count(rows('models_made_up', 'open=maybe'))", "cannot read 'maybe'"),
        ("growth(rows('models_made_up', 'model_id=a'), 'compute')", "three days or more"),
        (
            "growth(ratio(rows('models_made_up'), 'cost', 'model_id'), 'ratio')",
            "cannot be computed",
        ),
        ("growth('models_made_up', 'compute')", "cannot be computed"),
        ("growth(rows('models_made_up'), 'costs')", "no column named 'costs'"),
        ("months(rows('models_made_up', 'model_id=z'), rows('models_made_up'))", "no row with"),
        ("log10()", "cannot be computed"),
    ],
)
def test_a_formula_of_rows_that_cannot_be_computed_is_an_error_of_its_calculation(
    formula: str, message: str
) -> None:
    with pytest.raises(InvalidInputError, match=f"calculation gopher-lag: .*{message}"):
        of_rows(formula)


def test_a_recomputation_of_zero_differs() -> None:
    frames = ledger_tables(open_dataset(version="2026.2"))
    chosen = frames["calculations"]["calculation_id"] == "gopher-lag"
    made_up = frames["calculations"][chosen].assign(
        formula="count(rows('models', 'model_id=none'))", compared="value"
    )
    frames["calculations"] = made_up
    (result,) = reproduce(frames)
    assert result.verdict == "differs"
    assert verdict_text(result) == "differs by a factor of 0"


def test_a_factor_near_one_is_not_written_as_one(found: dict[str, Reproduction]) -> None:
    for result in found.values():
        assert not verdict_text(result).endswith("factor of 1"), result.id


def test_figures_of_whole_tables_were_computed_by_hand(found: dict[str, Reproduction]) -> None:
    models = diffdata.load("model_summary")
    large = models[(models["training_compute_flop"] >= 1e25) & models["published"].notna()]
    until = (large["published"] <= pd.Timestamp("2025-01-30")).sum()
    assert found["models-beyond-1e25-2025-01"].recomputed.value == until
    chips = diffdata.load("hardware_summary").set_index("hardware_id")
    speeds = chips["fp8_matrix_flop_per_second"]
    units = 1_400_285 * speeds["aws-trainium2"] / speeds["nvidia-h100-sxm5"]
    assert found["chip-count-trainium2-h100"].recomputed.value == pytest.approx(units)


def test_one_figure_can_be_recomputed_alone_with_the_same_result(
    package: Package, found: dict[str, Reproduction], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffdata.reproduce.verdicts._figures", {})
    (alone,) = reproduce(package, only=["hardware-reduction-stated"])
    assert alone == found["hardware-reduction-stated"]
    with pytest.raises(UnknownNameError, match="did you mean opt-175b-lag"):
        list(reproduce(package, only=["opt-175b-lga"]))


def test_a_figure_is_computed_again_only_if_something_changed_that_it_depends_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed: list[Any] = []
    monkeypatch.setattr("diffdata.reproduce.verdicts._figures", {})
    monkeypatch.setattr(
        "diffdata.reproduce.verdicts.summarize",
        lambda *given: computed.append(given) or summarize(*given),
    )

    def ratio(seed: int = 0, **tables: pd.DataFrame) -> Reproduction:
        names = ("calculations", "calculation_inputs", "estimates", "quantities")
        frames = {name: diffdata.load(name, "2026.2") for name in names} | tables
        (found,) = reproduce(frames, only=["opt-175b-cost-ratio"], seed=seed)
        return found

    first, once = ratio(), len(computed)
    assert (ratio(), len(computed)) == (first, once)
    ratio(seed=1)
    assert len(computed) > once
    estimates = diffdata.load("estimates", "2026.2")
    estimates.loc[estimates["estimate_id"] == "opt-175b-training-cost", ["value", "low"]] = 1e6
    assert ratio(estimates=estimates).recomputed != first.recomputed
    for _ in range(2):
        computed.clear()
        reproduce(version="2026.2", only=["gopher-lag"])
        assert computed, "a lag depends on tables"


def test_the_command_prints_the_ledger_and_exits_with_0(copy: Path) -> None:
    names = ["gopher-lag", "gpt-3-six-nd", "opt-175b-cost-ratio"]
    few_calculations(copy, *names)
    arguments = ["reproduce", "--package", str(copy), "--format", "json"]
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert sorted(row["id"] for row in rows) == names
    assert set(rows[0]) >= {
        "id", "figure", "source_id", "locator", "published", "recomputed", "statistic", "verdict",
        "reason",
    }  # fmt: skip
    assert set(rows[0]["published"]) == {"value", "low", "high"}
    text = CliRunner().invoke(cli.app, ["reproduce", "--only", "gopher-lag"]).stdout
    assert "7 months from GPT-3" in text
    assert "[gopher-lag]" in text
    assert "Of 1 published figures 0 agree with their recomputation, 1 agree within" in text


def test_a_changed_verdict_gives_exit_status_1(copy: Path) -> None:
    edit(copy / "data/calculations.csv", ",agrees,the ratio of the printed centres",
         ",differs,the ratio of the printed centres")  # fmt: skip
    few_calculations(copy, "gopher-lag", "opt-175b-cost-ratio")
    result = CliRunner().invoke(cli.app, ["reproduce", "--package", str(copy)])
    assert result.exit_code == 1
    assert "opt-175b-cost-ratio: the verdict is not the one that is recorded" in result.stderr


@pytest.mark.parametrize("formula", ["count('nowhere')", "lag_months('nowhere')"])
def test_an_unknown_name_in_a_formula_is_an_error_of_its_calculation(formula: str) -> None:
    names = ("calculations", "calculation_inputs", "estimates", "quantities", "model_dates",
             "artifacts", "comparisons", "diffusion_events")  # fmt: skip
    frames = {name: diffdata.load(name, "2026.2") for name in names}
    frames["calculations"] = frames["calculations"].assign(formula=formula)
    with pytest.raises(InvalidInputError, match="calculation gopher-lag: there is no"):
        list(reproduce(frames, only=["gopher-lag"]))
