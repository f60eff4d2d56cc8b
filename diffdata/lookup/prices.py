"""Prices of chips and of tokens on a day, and rents of a chip over time."""

from __future__ import annotations

import datetime

import pandas as pd

from diffdata.errors import UnknownNameError
from diffdata.loading import load
from diffdata.lookup.names import REST_OF_PERIOD, identified, name_index, parsed_day
from diffdata.lookup.words import chosen
from diffdata.package.packages import Dataset, open_dataset
from diffdata.types.names import alike

_PER_MILLION = [f"{kind}_usd_per_million_tokens" for kind in
                ("input", "output", "cached_input", "cache_write")]  # fmt: skip
_HARDWARE = [
    "hardware_id", "hardware_as_printed", "price_kind", "provider", "cloud_region", "commitment",
    "amount", "currency", "unit", "chips_in_quote", "bundled",
]  # fmt: skip
_API = ["provider", "model_as_sold", "model_id", *_PER_MILLION, "listed_as_free"]


def prices_on(
    day: datetime.date | str,
    hardware: str | None = None,
    provider: str | None = None,
    commitment: str | None = None,
    *,
    package: Dataset | None = None,
    version: str | None = None,
) -> pd.DataFrame:
    """Return the prices of chips that were in force on a day, as far as they were observed.

    Parameters
    ----------
    day : a date, or its text
    hardware : a hardware_id, or another name that is certain, see `resolve`; None returns all chips
    provider : who sells or rents; None returns all
    commitment : ``on_demand``, ``spot``, ``reserved``, ``reserved_1y`` or ``reserved_3y``; None
        returns all, and purchases too
    package, version : the package or released edition to read; the bundled dataset by default

    Returns
    -------
    frame
        For each offer (a chip, kind of price, provider, region, commitment, and number of chips in
        the quote) the last price that is dated not after the day; several, if they have the same
        date. ``amount`` is per chip, and for rents per chip and hour, as ``unit`` says; ``bundled``
        marks the share of a chip in an offer of ``chips_in_quote``. ``as_of`` is the day on which
        the price was ``observed`` at the seller, or by which a list of others had it (``listed``),
        or since which it holds (``effective``), as ``dated_by`` says; ``age_days`` counts from
        there to the day. An observation of a month counts from the last day of that month.

    Raises
    ------
    UnknownNameError, InvalidInputError
        If there is no such chip, provider or commitment, if the chip is not certain, or if `day` is
        not a date.

    Examples
    --------
    >>> found = prices_on("2025-04-01", "NVIDIA H100 PCIe", "Lambda", "on_demand")
    >>> found[["amount", "unit", "dated_by"]].values.tolist()[0]
    [2.49, 'USD per chip and hour', 'observed']
    """
    prices = _hardware_prices(hardware, provider, commitment, package, version)
    keys = ["chip", "price_kind", "provider", "cloud_region", "commitment", "chips_in_quote"]
    found = _in_force(prices, parsed_day(day), keys)[[*_HARDWARE, *_dating("hardware")]]
    if found.empty and hardware is not None:
        found.attrs["empty_because"] = _why_empty(hardware, prices, package, version)
    return found


def rents(
    hardware: str,
    provider: str | None = None,
    commitment: str | None = None,
    *,
    package: Dataset | None = None,
    version: str | None = None,
) -> pd.DataFrame:
    """Return all observed rents of a chip, per chip and hour, in the order of their dates.

    Parameters and columns are those of `prices_on`, without ``age_days``.

    Examples
    --------
    >>> found = rents("nvidia-h100-pcie", "Lambda")
    >>> bool(found["as_of"].is_monotonic_increasing), found["unit"].unique().tolist()
    (True, ['USD per chip and hour'])
    """
    prices = _hardware_prices(hardware, provider, commitment, package, version)
    found = _dated(prices[prices["price_kind"] == "cloud_hour"]).sort_values(
        ["as_of", "provider", "hardware_price_id"], ignore_index=True
    )
    return found[[*_HARDWARE, *_dating("hardware", "as_of", "dated_by")]]


def api_prices_on(
    day: datetime.date | str,
    model: str | None = None,
    provider: str | None = None,
    *,
    package: Dataset | None = None,
    version: str | None = None,
) -> pd.DataFrame:
    """Return the prices of tokens that were in force on a day, as far as they were observed.

    Parameters
    ----------
    day : a date, or its text
    model : a model_id or another name of a model, or the name under which it is sold; None returns
        all
    provider : whose interface it is; None returns all
    package, version : the package or released edition to read; the bundled dataset by default

    Returns
    -------
    frame
        For each provider and model as sold, the last price that is dated not after the day, in US
        dollars per million tokens, with ``as_of``, ``dated_by`` and ``age_days`` as in `prices_on`.

    Raises
    ------
    UnknownNameError, InvalidInputError
        If nothing of that name is sold, or there is no such provider, or `day` is not a date.

    Examples
    --------
    >>> found = api_prices_on("2025-07-01", "gpt-4o-mini", "openai")
    >>> found["input_usd_per_million_tokens"].tolist()
    [0.15]
    """
    dataset = open_dataset(package, version)
    prices = with_models(_of_provider(load("api_prices", package=dataset), provider), dataset)
    if model is not None:
        found = name_index(dataset, None, "model").find(model)
        ids = {found.id} if found.id else set()
        sold = prices["model_as_sold"].map(alike)
        there = (sold == alike(model)) | prices["model_id"].isin(ids).astype(bool)
        if not there.any():
            raise UnknownNameError("model with a price", model, set(prices["model_as_sold"]))
        prices = prices[there]
    found_prices = _in_force(prices, parsed_day(day), ["provider", "model_as_sold"])
    if model is not None and found_prices.empty:
        first = _dated(prices)["as_of"].min()
        why = f"the first price of {model} is of {first:%Y-%m-%d}" if pd.notna(first) else ""
        found_prices.attrs["empty_because"] = why or f"no price of {model} has a date"
    return found_prices[[*_API, *_dating("api")]]


def with_models(prices: pd.DataFrame, dataset: Dataset | None) -> pd.DataFrame:
    """Fill in the model of each name under which one is sold, where it is certain."""
    index = name_index(dataset, None, "model")
    names = set(prices["model_as_sold"][prices["model_id"].isna()])
    ids = {name: index.find(name, near=False).id for name in names}
    filled = prices["model_id"].fillna(prices["model_as_sold"].map(ids))
    return prices.assign(model_id=filled)


def _why_empty(
    hardware: str, prices: pd.DataFrame, package: Dataset | None, version: str | None
) -> str:
    """Return why a chip has no price in force: it has none yet, or another variant has."""
    if len(prices) and not pd.isna(first := _dated(prices)["as_of"].min()):
        return f"the first price of {hardware} is of {first:%Y-%m-%d}"
    dataset = open_dataset(package, version)
    chip = identified(hardware, "hardware", dataset, None)
    priced = set(load("hardware_prices", package=dataset)["hardware_id"].dropna())
    near = sorted(name for name in priced if name.startswith(chip))
    others = f"; variants that have some are {', '.join(near)}" if near else ""
    return f"no price of {chip} of this kind was observed{others}"


def _dating(kind: str, *columns: str) -> list[str]:
    return [*(columns or ("as_of", "dated_by", "age_days")), f"{kind}_price_id", "source_id"]


def _hardware_prices(
    hardware: str | None,
    provider: str | None,
    commitment: str | None,
    package: Dataset | None,
    version: str | None,
) -> pd.DataFrame:
    dataset = open_dataset(package, version)
    prices = load("hardware_prices", package=dataset).rename(columns={"seller": "provider"})
    if commitment is not None:
        allowed = dataset.schema("hardware_prices").field("commitment").constraints.enum or ()
        commitment = chosen("commitment", commitment, map(str, allowed), {})
        prices = prices[(prices["commitment"] == commitment).fillna(value=False)]
    if hardware is not None:
        chip = identified(hardware, "hardware", dataset, None)
        prices = prices[(prices["hardware_id"] == chip).fillna(value=False)]
    per = prices["price_kind"].map({"cloud_hour": "chip and hour", "purchase": "chip"})
    prices = prices.assign(
        unit=prices["currency"] + " per " + per.astype(prices["currency"].dtype),
        chip=prices["hardware_id"].fillna(prices["hardware_as_printed"]),
    )
    return _of_provider(prices, provider)


def _of_provider(prices: pd.DataFrame, provider: str | None) -> pd.DataFrame:
    if provider is None or prices.empty:
        return prices
    spelled = prices["provider"].map(alike, na_action="ignore")
    if not (there := (spelled == alike(provider)).fillna(value=False)).any():
        raise UnknownNameError("provider", provider, set(prices["provider"].dropna()))
    return prices[there]


def _dated(prices: pd.DataFrame, day: pd.Timestamp | None = None) -> pd.DataFrame:
    """Return the prices with a date not after a day, with the latest of their dates till then."""
    precision = prices["observed_on_precision"]
    observed = prices["observed_on"].copy()
    for name, rest in REST_OF_PERIOD.items():
        rough = (precision == name).fillna(value=False)
        observed = observed.mask(rough, observed + rest)
    dates = pd.DataFrame(
        {"observed": observed, "listed": prices["listed_on"], "effective": prices["effective_from"]}
    )
    if day is not None:
        dates = dates.where(dates <= day)
    dates = dates[dates.notna().any(axis=1)]
    latest = dates.max(axis=1)
    by = dates.eq(latest, axis=0).idxmax(axis=1) if len(dates) else pd.Series(dtype="str")
    return prices.loc[dates.index].assign(as_of=latest, dated_by=by.astype("str"))


def _in_force(prices: pd.DataFrame, day: pd.Timestamp, keys: list[str]) -> pd.DataFrame:
    """Return the last prices of each offer by a day, sorted by offer."""
    found = _dated(prices, day)
    latest = found.groupby(keys, dropna=False)["as_of"].transform("max")
    found = found[found["as_of"] == latest]
    found = found.assign(age_days=(day - found["as_of"]).dt.days.astype("Int64"))
    return found.sort_values([*keys, "source_id"], ignore_index=True)
