"""Money in the prices of another year, and in US dollars."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import pandas as pd

from diffdata.derive.costs import conversion
from diffdata.derive.dates import given_day
from diffdata.derive.formula import POSITIVE
from diffdata.errors import InvalidInputError
from diffdata.loading import load, load_all
from diffdata.package.packages import Dataset, open_dataset

_BOUNDS = ["value", "low", "high"]


def deflate(
    amount: Any,
    from_: int | datetime.date | str | None = None,
    to: int | datetime.date | str | None = None,
    *,
    index: str = "us-cpi-u",
    currency: str = "USD",
    rates: Mapping[str, float] | None = None,
    package: Dataset | None = None,
    version: str | None = None,
) -> Any:
    """Convert money to the prices of another year, in US dollars.

    Parameters
    ----------
    amount : a number, an uncertain quantity or a column, in the prices of `from_`; or a frame of
        rows of ``estimates``, each in its own prices
    from_, to : years, or dates (also texts like 2020-06-01) for the price level of their month
    index : a price index of the table ``price_index``
    currency : of the amount
    rates : US dollars for one unit of each other currency, at the time of the prices; the dataset
        has none
    package, version : the package or released edition with the table; the bundled dataset by
        default

    Returns
    -------
    amount
        In US dollars of `to`. Of a frame the rows of money, with ``value``, ``low`` and ``high``
        converted, and four more columns: ``price_year`` as stated or inferred, ``price_year_from``
        (``stated``, else ``as_of`` or ``source``: the year of which the figure speaks, or in which
        its source was published), ``in_prices_of``, and ``factor``, by which the figures were
        multiplied. A row without a year, or of a year that the index lacks, has no figures.

    Raises
    ------
    InvalidInputError
        If the index has no value of a year (the message says of which it has), a currency has no
        rate, or an argument is missing.

    Examples
    --------
    >>> round(deflate(12e6, from_=2020, to=2025))
    14927171
    >>> from diffdata.lookup.figures import estimates
    >>> costs = deflate(estimates(model="gpt-3", quantity="training_cost"), to=2025)
    >>> costs[["estimate_id", "price_year", "price_year_from"]].values.tolist()[0]
    ['gpt-3-training-cost', 2022, 'source']
    """
    if to is None:
        raise InvalidInputError("to: expected a year, such as 2025")
    to = _year_or_day(to, "to")
    dataset = open_dataset(package, version)
    table = load("price_index", package=dataset)
    convert = _of_index(table, index, to, "to")
    if not isinstance(amount, pd.DataFrame):
        if from_ is None:
            raise InvalidInputError("from_: expected the year of the prices, such as 2020")
        from_ = _year_or_day(from_, "from_")
        _of_index(table, index, from_, "from_")  # an error if the index has no value then
        exact = isinstance(from_, datetime.date)
        day = from_ if isinstance(from_, datetime.date) else datetime.date(from_, 1, 1)
        factor = convert(day, "month" if exact else "year") * _rate(currency, rates)
        try:
            return amount * factor
        except TypeError:
            expected = "a number, an uncertain quantity, a column or rows of estimates"
            raise InvalidInputError(f"amount: expected {expected}, found {amount!r}") from None
    if from_ is not None:
        raise InvalidInputError("from_: the rows of a frame have their own years; leave it out")
    return _deflated(amount, convert, to, rates, dataset)


def price_years(rows: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Return the price year of rows of ``estimates``, and where it is from."""
    published = rows["source_id"].map(sources.set_index("source_id")["published"].to_dict())
    as_of = rows["as_of"] if "as_of" in rows else pd.Series(pd.NaT, rows.index)
    stated = rows["price_year"] if "price_year" in rows else pd.Series(pd.NA, rows.index)
    years = pd.DataFrame(
        {
            "stated": stated.astype("Int64"),
            "as_of": pd.to_datetime(as_of).dt.year.astype("Int64"),
            "source": pd.to_datetime(published).dt.year.astype("Int64"),
        }
    )
    year = years["stated"].fillna(years["as_of"]).fillna(years["source"])
    known = years.notna()
    origin = known.idxmax(axis=1).where(known.any(axis=1)) if len(rows) else pd.Series(dtype="str")
    return pd.DataFrame({"price_year": year, "price_year_from": origin.astype("str")})


def _deflated(
    rows: pd.DataFrame, convert: Any, to: Any, rates: Mapping[str, float] | None, dataset: Any
) -> pd.DataFrame:
    missing = {"unit", "source_id", "value"} - set(rows)
    if missing:
        name = sorted(missing)[0]
        raise InvalidInputError(f"amount: expected rows of estimates; there is no column {name!r}")
    money = rows[rows["unit"] == "currency"]
    currency = money["currency"] if "currency" in money else pd.Series("USD", money.index)
    for name in currency.dropna().unique():
        if name != "USD" and name not in (rates or {}):
            first = money.loc[currency == name, "source_id"].iloc[0]
            raise InvalidInputError(
                f"rates: the dataset has no rate of {name}, which a row of {first} is in; "
                f'give one, as rates={{"{name}": 1.1}}, or leave out these rows'
            )
    found = price_years(money, load_all(dataset, ["sources"])["sources"])
    factors = {
        int(year): convert(datetime.date(int(year), 1, 1), "year")
        for year in found["price_year"].dropna().unique()
    }
    factor = found["price_year"].map(factors).astype("float64")
    factor *= currency.map(lambda name: _rate(str(name), rates)).astype("float64")
    ends = [name for name in _BOUNDS if name in money]
    return money.assign(
        **{name: money[name] * factor for name in ends},
        price_year=found["price_year"],
        price_year_from=found["price_year_from"],
        currency="USD",
        in_prices_of=str(to),
        factor=factor,
    ).reset_index(drop=True)


def _rate(currency: str, rates: Mapping[str, float] | None) -> float:
    if currency == "USD":
        return 1.0
    if currency not in (rates or {}):
        raise InvalidInputError(
            f"currency: the dataset has no rates of currencies; give that of {currency}, as "
            f'rates={{"{currency}": 1.1}} in US dollars'
        )
    return float(POSITIVE.convert("rates", (rates or {})[currency]))


def _year_or_day(given: Any, name: str) -> int | datetime.date:
    """Return a year or a date of the arguments; a text is a date."""
    if isinstance(given, Integral) and not isinstance(given, bool):
        return int(given)
    try:
        return given_day(given, name)
    except InvalidInputError:
        expected = "a year such as 2020, or a date"
        raise InvalidInputError(f"{name}: expected {expected}, found {given!r}") from None


def _of_index(table: pd.DataFrame, index: str, year: Any, name: str) -> Any:
    """Return the conversion to the prices of a year, or an error that names the argument."""
    known = sorted(table["price_index"].unique())
    if index not in known:
        raise InvalidInputError(f"index: expected one of {known}, found {index!r}")
    try:
        return conversion(table, index, year)
    except InvalidInputError:
        raise _outside(table, index, year, name) from None


def _outside(table: pd.DataFrame, index: str, year: Any, name: str) -> InvalidInputError:
    rows = table[table["price_index"] == index]
    years = []
    for candidate in sorted(rows["period"].dt.year.unique()):
        try:
            conversion(table, index, int(candidate))
        except InvalidInputError:
            continue
        years.append(int(candidate))
    last = rows["period"].max()
    return InvalidInputError(
        f"{name}: expected a year from {min(years)} to {max(years)}, or a date until {last:%Y-%m}, "
        f"for the index {index}; found {year}"
    )
