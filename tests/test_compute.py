"""Compute: closed forms, published figures, and checks of arguments."""

import inspect
import math
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import diffdata
from diffdata import derive
from diffdata.derive import compute
from diffdata.derive.compute import (
    chip_hours,
    chip_years,
    eight_nd,
    equivalent_chip_hours,
    equivalent_chips,
    pflops_days,
    run_compute,
    six_nd,
    utilization,
)
from diffdata.derive.cost import depreciated_value
from diffdata.derive.formula import PARAMETERS, _ranges
from diffdata.errors import InvalidInputError
from diffdata.uncertainty import Lognormal

from .conftest import ROOT

POSITIVE = st.floats(1e-6, 1e24)
SHARES = st.floats(1e-3, 1.0)
V100, A100, H100 = 125e12, 312e12, 989e12


@given(POSITIVE, POSITIVE, POSITIVE, SHARES)
def test_utilization_undoes_run_compute(
    chips: float, days: float, peak: float, share: float
) -> None:
    flop = run_compute(chips, days, peak, share)
    assert utilization(flop, chips, days, peak) == pytest.approx(share, rel=1e-9)


@given(POSITIVE, POSITIVE, SHARES)
def test_chip_hours_match_the_chips_and_days_of_the_run(
    chips: float, days: float, share: float
) -> None:
    flop = run_compute(chips, days, A100, share)
    assert chip_hours(flop, A100, share) == pytest.approx(chips * days * 24, rel=1e-9)
    assert chip_years(flop, A100, share) == pytest.approx(chips * days / 365.25, rel=1e-9)


@given(POSITIVE, POSITIVE)
def test_recomputation_adds_a_third(parameters: float, tokens: float) -> None:
    ratio = eight_nd(parameters, tokens) / six_nd(parameters, tokens)
    assert ratio == pytest.approx(4 / 3, rel=1e-9)


@given(POSITIVE, POSITIVE, POSITIVE)
def test_equivalent_chips_perform_as_much(chips: float, peak: float, reference: float) -> None:
    others = equivalent_chips(chips, peak, reference)
    assert others * reference == pytest.approx(chips * peak, rel=1e-9)
    assert equivalent_chips(others, reference, peak) == pytest.approx(chips, rel=1e-9)


def test_utilizations_match_the_published_ones() -> None:
    assert round(utilization(3.14e23, 10_000, 14.8, V100), 3) == 0.196
    assert round(utilization(4.3e23, 1024, 33, A100), 3) == 0.472
    assert round(utilization(six_nd(175e9, 300e9), 1024, 33, A100), 3) == 0.346


def test_the_published_compute_of_opt_175b_includes_recomputation() -> None:
    assert eight_nd(175e9, 300e9) == pytest.approx(4.3e23, rel=0.03)


def test_equivalent_chips_match_the_published_ones() -> None:
    assert round(equivalent_chip_hours(1, H100, A100), 1) == 3.2
    assert round(equivalent_chip_hours(1, H100, V100), 1) == 7.9
    assert round(equivalent_chips(10_000, V100, H100)) == 1264


def test_the_units_are_correct() -> None:
    assert pflops_days(8.64e19) == pytest.approx(1, rel=1e-12)
    assert run_compute(1, 1, 1e15, 1) == 8.64e19
    assert chip_years(1e15 * 365.25 * 86_400, 1e15) == pytest.approx(1, rel=1e-12)
    assert chip_hours(3600e15, 1e15, 1) == pytest.approx(1, rel=1e-12)


BIG = {"parameters": [175 * 10**9], "tokens": [3 * 10**11]}  # their product exceeds int64


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table])
def test_columns_of_integers_do_not_overflow(library: Callable[..., Any]) -> None:
    flop = six_nd(nw.col("parameters"), nw.col("tokens")).alias("flop")
    found = nw.from_native(library(BIG)).select(flop).lazy().collect("pyarrow")
    assert found["flop"].to_list() == [3.15e23]


def test_columns_of_their_libraries_do_not_overflow() -> None:
    columns = [
        *(
            (frame["parameters"], frame["tokens"])
            for frame in (pd.DataFrame(BIG), pl.DataFrame(BIG))
        ),
        (np.array(BIG["parameters"]), np.array(BIG["tokens"])),
    ]
    for parameters, tokens in columns:
        flop = six_nd(parameters, tokens)
        assert type(flop) is type(parameters)
        assert list(flop) == [3.15e23]


@pytest.mark.parametrize("number", [np.int64, np.int32, np.float32, Decimal, Fraction])
def test_plain_numbers_of_every_type_are_checked(number: Callable[[int], Any]) -> None:
    assert eight_nd(number(3), number(5)) == 120
    for bad in (0, -5):
        with pytest.raises(InvalidInputError, match=rf"^tokens: expected .* found {bad}"):
            eight_nd(1e9, number(bad))


RANGES = [
    pytest.param(name, parameter, id=f"{name}-{parameter}")
    for name in derive.__all__
    if hasattr(getattr(derive, name), "__wrapped__")  # a formula
    for parameter, allowed in _ranges(getattr(derive, name)).items()
    if not allowed.contains(-5.0)
]


@pytest.mark.parametrize(("name", "parameter"), RANGES)
def test_every_formula_checks_numbers_of_every_type(name: str, parameter: str) -> None:
    function = getattr(derive, name)
    arguments = {
        other: 0.5 if other in _ranges(function) else None
        for other, declared in inspect.signature(function).parameters.items()
        if declared.default is inspect.Parameter.empty
    }
    for bad in (np.int64(-5), np.int8(-5), np.float32(-5), Decimal(-5), Fraction(-5), np.array(-5)):
        with pytest.raises(InvalidInputError, match=rf"^{parameter}: expected .* found -5"):
            function(**arguments | {parameter: bad})


@pytest.mark.parametrize("bad", [None, "12", [1.0], 10**400])
def test_values_that_are_not_amounts_are_refused_by_name(bad: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"^tokens: expected a finite number above 0"):
        six_nd(1e9, bad)


def test_a_result_out_of_range_is_one_clear_error() -> None:
    with pytest.raises(InvalidInputError, match=r"^depreciated_value: the result is out of range"):
        depreciated_value(1.0, 1e6)


def test_docstrings_describe_each_parameter_once() -> None:
    functions = [
        thing for name in derive.__all__ if inspect.isfunction(thing := getattr(derive, name))
    ]
    formulas = [f for f in functions if "\nSource: " in str(inspect.getdoc(f))]
    code = (ROOT / "diffdata/derive").glob("*.py")
    assert len(formulas) == sum(path.read_text().count("\n@formula(") for path in code)
    used, sources = set(), set(diffdata.load("sources")["source_id"])
    for function in functions:
        description, examples = str(inspect.getdoc(function)).split("\nExamples\n")
        if function in formulas:
            (source,) = re.findall(r"^Source: ``(\S+)``\.$", description, re.M)
            assert source in sources
        _, parameters = description.split("\nReturns\n")[0].split("\nParameters\n")
        names = list(inspect.signature(function).parameters)
        described = re.findall(r"^(\w.*?)(?: : |$)", parameters, re.M)
        assert ", ".join(described).split(", ") == names, function.__name__
        assert ">>>" in examples
        used |= set(names)
    assert set(PARAMETERS) <= used
    assert set(CHECKED) < set(formulas)
    assert "; above 0 and at most 1\n" in str(run_compute.__doc__)


def test_the_same_functions_take_columns() -> None:
    frame = nw.from_native(pd.DataFrame({"flop": [3.14e23], "chips": [10_000.0], "days": [14.8]}))
    share = utilization(nw.col("flop"), nw.col("chips"), nw.col("days"), V100).alias("share")
    assert round(frame.select(share)["share"].item(), 3) == 0.196


def test_the_same_functions_take_uncertain_quantities() -> None:
    chips = Lognormal.from_interval(8_000, 12_500)
    share = Lognormal.from_interval(0.1, 0.4)
    flop = run_compute(chips, 14.8, V100, share)
    assert flop.median == pytest.approx(10_000 * 14.8 * 86_400 * V100 * 0.2, rel=1e-9)
    assert utilization(flop, chips, 14.8, V100).interval() == pytest.approx((0.1, 0.4), rel=1e-9)


CHECKED = [
    eight_nd,
    run_compute,
    utilization,
    chip_hours,
    chip_years,
    pflops_days,
    equivalent_chip_hours,
    equivalent_chips,
]


@pytest.mark.parametrize("bad", [0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("function", CHECKED, ids=lambda function: function.__name__)
def test_bad_input_names_the_argument(function: Callable[..., float], bad: float) -> None:
    names = list(inspect.signature(function).parameters)
    for name in names:
        arguments = dict.fromkeys(names, 1.0) | {name: bad}
        with pytest.raises(InvalidInputError, match=rf"^{name}: expected .* found {bad}"):
            function(**arguments)


def test_a_utilization_above_1_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"^utilization: .* at most 1, found 1\.01"):
        run_compute(1, 1, 1, 1.01)
    with pytest.raises(InvalidInputError, match=r"^utilization"):
        chip_hours(1, 1, 1.01)


def test_every_function_is_checked() -> None:
    own = {
        function
        for _, function in inspect.getmembers(compute, inspect.isfunction)
        if function.__module__ == compute.__name__ and not function.__name__.startswith("check_")
    }
    # The growth of efficiency is checked in test_efficiency.py.
    growth = {
        "annual_growth", "doubling_time_to_growth", "effective_compute", "growth_over",
        "orders_of_magnitude", "product_of",
    }  # fmt: skip
    assert own == {*CHECKED, six_nd, *(getattr(compute, name) for name in growth)}
