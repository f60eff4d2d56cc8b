"""Brier scores and calibration of forecasts."""

import pandas as pd
import pytest
from scipy import stats

from diffdata.derive import brier_score, calibration
from diffdata.errors import InvalidInputError

MADE = pd.DataFrame(
    {
        "forecaster": ["a", "b", "a", "b", "a", "a"],
        "probability": [0.9, 0.6, 0.3, 0.05, 1.0, None],
        "resolution": ["true", "false", "true", "false", "true", "true"],
    }
)


def test_the_score_is_the_mean_squared_error() -> None:
    scores = brier_score(MADE, "forecaster")
    assert scores["forecaster"].tolist() == ["a", "b"]
    assert scores["forecasts"].tolist() == [3, 2]
    assert scores["brier"].tolist() == pytest.approx([(0.01 + 0.49) / 3, (0.36 + 0.0025) / 2])
    assert scores["skill"].isna().all()  # all of one forecaster came out alike


def test_the_base_rate_has_no_skill() -> None:
    made = pd.DataFrame({"probability": [0.25] * 4, "resolution": ["true"] + ["false"] * 3})
    assert brier_score(made)["skill"].tolist() == pytest.approx([0])


def test_calibration_counts_each_forecast_once_with_the_interval_of_wilson() -> None:
    found = calibration(MADE, bins=2, level=0.95)
    assert found["forecasts"].tolist() == [2, 3]
    assert found["share_true"].tolist() == pytest.approx([1 / 2, 2 / 3])
    wilson = stats.binomtest(2, 3).proportion_ci(0.95, "wilson")
    bounds = found[["share_true_low", "share_true_high"]].iloc[1].tolist()
    assert bounds == pytest.approx([wilson.low, wilson.high])
    assert calibration(MADE, bins=1)["forecasts"].tolist() == [5]


def test_without_a_resolved_forecast_there_are_columns_and_no_rows() -> None:
    for found in (brier_score(MADE.head(0)), calibration(MADE.head(0))):
        assert found.empty
        assert len(found.columns) >= 4


def test_bad_arguments_are_named() -> None:
    with pytest.raises(InvalidInputError, match="bins: expected a whole number from 1 up"):
        calibration(MADE, bins=0)
    with pytest.raises(InvalidInputError, match="no column 'forecaster_id'"):
        brier_score(MADE, "forecaster_id")
    with pytest.raises(InvalidInputError, match="probability: expected from 0 to 1, found 90"):
        brier_score(pd.DataFrame({"probability": [90], "resolution": ["true"]}))
