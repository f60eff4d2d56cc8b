"""Lags: what is reached, not reached and not stated, on small tables and on a released edition."""

import datetime
import json
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pytest

from diffdata.derive import access_lag, publication_delay, replication_lag
from diffdata.derive import lags as derive_lags
from diffdata.errors import InvalidInputError

from .conftest import ROOT
from .test_spread import artifacts, load_edition

DAYS = ["lag_days_low", "lag_days_high"]


def days(lags: pd.DataFrame) -> list[list[int | None]]:
    """Return the bounds of lags in days, None where one is missing."""
    return [[None if pd.isna(day) else int(day) for day in row] for row in lags[DAYS].to_numpy()]


def date_row(
    milestone: str, date: str, precision: str = "day", **changes: str
) -> dict[str, object]:
    """Return a row of model_dates."""
    plain = {"model_id": "m", "certainty": "stated", "source_id": f"{milestone}-{date}-{precision}"}
    return plain | {"milestone": milestone, "date": date, "date_precision": precision} | changes


def dates(*rows: dict[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    return frame.assign(date=pd.to_datetime(frame["date"]))


PUBLISHED = dates(date_row("published", "2022-01-01"))


def lags_of_access(
    *rows: dict[str, object], kind: str = "weights", access: Sequence[str] = ("open",)
) -> list[list[int | None]]:
    found = access_lag(PUBLISHED, artifacts(*rows), kind=kind, access=access)
    return days(found)


def test_access_starts_with_the_first_stage_that_grants_it() -> None:
    rows: list[dict[str, object]] = [
        {"available": "2022-02-01"},
        {"available": "2022-01-11", "access": "on_request"},
        {"available": "2022-01-21"},
    ]
    assert lags_of_access(*rows) == [[20, 20]]
    assert lags_of_access(*rows, access=["open", "on_request"]) == [[10, 10]]
    assert lags_of_access(*rows, access=["partial"]) == [[31, None]]  # not by 2022-02-01


def test_smaller_variants_and_undated_stages_are_ignored() -> None:
    assert lags_of_access({"variant": "124M"}, {"available": "2022-01-03"}) == [[2, 2]]
    undated = {"available": None, "available_precision": None}
    assert lags_of_access(undated, {"available": "2022-01-03"}) == [[2, 2]]
    assert lags_of_access({"variant": "124M"}) == [[None, None]]
    assert lags_of_access({"model_id": None, "organization_id": "lab"}) == [[None, None]]


def test_each_kind_of_artifact_has_its_own_lag() -> None:
    rows: list[dict[str, object]] = [{"artifact_kind": "api", "available": "2022-03-01"}, {}]
    assert lags_of_access(*rows) == [[1, 1]]
    assert lags_of_access(*rows, kind="api") == [[59, 59]]


def test_access_before_publication_is_a_lag_below_zero() -> None:
    earlier = {"available": "2021-12-01", "available_precision": "month"}
    assert lags_of_access(earlier) == [[-31, -1]]


def test_a_lag_is_inferred_if_one_of_its_dates_is() -> None:
    inferred = dates(date_row("published", "2022-01-01", certainty="inferred"))
    for model_dates, certainty, expected in [
        (PUBLISHED, "stated", "stated"),
        (PUBLISHED, "inferred", "inferred"),
        (inferred, "stated", "inferred"),
    ]:
        found = access_lag(model_dates, artifacts({"certainty": certainty}))
        assert found["certainty"].tolist() == [expected]


def test_the_stated_date_of_two_equal_ones_counts() -> None:
    found = access_lag(PUBLISHED, artifacts({"certainty": "inferred"}, {"certainty": "stated"}))
    assert found["certainty"].tolist() == ["stated"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "weight"}, "kind: expected one of .* found 'weight'"),
        ({"access": "open"}, "access: expected some of .* found 'open'"),
        ({"access": []}, "access"),
        ({"access": ["open", "none"]}, "access"),
    ],
)
def test_unknown_kinds_are_refused_by_name(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        access_lag(PUBLISHED, artifacts({}), **arguments)  # type: ignore[arg-type]


def test_the_kinds_of_artifacts_and_access_are_those_of_the_schema() -> None:
    fields = json.loads((ROOT / "schemas" / "artifacts.json").read_text())["fields"]
    enums = {
        f["name"]: f["constraints"]["enum"] for f in fields if "enum" in f.get("constraints", {})
    }
    assert list(derive_lags.ARTIFACT_KINDS) == enums["artifact_kind"]
    assert [*derive_lags.ACCESS, "none"] == enums["access"]


def test_the_full_weights_of_gpt_2_came_nine_months_after_it() -> None:
    lags = access_lag(load_edition("model_dates"), load_edition("artifacts"))
    by_model = lags.set_index("model_id")
    assert by_model.loc["gpt-2", DAYS].tolist() == [264, 264]
    assert by_model.loc["opt-175b", DAYS].tolist() == [1, 1]
    assert set(lags["access"].dropna()) == {"open", "on_request"}


def test_models_that_are_not_open_have_censored_lags() -> None:
    lags = access_lag(load_edition("model_dates"), load_edition("artifacts")).set_index("model_id")
    assert len(lags) == load_edition("model_dates")["model_id"].nunique()
    gpt_3 = lags.loc["gpt-3"]
    assert gpt_3["status"] == "not_reached"
    assert gpt_3["as_of"] == pd.Timestamp("2022-11-15")  # the last date of both tables
    assert gpt_3["lag_days_low"] == (pd.Timestamp("2022-11-15") - pd.Timestamp("2020-05-28")).days
    assert pd.isna(gpt_3["lag_days_high"])
    assert lags.loc["hyperclova-82b", "status"] == "not_stated"  # no row on its weights
    assert lags.loc["hyperclova-82b", DAYS].isna().all()
    # Open on a day that no source gives: by the last day of the tables.
    assert lags.loc["yalm-100b", "status"] == "reached"
    assert pd.isna(lags.loc["yalm-100b", "lag_days_low"])
    assert lags.loc["yalm-100b", "lag_days_high"] == 145


def test_access_is_counted_up_to_a_given_day() -> None:
    day = datetime.date(2022, 1, 31)
    found = access_lag(PUBLISHED, artifacts({"available": "2022-02-01"}), as_of=day)
    assert found["status"].tolist() == ["not_reached"]
    assert days(found) == [[30, None]]
    assert access_lag(PUBLISHED, artifacts({}), as_of=datetime.date(2021, 12, 31)).empty


def test_the_first_of_several_releases_lies_before_the_last_day_of_each() -> None:
    """A release of some day in January, and another on 5 January: the first came by 5 January."""
    rows = [
        {"available": "2022-01-01", "available_precision": "month"},
        {"available": "2022-01-05"},
    ]
    for order in (rows, rows[::-1]):
        assert lags_of_access(*order) == [[0, 4]]


def test_negative_lags_are_marked() -> None:
    for rows, negative in [
        ({"available": "2021-12-31"}, True),
        ({"available": "2022-01-01"}, False),
        ({"available": "2022-01-15", "available_precision": "year"}, False),
        ({"available": "2021-12-15", "available_precision": "month"}, True),
    ]:
        found = access_lag(PUBLISHED, artifacts(rows))
        assert found["lag_negative"].tolist() == [negative]
    month = dates(date_row("published", "2022-01-01", "month"))
    unknown = access_lag(month, artifacts({"available": "2022-01-15"}))
    assert unknown["lag_negative"].isna().all()


def test_a_lag_starts_with_the_announcement_if_that_came_first() -> None:
    announced = date_row("announced", "2021-12-31")
    both = dates(announced, date_row("published", "2022-01-01"))
    for model_dates in (both, dates(announced), both.iloc[::-1]):
        assert days(access_lag(model_dates, artifacts({}))) == [[2, 2]]


def test_access_lags_have_the_documented_columns() -> None:
    lags = access_lag(PUBLISHED, artifacts({}))
    assert list(lags.columns) == [
        "model_id", "status", "published", "published_precision", "available",
        "available_precision", "access", "certainty", "as_of", *DAYS, "lag_months_low",
        "lag_months_high", "lag_negative",
    ]  # fmt: skip


def delay(*rows: dict[str, object]) -> dict[str, object]:
    (found,) = publication_delay(dates(*rows)).to_dict("records")
    return {str(name): value for name, value in found.items()}


def test_a_delay_ends_with_the_first_public_date() -> None:
    made = date_row("developed", "2022-01-01")
    paper, post = date_row("published", "2022-03-01"), date_row("announced", "2022-02-01")
    found = delay(made, paper, post)
    assert (found["milestone"], found["lag_days_low"], found["lag_days_high"]) == (
        "announced",
        31,
        31,
    )
    assert delay(made, paper)["milestone"] == "published"


def test_of_several_sources_the_earliest_date_counts() -> None:
    made = [date_row("developed", day) for day in ("2022-01-03", "2022-01-02")]
    public = [date_row("published", day) for day in ("2022-02-03", "2022-02-02")]
    assert delay(*made, *public)["lag_days_low"] == 31


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([("2022-08-01", "month"), ("2022-08-04", "day")], ("2022-08-04", "day")),
        ([("2022-01-01", "year"), ("2022-08-01", "month")], ("2022-08-01", "month")),
        ([("2022-01-01", "year"), ("2022-08-04", "day")], ("2022-08-04", "day")),
        ([("2022-01-01", "year"), ("2022-01-01", "month")], ("2022-01-01", "month")),
        ([("2022-07-01", "month"), ("2022-08-04", "day")], ("2022-07-01", "month")),
        ([("2021-01-01", "year"), ("2022-08-04", "day")], ("2021-01-01", "year")),
        ([("2022-08-01", "month"), ("2022-07-04", "day")], ("2022-07-04", "day")),
        ([("2021-08-01", "month"), ("2022-08-04", "day")], ("2021-08-01", "month")),
    ],
)
def test_a_less_precise_date_is_replaced_only_by_one_within_it(
    given: list[tuple[str, str]], expected: tuple[str, str]
) -> None:
    made = date_row("developed", "2020-01-01")
    for order in (given, given[::-1]):
        found = delay(made, *(date_row("published", *one) for one in order))
        assert found["first_public"] == pd.Timestamp(expected[0])
        assert found["first_public_precision"] == expected[1]


def test_the_delays_of_the_study_lie_within_the_time_since_training() -> None:
    """Item 5 of the mechanisms: nine months for Gopher, counted from when the paper was ready."""
    delays = publication_delay(load_edition("model_dates")).set_index("model_id")
    estimates = load_edition("estimates").set_index("estimate_id")
    gopher = delays.loc["gopher"]
    assert estimates.loc["gopher-publication-delay", "value"] < gopher["lag_months_low"]
    assert gopher[DAYS].tolist() == [342, 372]
    assert gopher["certainty"] == "stated"
    assert delays.loc["gpt-3", "certainty"] == "inferred"
    # Announced on a day of August, published on the fourth: public by the fourth.
    assert delays.loc["glm-130b", DAYS].tolist() == [29, 32]


def test_a_delay_is_censored_only_where_a_later_date_is_stated() -> None:
    made, public = date_row("developed", "2022-01-01"), date_row("published", "2022-03-01")
    found = publication_delay(dates(made, public), as_of=datetime.date(2022, 2, 1))
    assert (found["status"].tolist(), days(found)) == (["not_reached"], [[31, None]])
    alone = publication_delay(dates(made))
    assert (alone["status"].tolist(), days(alone)) == (["not_stated"], [[None, None]])


def test_empty_tables_give_empty_tables() -> None:
    dated, things = (load_edition(name).iloc[:0] for name in ("model_dates", "artifacts"))
    assert access_lag(dated, things).empty
    assert publication_delay(dated).empty


COMPARED = {
    "model_id": "n", "reference_model_id": "m", "judgement": "better", "certainty": "stated",
    "as_of": None, "as_of_precision": None, "status": "current",
    "superseded_by_comparison_id": None,
}  # fmt: skip
EVENT = {
    "organization_id": "x", "model_id": "n", "reference_model_id": "m", "explicit_attempt": True,
    "outcome": "succeeded", "date": "2022-05-01", "date_precision": "day", "status": "current",
    "superseded_by_event_id": None, "certainty": "stated",
}  # fmt: skip
# m is of lab a, n and o of other labs; lab c belongs to the group of a.
DEVELOPERS = pd.DataFrame(
    {"model_id": ["m", "n", "o", "own", "of_group"], "organization_id": ["a", "b", "d", "a", "c"],
     "role": "developer"}
)  # fmt: skip
RELATIONS = pd.DataFrame(
    {"organization_id": ["a", "b", "c", "d"], "parent_organization_id": ["g", None, "g", None]}
)


def frame(plain: dict[str, object], key: str, rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    """Return a table of rows that differ from a plain one."""
    every: list[dict[str, object]] = [{}, *rows]
    made = pd.DataFrame([plain | {key: f"r{i}"} | row for i, row in enumerate(every)]).iloc[1:]
    days = [name for name in ("as_of", "date") if name in made]
    return made.assign(**{name: pd.to_datetime(made[name]) for name in days})


def replications(
    *comparisons: dict[str, object],
    events: Sequence[dict[str, object]] = (),
    model_dates: pd.DataFrame | None = None,
    things: pd.DataFrame | None = None,
    shuffle: int | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Return the lags behind m, published on 1 January 2022, of n and o."""
    made = [
        FOLLOWERS if model_dates is None else model_dates,
        artifacts({"model_id": "n", "available": "2022-03-01"}) if things is None else things,
        frame(COMPARED, "comparison_id", comparisons),
        frame(EVENT, "event_id", events),
        options.pop("developers", DEVELOPERS),
        options.pop("organization_relations", RELATIONS),
    ]
    if shuffle is not None:
        made = [
            table if table is None else table.sample(frac=1, random_state=shuffle) for table in made
        ]
    return replication_lag(*made, **{"reference": "m"} | options).set_index("milestone")


FOLLOWERS = dates(
    date_row("published", "2022-01-01"),
    *(
        date_row("published", day, model_id=model)
        for model, day in [
            ("n", "2022-02-01"), ("o", "2022-02-02"), ("own", "2022-01-02"),
            ("of_group", "2022-01-03"),
        ]
    ),
)  # fmt: skip


def test_what_has_not_happened_is_censored_at_the_last_day_of_the_tables() -> None:
    found = replications({"judgement": "worse", "as_of": "2022-06-15", "as_of_precision": "month"})
    assert found["as_of"].tolist() == [pd.Timestamp("2022-06-01")] * 3
    assert found["status"].to_dict() == {
        "better_model": "not_reached",
        "equal_open_model": "not_reached",
        "successful_replication": "not_stated",
    }
    assert days(found) == [[151, None], [151, None], [None, None]]
    assert found["model_id"].isna().all()
    assert found["candidates"].isna().all()
    failed = replications(events=[{"outcome": "failed"}], as_of=datetime.date(2022, 12, 31))
    assert failed["status"].tolist() == ["not_stated", "not_stated", "not_reached"]
    assert days(failed) == [[None, None], [None, None], [364, None]]


def test_a_reference_that_nobody_compared_differs_from_one_that_was_never_matched() -> None:
    assert set(replications()["status"]) == {"not_stated"}
    assert set(replications({"judgement": "worse"})["status"][:2]) == {"not_reached"}


def test_what_happened_after_the_given_day_has_not_happened_yet() -> None:
    for day, status in [("2022-01-31", "not_reached"), ("2022-02-01", "reached")]:
        found = replications({}, as_of=datetime.date.fromisoformat(day))
        assert found.loc["better_model", "status"] == status
    with pytest.raises(InvalidInputError, match="as_of: expected a day on which m was public"):
        replications({}, as_of=datetime.date(2021, 12, 31))


def test_the_developer_and_its_group_are_no_followers() -> None:
    rows = [{"model_id": name} for name in ("m", "own", "of_group", "o")]
    assert replications(*rows).loc["better_model", "model_id"] == "o"
    assert (
        replications(*rows, organization_relations=None).loc["better_model", "model_id"]
        == "of_group"
    )
    every = replications(*rows, include_developer=True)
    assert every.loc["better_model", "model_id"] == "own"
    assert replications({"model_id": "own"})["status"].tolist()[0] == "not_stated"
    tried = {"model_id": None, "organization_id": "c"}
    assert replications(events=[tried]).loc["successful_replication", "status"] == "not_stated"
    with pytest.raises(InvalidInputError, match="model_developers: expected the table"):
        replications({}, developers=None)
    alone = replications({}, developers=None, include_developer=True)
    assert alone.loc["better_model", "model_id"] == "n"


def test_the_first_follower_lies_between_the_least_bounds_of_all() -> None:
    """Some day of December 2022 against the fifth: the first came by the fifth, whoever it was."""
    followers = dates(
        date_row("published", "2022-01-01"),
        date_row("developed", "2022-12-15", "month", model_id="n"),
        date_row("developed", "2022-12-05", model_id="o"),
    )
    for seed in range(3):
        better = replications({}, {"model_id": "o"}, model_dates=followers, shuffle=seed).iloc[0]
        assert better[DAYS].tolist() == [334, 338]
        assert better["candidates"] == "n; o"
        assert pd.isna(better["model_id"])
        assert (better["date"], better["date_precision"]) == (pd.Timestamp("2022-12-15"), "month")
    sure = dates(
        date_row("published", "2022-01-01"),
        date_row("developed", "2022-12-01", "month", model_id="n"),
        date_row("developed", "2023-01-01", model_id="o"),
    )
    better = replications({}, {"model_id": "o"}, model_dates=sure).iloc[0]
    assert (better["model_id"], better["candidates"]) == ("n", "n")


def test_a_tie_is_not_settled_by_the_alphabet() -> None:
    tied = dates(
        date_row("published", "2022-01-01"),
        date_row("published", "2022-02-01", model_id="n"),
        date_row("published", "2022-02-01", model_id="o", certainty="inferred"),
    )
    for seed in range(3):
        found = replications({}, {"model_id": "o"}, model_dates=tied, shuffle=seed).iloc[0]
        assert (found["candidates"], found["certainty"]) == ("n; o", "inferred")
        assert pd.isna(found["model_id"])


@pytest.mark.parametrize(
    ("judgements", "expected"),
    [
        (["better"], "better"),
        (["better", "worse"], "worse"),  # of two middle ones the lower
        (["better", "worse", "better"], "better"),
        (["worse", "similar", "better"], "similar"),
        (["better", "better", "worse", "worse"], "worse"),
        (["better?", "worse"], "worse"),  # stated before inferred
        (["better", "worse?", "worse?"], "better"),
        (["better?", "worse?", "better?"], "better?"),
    ],
)
def test_of_several_judgements_the_median_of_the_stated_ones_counts(
    judgements: list[str], expected: str
) -> None:
    rows = [
        {"judgement": name.removesuffix("?"), "certainty": "inferred" if "?" in name else "stated"}
        for name in judgements
    ]
    for seed in range(3):
        found = replications(*rows, shuffle=seed)
        reached = found["status"] == "reached"
        assert reached["better_model"] == expected.startswith("better")
        assert reached["equal_open_model"] == (not expected.startswith("worse"))
        if reached["better_model"]:
            assert found.loc["better_model", "certainty"] == (
                "inferred" if "?" in expected else "stated"
            )


def test_first_are_the_judgements_with_the_earliest_date() -> None:
    early = {"judgement": "better", "as_of": "2022-03-01", "as_of_precision": "day"}
    later = {"judgement": "worse", "as_of": "2022-04-01", "as_of_precision": "day"}
    undated = {"judgement": "worse"}
    for seed in range(3):
        found = replications(early, later, later, undated, judged="first", shuffle=seed)
        assert found.loc["better_model", "status"] == "reached"
        assert replications(early, later, later, shuffle=seed).iloc[0]["status"] == "not_reached"


def test_a_judgement_of_a_month_does_not_precede_one_of_a_day_in_it() -> None:
    """Both may be the first, so the median of both counts."""
    month = {"judgement": "better", "as_of": "2022-03-01", "as_of_precision": "month"}
    day = {"judgement": "worse", "as_of": "2022-03-10", "as_of_precision": "day"}
    assert replications(month, day, judged="first").iloc[0]["status"] == "not_reached"
    later = day | {"as_of": "2022-04-01"}
    assert replications(month, later, judged="first").iloc[0]["status"] == "reached"


def test_the_lags_begin_with_the_announcement_if_that_came_first() -> None:
    followers = FOLLOWERS.copy()
    announced = dates(date_row("announced", "2021-12-01", "month"))
    both = pd.concat([followers, announced])
    assert replications({}, model_dates=both).iloc[0][DAYS].tolist() == [32, 62]
    only = pd.concat([followers[followers["model_id"] != "m"], announced])
    assert replications({}, model_dates=only).iloc[0][DAYS].tolist() == [32, 62]


def test_a_follower_before_the_reference_is_marked() -> None:
    before = FOLLOWERS.assign(
        date=FOLLOWERS["date"].where(FOLLOWERS["model_id"] != "n", pd.Timestamp("2021-12-30"))
    )
    found = replications({}, model_dates=before)
    assert found.loc["better_model", DAYS].tolist() == [-2, -2]
    assert found.loc["better_model", "lag_negative"]
    assert not found.loc["equal_open_model", "lag_negative"]


def test_weights_without_a_date_are_reached_by_the_last_day() -> None:
    undated = artifacts({"model_id": "n", "available": None, "available_precision": None})
    found = replications({}, things=undated, as_of=datetime.date(2022, 12, 31))
    row = found.loc["equal_open_model"]
    assert (row["status"], row["model_id"]) == ("reached", "n")
    assert days(found)[1] == [None, 364]


def test_what_has_no_date_may_be_the_first_of_several() -> None:
    """Then the lag has no lower end, and all that may be the first are candidates."""
    things = artifacts(
        {"model_id": "n", "available": "2022-03-01"},
        {"model_id": "o", "available": None, "available_precision": None},
    )
    found = replications({}, {"model_id": "o"}, things=things)
    row = found.loc["equal_open_model"]
    assert (row["status"], row["candidates"]) == ("reached", "n; o")
    assert pd.isna(row["model_id"])
    assert days(found)[1] == [None, 59]
    assert row["date"] == pd.Timestamp("2022-03-01")
    late = FOLLOWERS.assign(
        date=FOLLOWERS["date"].where(FOLLOWERS["model_id"] != "o", pd.Timestamp("2022-03-02"))
    )
    found = replications({}, {"model_id": "o"}, things=things, model_dates=late)
    assert found.loc["equal_open_model", "candidates"] == "n"  # before o was public
    assert days(found)[1] == [59, 59]


def test_what_has_no_date_happened_by_the_last_day_of_the_tables() -> None:
    """On an earlier day it may not have happened yet."""
    undated = {"model_id": "n", "available": None, "available_precision": None}
    early = datetime.date(2022, 1, 31)
    found = replications({}, things=artifacts(undated), as_of=datetime.date(2022, 2, 1))
    assert days(found)[1] == [None, 32]  # the last day that the tables speak of is 2022-02-02
    found = replications({}, things=artifacts(undated), as_of=early)
    assert days(found)[1] == [30, None]  # before n was public
    later = artifacts(undated | {"model_id": "m"}, {"model_id": "o", "available": "2022-06-01"})
    assert days(access_lag(PUBLISHED, later, as_of=early)) == [[None, 151]]
    # Where another artifact of the model has a date, that one counts.
    dated = artifacts(undated | {"model_id": "m"}, {"model_id": "m", "available": "2022-06-01"})
    found = access_lag(PUBLISHED, dated, as_of=early, access=["open"])
    assert (found["status"].tolist(), days(found)) == (["not_reached"], [[30, None]])


def test_several_references_give_their_own_rows() -> None:
    both = replications({}, {"reference_model_id": "n", "model_id": "o"}, reference=["m", "n"])
    assert both["reference_model_id"].tolist() == ["m"] * 3 + ["n"] * 3
    assert both["model_id"].iloc[[0, 3]].tolist() == ["n", "o"]
    assert both["status"].iloc[4] == "not_reached"  # o has no open weights


EDITION_TABLES = [
    "model_dates", "artifacts", "comparisons", "diffusion_events", "model_developers",
    "organizations",
]  # fmt: skip


def lags(judged: str, **options: Any) -> pd.DataFrame:
    frames = [load_edition(name) for name in EDITION_TABLES]
    return replication_lag(*frames, reference="gpt-3", judged=judged, **options).set_index(
        "milestone"
    )


def test_the_first_judgements_give_the_published_lags() -> None:
    """Table 1 of the study: 7 months to Gopher, 23 months (704 days) to OPT-175B."""
    first = lags("first")
    assert first["model_id"].to_dict() == {
        "better_model": "gopher",
        "equal_open_model": "opt-175b",
        "successful_replication": "opt-175b",
    }
    better = first.loc["better_model"]
    assert better["lag_months_low"] < 7 < better["lag_months_high"]
    replication = first.loc["successful_replication"]
    assert replication["lag_days_low"] == replication["lag_days_high"] == 704
    assert math.floor(replication["lag_months_low"]) == 23
    assert first["certainty"].tolist() == ["stated"] * 3


def test_the_current_judgements_give_no_replication() -> None:
    now = lags("now")
    assert now["model_id"].dropna().to_dict() == {
        "better_model": "gopher",
        "equal_open_model": "glm-130b",
    }
    assert now.loc["equal_open_model", "certainty"] == "inferred"
    assert now.loc["successful_replication", "status"] == "not_reached"
    assert now.loc["successful_replication", "lag_days_low"] == 970  # on 23 January 2023


def test_open_access_can_exclude_weights_on_request() -> None:
    """Of the weights of OPT-175B and GLM-130B one source says that they are open, and no date."""
    row = lags("first", access=["open"]).loc["equal_open_model"]
    assert row["candidates"] == "bloom; glm-130b; opt-175b"
    assert pd.isna(row["lag_days_low"])
    assert lags("now", access=["open"]).loc["equal_open_model", "candidates"] == "glm-130b"


def test_dates_as_text_are_refused() -> None:
    text, things = PUBLISHED.assign(date="2022-01-01"), artifacts({"available": "2022-06-01"})
    for function in (publication_delay, lambda table: access_lag(table, things)):
        with pytest.raises(InvalidInputError, match=r"expected (a column of )?dates, found"):
            function(text)


def test_the_day_may_be_a_timestamp() -> None:
    for day in (pd.Timestamp("2022-01-31"), datetime.date(2022, 1, 31)):
        found = access_lag(PUBLISHED, artifacts({"available": "2022-06-01"}), as_of=day)
        assert days(found) == [[30, None]]
        assert days(replications({}, as_of=day))[1] == [30, None]


def test_a_reference_without_a_date_is_refused() -> None:
    frames = [load_edition(name) for name in EDITION_TABLES]
    with pytest.raises(InvalidInputError, match="'gpt-5' has no date of announcement or public"):
        replication_lag(*frames, reference="gpt-5")
    with pytest.raises(InvalidInputError, match="judged"):
        lags("later")
