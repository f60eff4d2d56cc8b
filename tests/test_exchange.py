"""Quantities of pint, uncertainties and squigglepy come in and go out; results are plain values."""

import json
from typing import Any

import numpy as np
import pint
import pytest
import uncertainties

import diffdata
from diffdata import derive
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Lognormal, Normal, Uniform, from_quantity

COST = Lognormal.from_interval(5e6, 33e6, unit="USD")


@pytest.fixture
def units() -> Any:
    registry = pint.UnitRegistry()
    registry.define("FLOP = count")
    registry.define("USD = [currency]")
    return registry


def test_a_formula_takes_quantities_of_pint_in_any_unit_that_fits(units: Any) -> None:
    hours = derive.chip_hours(
        units.Quantity(3.14e11, "teraFLOP"), units.Quantity(125, "teraFLOP / second"), 0.196
    )
    assert hours == pytest.approx(derive.chip_hours(3.14e23, 125e12, 0.196))
    assert derive.cloud_cost(units("2 day"), units("180 USD / day")) == pytest.approx(360)
    for wrong in (units("3 meter"), units("3 FLOP / second")):
        with pytest.raises(InvalidInputError, match="compute_flop: expected a quantity in FLOP"):
            derive.chip_hours(wrong, 125e12)
    with pytest.raises(InvalidInputError, match="utilization: expected a quantity in dimensionl"):
        derive.chip_hours(3e23, 125e12, units("1 hour"))


def test_a_formula_keeps_no_unit_but_that_of_money() -> None:
    compute = Lognormal.from_interval(1e23, 4e23, unit="FLOP")
    hours = derive.chip_hours(compute, 1e15, 0.4)
    assert hours.unit == ""
    assert derive.cloud_cost(hours, Lognormal.from_interval(2, 4, unit="USD")).unit == "USD"
    spent = Uniform(1, 2, unit="hour")
    assert derive.cloud_cost(spent, 2.0).unit == ""
    assert (derive.cloud_cost(spent, 1.0) - spent).std == 0  # it is the same variable


def test_a_quantity_of_pint_keeps_its_variable_and_says_its_unit_once() -> None:
    registry = pint.UnitRegistry()
    given = COST.to_pint(registry)
    assert f"{given.units}" == "USD"
    in_thousands = given.to("kiloUSD").magnitude
    assert in_thousands.unit == ""
    assert in_thousands.median == pytest.approx(COST.median / 1000)
    assert (COST / given.magnitude).std == pytest.approx(0, abs=1e-12)
    share = Uniform(0, 1, unit="hour")
    assert (share - share.to_pint(registry).magnitude).std == 0
    assert from_quantity(given).unit == "USD"
    assert Normal(3, 1, unit="FLOP / second").to_pint(registry).check("1 / [time]")


def test_variables_of_uncertainties_come_in_and_go_out() -> None:
    given = from_quantity(uncertainties.ufloat(3.0, 0.5), "day")
    assert (given.mean, given.std, given.unit) == (3.0, 0.5, "day")
    out = COST.to_uncertainties()
    assert out.nominal_value == pytest.approx(COST.mean)
    assert out.std_dev == pytest.approx(COST.std)
    assert derive.cloud_cost(uncertainties.ufloat(3, 1), 2.0).std_dev == pytest.approx(2)


def test_distributions_of_squigglepy_come_in_and_go_out() -> None:
    squigglepy = pytest.importorskip("squigglepy")
    pairs = [(squigglepy.lognorm(5, 33), 5, 33), (squigglepy.norm(-1, 3), -1, 3)]
    for given, low, high in pairs:
        assert from_quantity(given).interval() == pytest.approx((low, high), rel=1e-6)
    assert from_quantity(squigglepy.uniform(2, 4)).interval(0.5) == (2.5, 3.5)
    assert from_quantity(squigglepy.norm(1, 3, lclip=0, credibility=50)).quantile(0.001) == 0
    assert from_quantity(squigglepy.const(2)).std == 0
    for ours in (COST, Normal(1, 2), Uniform(1, 4)):
        assert from_quantity(ours.to_squigglepy()).quantile(0.3) == pytest.approx(
            float(ours.quantile(0.3))
        )
    with pytest.raises(InvalidInputError, match="its draws can be fitted"):
        from_quantity(squigglepy.beta(1, 2))
    with pytest.raises(InvalidInputError, match="only a normal"):
        COST.clipped(1, 2).to_squigglepy()


def test_what_is_no_quantity_is_refused(units: Any) -> None:
    for wrong in ("3", None, object()):
        with pytest.raises(InvalidInputError, match="value: expected a number"):
            from_quantity(wrong)
    with pytest.raises(InvalidInputError, match="value: expected a quantity in hour"):
        from_quantity(units("3 USD"), "hour")
    assert from_quantity(2).mean == 2
    assert from_quantity(COST) is COST


def test_values_are_distributions_and_plain_values() -> None:
    cost = diffdata.value("GPT-3", "training_cost")
    assert json.loads(json.dumps(cost.to_dict()))["high"] == 33e6
    assert cost.to_dict()["source"] == "cottier-2022-summary"
    assert cost.to_pint(pint.UnitRegistry()).magnitude.median == pytest.approx(COST.median)
    assert cost.to_uncertainties().nominal_value == pytest.approx(COST.mean)
    compute = diffdata.value("GPT-3", "compute")
    assert compute.distribution() == compute.value
    assert f"{compute.to_pint(pint.UnitRegistry()).units}" == "FLOP"
    with pytest.raises(InvalidInputError, match="has no interval"):
        compute.to_uncertainties()
    published = diffdata.value("GPT-3", "published")
    assert json.loads(json.dumps(published.to_dict()))["value"] == "2020-05-28"
    with pytest.raises(InvalidInputError, match="published of gpt-3 is not a number"):
        published.distribution()


def test_traces_verdicts_and_distributions_are_plain_values() -> None:
    found = diffdata.trace("gpt-3-training-cost", version="2026.2").to_dict()
    assert found["figure"].startswith("gpt-3-training-cost: ")
    assert {line["depth"] for line in found["lines"]} >= {1}
    (verdict,) = diffdata.reproduce(only=["opt-175b-cost-ratio"], version="2026.2")
    assert json.loads(json.dumps(verdict.to_dict()))["verdict"] == "agrees"
    plain = json.loads(json.dumps(COST.to_dict(0.8)))
    assert plain["low"] < plain["median"] < plain["mean"] < plain["high"]
    assert (plain["level"], plain["unit"], plain["family"]) == (0.8, "USD", "Lognormal")
    assert np.asarray(COST.sample(100)).shape == (100,)


def test_frames_keep_the_units_of_their_columns() -> None:
    chips = diffdata.load("hardware")
    described = diffdata.describe("hardware").dropna(subset="unit").set_index("column")["unit"]
    assert chips.head(2).attrs["units"] == described.to_dict()
