"""Frames of one's own: errors name the argument and its columns, and empty results their reason."""

from collections.abc import Callable
from typing import Any

import narwhals as nw
import pandas as pd
import pytest

import diffdata
from diffdata.derive.frames import _READ
from diffdata.errors import InvalidInputError

OWN = pd.DataFrame({"model": ["a", "b"], "date": pd.to_datetime(["2020-01-01", "2021-01-01"])})
LAGS = ("model_dates", "artifacts", "comparisons", "diffusion_events", "model_developers")


@pytest.mark.parametrize("place", range(5))
def test_a_lag_of_own_frames_names_the_argument_and_its_columns(place: int) -> None:
    tables = [diffdata.load(name, "2026.2") for name in LAGS]
    tables[place] = OWN
    with pytest.raises(InvalidInputError, match=f"^{LAGS[place]}: the frame has no col") as caught:
        diffdata.replication_lag(*tables, reference="gpt-3")
    message = str(caught.value)
    assert "it has model, date" in message
    assert all(name in message for name in _READ[LAGS[place]])
    assert "_year" not in message


@pytest.mark.parametrize("column", ["model_id", "available", "artifact_kind"])
def test_the_table_that_lacks_what_is_read_is_named(column: str) -> None:
    dates = diffdata.load("model_dates", "2026.2").drop(columns="certainty")  # not read here
    artifacts = diffdata.load("artifacts", "2026.2").drop(columns=column)
    with pytest.raises(InvalidInputError, match=f"^artifacts: the frame has no column '{column}'"):
        diffdata.access_lag(dates.assign(certainty="stated"), artifacts)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: diffdata.access_lag(OWN, OWN), "model_dates: the frame has no column 'model_id'"),
        (lambda: diffdata.publication_delay(OWN), "model_dates: the frame has no column"),
        (lambda: diffdata.cost_per_flop(OWN), "frame: the frame has no column 'training_cost_usd'"),
        (lambda: diffdata.training_costs(*[OWN] * 5), "training_runs: the frame has no column"),
        (lambda: diffdata.derive.evaluate(OWN, OWN), "estimates: the frame has no column"),
        (lambda: diffdata.derive.model_summary(*[OWN] * 7), "model_dates: the frame has no col"),
        (lambda: diffdata.growth_rate(OWN, date="day", value="x"), "figures: the frame has no col"),
    ],
)  # fmt: skip
def test_derivations_name_the_argument(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        call()
    assert "it has model, date" in str(caught.value)


def test_the_columns_that_messages_name_are_those_of_the_tables() -> None:
    for table, columns in _READ.items():
        assert set(columns) <= set(diffdata.load(table).columns), table


def test_an_empty_result_carries_its_reason() -> None:
    dates, artifacts = (diffdata.load(name, "2026.2") for name in LAGS[:2])
    found = diffdata.access_lag(dates.head(0), artifacts)
    assert found.empty
    assert found.attrs["empty_because"] == "model_dates: the frame has no rows"
    scores = pd.DataFrame({"model_id": [], "score": [], "group": [], "date": []})
    found = diffdata.threshold_lag(scores, leader="closed", follower="open")
    assert found.attrs["empty_because"] == "scores: the frame has no rows"
    summary = diffdata.load("model_summary", "2026.2")
    without = summary[summary["training_cost_usd"].isna()]
    reason = diffdata.cost_per_flop(without).attrs["empty_because"]
    assert reason.startswith(f"none of {len(without)} rows of frame meets the conditions of cost_")
    assert "empty_because" not in diffdata.access_lag(dates, artifacts).attrs


def test_other_libraries_get_the_same_message() -> None:
    own = nw.from_native(OWN).to_polars()
    with pytest.raises(InvalidInputError, match="model_dates: the frame has no column 'model_id'"):
        diffdata.access_lag(own, own)
