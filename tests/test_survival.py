"""Survival curves and medians: as R's packages survival and interval print them."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffdata import errors
from diffdata.derive import access_lag, median_time, survival_curve
from diffdata.errors import InvalidInputError

from .test_spread import load_edition

NAN = math.nan


def times(*bounds: tuple[float, float], group: str = "all") -> pd.DataFrame:
    frame = pd.DataFrame(bounds, columns=["lag_days_low", "lag_days_high"], dtype=float)
    return frame.assign(group=group)


def read(group: str, text: str) -> pd.DataFrame:
    """Read times: ``9`` is exact, ``13+`` right-censored and ``4-11`` an interval."""
    bounds = []
    for word in text.split():
        low, _, high = word.rstrip("+").partition("-")
        bounds.append((float(low), NAN if word.endswith("+") else float(high or low)))
    return times(*bounds, group=group)


# Data set aml (leukemia) of R's package survival; Miller 1981, Survival Analysis.
AML = pd.concat(
    [
        read("Maintained", "9 13 13+ 18 23 28+ 31 34 45+ 48 161+"),
        read("Nonmaintained", "5 5 8 8 12 16+ 23 27 30 33 43 45"),
    ]
)
# As R prints summary(survfit(Surv(time, status) ~ x, data = aml)), the first example of
# https://stat.ethz.ch/R-manual/R-patched/library/survival/html/survfit.formula.html:
# time, n.risk, n.event, survival, std.err, lower and upper 95% CI (conf.type "log").
AML_IN_R = {
    "Maintained": [
        (9, 11, 1, 0.909, 0.0867, 0.7541, 1.000), (13, 10, 1, 0.818, 0.1163, 0.6192, 1.000),
        (18, 8, 1, 0.716, 0.1397, 0.4884, 1.000), (23, 7, 1, 0.614, 0.1526, 0.3769, 0.999),
        (31, 5, 1, 0.491, 0.1642, 0.2549, 0.946), (34, 4, 1, 0.368, 0.1627, 0.1549, 0.875),
        (48, 2, 1, 0.184, 0.1535, 0.0359, 0.944),
    ],
    "Nonmaintained": [
        (5, 12, 2, 0.8333, 0.1076, 0.6470, 1.000), (8, 10, 2, 0.6667, 0.1361, 0.4468, 0.995),
        (12, 8, 1, 0.5833, 0.1423, 0.3616, 0.941), (23, 6, 1, 0.4861, 0.1481, 0.2675, 0.883),
        (27, 5, 1, 0.3889, 0.1470, 0.1854, 0.816), (30, 4, 1, 0.2917, 0.1387, 0.1148, 0.741),
        (33, 3, 1, 0.1944, 0.1219, 0.0569, 0.664), (43, 2, 1, 0.0972, 0.0919, 0.0153, 0.620),
        (45, 1, 1, 0.0000, NAN, NAN, NAN),
    ],
}  # fmt: skip
PRINTED = [
    "time", "at_risk", "events", "survival", "std_error", "survival_low", "survival_high",
]  # fmt: skip


@pytest.mark.parametrize("group", AML_IN_R)
def test_kaplan_meier_is_that_of_r(group: str) -> None:
    curve = survival_curve(AML, "group", level=0.95)
    steps = curve[(curve["group"] == group) & (curve["events"] > 0)]
    found = steps[PRINTED].to_numpy()
    np.testing.assert_allclose(found, AML_IN_R[group], atol=5.1e-4)
    assert (steps["time_low"] == steps["time"]).all()


def test_medians_are_those_of_r() -> None:
    """As survfit(Surv(time, status) ~ x, data = aml) prints them; NA is not reached."""
    found = median_time(AML, "group", level=0.95)
    columns = ["group", "rows", "events", "median", "median_low", "median_high"]
    assert found[columns].astype(object).where(found.notna(), None).to_numpy().tolist() == [
        ["Maintained", 11, 7, 31, 18, None],
        ["Nonmaintained", 12, 11, 23, 8, None],
    ]


# The women of the data set lung of R's package survival, as lifelines has it (datasets/lung.csv).
LUNG = """
    310 361 654 728 61 81 520 473 107 122 965+ 731 153 433 145 95 735 765 5 687 345 444 60
    208 821+ 305 226 426 705 363 167 641 740+ 245 588+ 166 559+ 450 529+ 351 201 524 199 550
    551+ 543+ 293 511+ 511+ 371 201 62 356+ 340 315+ 182 364+ 376+ 384+ 268 266+ 194 348
    382+ 296+ 186 145 269+ 350 272+ 292+ 332+ 285 243+ 276+ 79 240+ 202+ 235+ 224+ 239 173+
    252+ 92+ 192+ 211+ 175+ 203+ 105+ 177+
"""


def test_the_median_of_lung_is_that_of_r() -> None:
    """As the tests of survminer have it of survfit(Surv(time, status) ~ sex, data = lung)."""
    found = median_time(read("women", LUNG), level=0.95).iloc[0]
    assert found[["rows", "events", "median"]].tolist() == [90, 53, 426]
    assert found["median_low"] < 426


def test_a_flat_at_one_half_has_its_median_in_the_middle() -> None:
    """As in quantile.survfit of R's package survival: (x + xmax) / 2 where it ends flat."""
    assert median_time(read("a", "1 2 3 4"))["median"].tolist() == [2.5]
    assert median_time(read("a", "1 2 7+ 9+"))["median"].tolist() == [5.5]  # up to the last time
    assert median_time(read("a", "1 2 3+ 7+ 9+"))["median"].isna().all()


@pytest.mark.parametrize(
    ("conf_type", "low", "high"),
    [
        # Klein and Moeschberger, Survival Analysis, equations 4.3.1 to 4.3.3; R's survfit_confint.
        ("plain", 0.6136 - 1.96 * 0.1526, 0.6136 + 1.96 * 0.1526),
        ("log", 0.6136 * math.exp(-1.96 * 0.2487), 0.6136 * math.exp(1.96 * 0.2487)),
        ("log-log", 0.6136 ** math.exp(1.96 * 0.5093), 0.6136 ** math.exp(-1.96 * 0.5093)),
        ("arcsin", math.sin(0.8999 - 0.98 * 0.3135) ** 2, math.sin(0.8999 + 0.98 * 0.3135) ** 2),
        ("logit", 1 / (1 + math.exp(-0.4626 + 1.96 * 0.6438)),
         1 / (1 + math.exp(-0.4626 - 1.96 * 0.6438))),
    ],
)  # fmt: skip
def test_each_type_of_interval_is_that_of_its_formula(
    conf_type: str, low: float, high: float
) -> None:
    curve = survival_curve(AML, "group", level=0.95, conf_type=conf_type).set_index("time")
    row = curve[curve["group"] == "Maintained"].loc[23.0]
    assert [row["survival_low"], row["survival_high"]] == pytest.approx([low, high], abs=2e-3)


def test_turnbull_of_left_censored_times_is_that_of_r() -> None:
    """Data of Turnbull 1974; tests/turnbull.Rout.save of R's package survival (robust = FALSE)."""
    counts = [(12, 3, 2), (6, 2, 4), (2, 0, 2), (3, 3, 5)]
    rows: list[tuple[float, float]] = []
    for time, (exact, right, left) in enumerate(counts, start=1):
        rows += [(time, time)] * exact + [(time, NAN)] * right + [(NAN, time)] * left
    curve = survival_curve(times(*rows), level=0.95)
    printed = [
        (1, 44.00, 20.34, 0.5378, 0.0752, 0.4089, 0.707),
        (2, 20.66, 9.34, 0.2946, 0.0719, 0.1827, 0.475),
        (3, 9.32, 2.68, 0.2098, 0.0673, 0.1119, 0.393),
        (4, 6.64, 3.64, 0.0948, 0.0507, 0.0333, 0.270),
    ]
    # R prints the fourth iteration: the estimate itself is as near as this.
    np.testing.assert_allclose(curve[PRINTED].to_numpy(), printed, atol=1e-2)
    np.testing.assert_allclose(curve["survival"], [0.538, 0.295, 0.210, 0.095], atol=5e-4)


# Data set bcos of R's package interval: Finkelstein and Wolfe 1985, Biometrics 41.
BCOS = pd.concat(
    [
        read(
            "Rad",
            "0-7 0-8 0-5 4-11 5-12 5-11 6-10 7-16 7-14 11-15 11-18 15+ 17+ 17-25 17-25 18+ 19-35 "
            "18-26 22+ 24+ 24+ 25-37 26-40 27-34 32+ 33+ 34+ 36-44 36-48 36+ 36+ 37-44 37+ 37+ 37+ "
            "38+ 40+ 45+ 46+ 46+ 46+ 46+ 46+ 46+ 46+ 46+",
        ),
        read(
            "RadChem",
            "0-22 0-5 4-9 4-8 5-8 8-12 8-21 10-35 10-17 11-13 11+ 11-17 11+ 11-20 12-20 13+ 13-39 "
            "13+ 13+ 14-17 14-19 15-22 16-24 16-20 16-24 16-60 17-27 17-23 17-26 18-25 18-24 19-32 "
            "21+ 22-32 23+ 24-31 24-30 30-34 30-36 31+ 32+ 32-40 34+ 34+ 35+ 35-39 44-48 48+",
        ),
    ]
)
# summary(icfit(Surv(left, right, type = "interval2") ~ treatment, data = bcos)); Fay and Shaw 2010,
# Journal of Statistical Software 36(2), doi:10.18637/jss.v036.i02 (vignette intervalCensoring of
# the package).
BCOS_IN_R = {
    "Rad": [
        (4, 5, 0.0463), (6, 7, 0.0334), (7, 8, 0.0887), (11, 12, 0.0708), (24, 25, 0.0926),
        (33, 34, 0.0818), (38, 40, 0.1209), (46, 48, 0.4656),
    ],
    "RadChem": [
        (4, 5, 0.0433), (5, 8, 0.0433), (11, 12, 0.0692), (16, 17, 0.1454), (18, 19, 0.1411),
        (19, 20, 0.1157), (24, 25, 0.0999), (30, 31, 0.0709), (35, 36, 0.1608), (44, 48, 0.0552),
        (48, 60, 0.0552),
    ],
}  # fmt: skip


@pytest.mark.parametrize("group", BCOS_IN_R)
def test_turnbull_of_intervals_is_that_of_the_package_interval(group: str) -> None:
    curve = survival_curve(BCOS[BCOS["group"] == group], closed="right")
    steps = curve[curve["events"] > 0]
    shares = -np.diff(steps["survival"], prepend=1)
    found = np.column_stack([steps["time_low"], steps["time_high"], shares])
    np.testing.assert_allclose(found, BCOS_IN_R[group], atol=5.1e-5)


def test_a_hard_case_of_r_has_the_true_solution() -> None:
    """tests/turnbull.R of R's package survival: a = 0.6958, b = 0.1674, c = 0.1079, d = 0.0289."""
    low = [0] * 100 + [1] * 200 + [100, 200, 210, 220] + [365] * 100 + [366] * 5
    high = [3.0 * i for i in range(1, 101)] + [10.0 + i for i in range(1, 101)]
    high += [365] * 60 + [366] * 40 + [NAN, 500, NAN, 450] + [730] * 90 + [NAN] * 10
    high += [528, 571, 691, 730, 731, NAN, *range(1095, 1100), NAN, 1400, 1200, 772, 1461]
    frame = times(*zip([*low, *range(731, 742)], high, strict=True))
    curve = survival_curve(frame, closed="right")
    steps = curve[curve["events"] > 0]
    assert steps["time"].tolist() == [2, 365.5, 408, 756.5]
    shares = -np.diff(steps["survival"], prepend=1)
    np.testing.assert_allclose(shares, [0.6958, 0.1674, 0.1079, 0.0289], atol=5.1e-5)


EXACT_OR_CENSORED = st.lists(
    st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=15
)  # fmt: skip


@settings(max_examples=25)
@given(EXACT_OR_CENSORED)
def test_turnbull_contains_kaplan_meier(rows: list[tuple[int, bool]]) -> None:
    """A row of which only the first day is certain to be late makes the method Turnbull's."""
    plain = times(*((time, time if happened else NAN) for time, happened in rows), (20, 20))
    known = survival_curve(plain)
    narrow = plain.assign(lag_days_high=plain["lag_days_high"].where(plain.index != len(rows), 22))
    found = survival_curve(narrow)
    columns = ["at_risk", "events", "survival", "std_error"]
    np.testing.assert_allclose(found[columns], known[columns], atol=1e-6)


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 5), st.booleans()), min_size=2, max_size=12
    )
)
def test_no_other_shares_are_more_likely(rows: list[tuple[int, int, bool]]) -> None:
    """The conditions of the maximum: no interval of times would gain by a larger share."""
    bounds = [(low, NAN if censored else low + width) for low, width, censored in rows] + [(1, 3)]
    frame = times(*bounds)
    curve = survival_curve(frame)
    steps = curve[curve["events"] > 0]
    shares = -np.diff(steps["survival"], prepend=1)
    rest = 1 - shares.sum()
    chances = []
    for low, high in bounds:
        lost = math.isnan(high)
        inside = steps["time"] > low if lost else steps["time"].between(low, high)
        chances.append(shares[inside].sum() + (rest if lost else 0))
    for time in range(16):
        covering = [
            1 / chance
            for (low, high), chance in zip(bounds, chances, strict=True)
            if (low < time if math.isnan(high) else low <= time <= high)
        ]
        assert sum(covering) <= len(bounds) * (1 + 1e-4)


def test_the_order_of_rows_does_not_matter() -> None:
    expected = survival_curve(BCOS, "group")
    for seed in range(3):
        pd.testing.assert_frame_equal(
            survival_curve(BCOS.sample(frac=1, random_state=seed), "group"), expected
        )


def test_times_below_zero_are_refused_or_count_as_zero() -> None:
    frame = times((-3, 5), (-2, -1), (4, 4), (9, NAN))
    with pytest.raises(InvalidInputError, match="found 2 that are or may be below 0"):
        median_time(frame)
    curve = survival_curve(frame, negative="zero")
    assert curve["time"].tolist()[0] == 0
    assert curve["survival"].tolist()[0] == pytest.approx(0.625)


def test_rows_of_which_nothing_is_known_are_left_out() -> None:
    frame = pd.concat(
        [read("a", "1 2 3"), times((NAN, NAN), group="a"), times((NAN, NAN), group="b")]
    )
    found = median_time(frame, "group")
    assert found[["group", "rows"]].to_numpy().tolist() == [["a", 3]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"conf_type": "wald"}, "conf_type: expected one of"),
        ({"closed": "left"}, "closed: expected 'both' or 'right'"),
        ({"negative": "drop"}, "negative: expected 'error' or 'zero'"),
        ({"level": 1.5}, "level"),
        ({"by": "organization"}, "no column 'organization'"),
        ({"low": "lag_days_high", "high": "lag_days_low"}, "expected lag_days_high up to"),
    ],
)
def test_invalid_arguments_are_refused_by_name(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        survival_curve(times((1, 3), (2, 2)), **arguments)


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(errors.importlib, "import_module", missing)
    with pytest.raises(InvalidInputError, match=r"pip install 'diffdata\[trends\]'"):
        survival_curve(read("a", "1 2 3+"))


def test_the_median_access_lag_counts_the_models_that_never_became_open() -> None:
    """Of 22 models of which it is stated, 9 became open, most within days."""
    lags = access_lag(load_edition("model_dates"), load_edition("artifacts"))
    (found,) = median_time(lags, negative="zero").to_dict("records")
    assert (found["rows"], found["events"]) == (22, 9)
    assert (found["median"], found["median_low"]) == (673, 264)
    assert math.isnan(found["median_high"])  # not reached
