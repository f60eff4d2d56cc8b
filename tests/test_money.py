"""Money in the prices of other years: the index decides, years are years, and doubts are marked."""

import datetime

import numpy as np
import pandas as pd
import pytest

import diffdata
from diffdata import derive
from diffdata.errors import InvalidInputError


def level(year: int, index: str = "us-cpi-u") -> float:
    table = diffdata.load("price_index")
    rows = table[(table["price_index"] == index) & (table["period"].dt.year == year)]
    return float(rows["index_value"].mean())


def test_years_are_years_in_either_form() -> None:
    expected = 12e6 * level(2025) / level(2020)
    assert diffdata.deflate(12e6, 2020, 2025) == pytest.approx(expected)
    assert diffdata.deflate(12e6, from_=2020, to=2025) == pytest.approx(expected)
    back = diffdata.deflate(expected, 2025, 2020)
    assert back == pytest.approx(12e6)
    index = "us-ppi-data-processing-hosting"
    expected = level(2024, index) / level(2022, index)
    assert diffdata.deflate(1.0, 2022, 2024, index=index) == pytest.approx(expected)
    month = diffdata.deflate(1.0, datetime.date(2026, 1, 5), 2020)
    assert diffdata.deflate(1.0, "2026-01-05", np.int64(2020)) == month
    assert month == pytest.approx(level(2020) / 325.252)


def test_columns_and_uncertain_quantities_are_converted() -> None:
    factor = level(2025) / level(2020)
    found = diffdata.deflate(pd.Series([1.0, 2.0]), 2020, 2025)
    assert found.tolist() == pytest.approx([factor, 2 * factor])
    cost = diffdata.deflate(diffdata.Lognormal.from_interval(5e6, 33e6, unit="USD"), 2020, 2025)
    assert cost.interval(0.9)[0] == pytest.approx(5e6 * factor)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.0, 1990, 2025), "from_: expected a year from 2010 to 2025, or a date until 20"),
        (("12e6", 2020, 2025), "amount: expected a number, an uncertain quantity, .* found '12e6'"),
        (([1.0], 2020, 2025), "amount: expected a number"),
        ((1.0, 2020, 2035), "to: expected a year from 2010 to"),
        ((1.0, "2020", 2025), "from_: expected a year such as 2020, or a date, found '2020'"),
        ((1.0, 2020, None), "to: expected a year"),
        ((1.0, None, 2020), "from_: expected the year of the prices"),
        ((1.0, True, 2020), "from_: expected a year such as"),
    ],
)
def test_years_that_cannot_be_are_named(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        diffdata.deflate(*arguments)  # type: ignore[arg-type]


def test_unknown_indices_and_currencies_are_errors() -> None:
    with pytest.raises(InvalidInputError, match=r"index: expected one of \['us-cpi-u'"):
        diffdata.deflate(1.0, 2020, 2025, index="cpi")
    with pytest.raises(InvalidInputError, match="currency: the dataset has no rates of currencies"):
        diffdata.deflate(1.0, 2020, 2025, currency="EUR")
    doubled = diffdata.deflate(1.0, 2020, 2020, currency="EUR", rates={"EUR": 2.0})
    assert doubled == pytest.approx(2.0)
    with pytest.raises(InvalidInputError, match="rates: expected a finite number above 0"):
        diffdata.deflate(1.0, 2020, 2020, currency="EUR", rates={"EUR": -1.0})


def test_each_row_of_money_has_a_price_year_stated_or_inferred_and_marked() -> None:
    rows = diffdata.load("estimates")
    found = diffdata.deflate(rows, to=2024, rates={"EUR": 1.1})
    assert len(found) == (rows["unit"] == "currency").sum()
    assert set(found["price_year_from"].dropna()) == {"stated", "as_of", "source"}
    by_id = rows.set_index("estimate_id")
    stated = found[found["price_year_from"] == "stated"]
    assert stated["price_year"].tolist() == by_id.loc[stated["estimate_id"], "price_year"].tolist()
    assert by_id.loc[found["estimate_id"], "price_year"].notna().sum() == len(stated)
    dated = found[found["factor"].notna() & (found["price_year"] == 2023)]
    original = by_id.loc[dated["estimate_id"]]
    usd = (original["currency"] == "USD").to_numpy()
    expected = original["value"].to_numpy()[usd] * level(2024) / level(2023)
    np.testing.assert_allclose(dated["value"].to_numpy()[usd], expected)
    assert found.loc[found["factor"].isna(), "value"].isna().all()
    assert set(found["in_prices_of"]) == {"2024"}


def test_rows_in_a_currency_without_a_rate_are_an_error() -> None:
    with pytest.raises(InvalidInputError, match="rates: the dataset has no rate of EUR, which a"):
        diffdata.deflate(diffdata.load("estimates"), to=2024)
    with pytest.raises(InvalidInputError, match="the rows of a frame have their own years"):
        diffdata.deflate(diffdata.load("estimates"), 2020, 2024)
    with pytest.raises(InvalidInputError, match="there is no column 'source_id'"):
        diffdata.deflate(pd.DataFrame({"value": [1.0], "unit": ["currency"]}), to=2024)


def test_years_as_indices_of_the_formula_are_an_error_and_indices_still_work() -> None:
    with pytest.raises(InvalidInputError, match=r"diffdata\.deflate\(amount, 2020, 2025\)"):
        derive.deflate(12e6, 2020, 2025)
    assert derive.deflate(100.0, 80.0, 120.0) == 150.0
    assert derive.deflate(100, 2000.5, 2020) == pytest.approx(100 * 2020 / 2000.5)
