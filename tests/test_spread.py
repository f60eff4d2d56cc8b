"""How models spread: mechanisms and the cascade, on small and real tables."""

import datetime
import functools
import itertools
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import diffdata
from diffdata.derive import spread
from diffdata.derive.spread import cascade, cascade_depth, prevailing_mechanism
from diffdata.errors import InvalidInputError


@functools.cache
def load_edition(table: str) -> pd.DataFrame:
    """Load a table of a released edition, so that new rows of the data change no test."""
    return diffdata.load(table, version="2026.2")


def artifacts(*rows: dict[str, object]) -> pd.DataFrame:
    """Return a table of artifacts: open weights of m on 2 January 2022, except for the changes."""
    plain = {
        "model_id": "m", "organization_id": None, "variant": None, "artifact_kind": "weights",
        "access": "open", "available": "2022-01-02", "available_precision": "day",
        "certainty": "stated",
    }  # fmt: skip
    frame = pd.DataFrame([plain | {"artifact_id": f"a{i}"} | row for i, row in enumerate(rows)])
    return frame.assign(available=pd.to_datetime(frame["available"]))


def events(*rows: dict[str, object]) -> pd.DataFrame:
    """Return a table of events: one organization matched m in May 2022, except for the changes."""
    plain = {
        "organization_id": "x", "model_id": "n", "reference_model_id": "m", "artifact_id": None,
        "mechanism": "replication", "outcome": None, "date": "2022-05-01",
        "date_precision": "month", "status": "current", "certainty": "stated",
    }  # fmt: skip
    frame = pd.DataFrame([plain | {"event_id": f"e{i}"} | row for i, row in enumerate(rows)])
    return frame.assign(date=pd.to_datetime(frame["date"]))


def prevailing(*rows: dict[str, object], **arguments: object) -> list[list[object]]:
    found = prevailing_mechanism(events(*rows), **arguments)  # type: ignore[arg-type]
    assert list(found.columns) == ["period", "mechanism", "organizations", "prevails"]
    return [[None if pd.isna(value) else value for value in row] for row in found.to_numpy()]


INCREMENTAL: dict[str, object] = {"mechanism": "incremental_research"}


def test_the_mechanism_of_most_organizations_prevails() -> None:
    found = prevailing(INCREMENTAL, INCREMENTAL | {"organization_id": "y"}, {})
    assert found == [
        ["2022", "incremental_research", 2, True],
        ["2022", "replication", 1, False],
    ]


def test_an_organization_counts_once_in_a_period() -> None:
    assert prevailing({}, {"model_id": "o"}) == [["2022", "replication", 1, True]]
    other = {"date": "2021-05-01"}
    assert [row[0] for row in prevailing({}, other)] == ["2021", "2022"]


def test_prevails_is_missing_for_a_tie() -> None:
    other = {"mechanism": "open_publication"}
    found = prevailing(INCREMENTAL, INCREMENTAL | {"organization_id": "y"}, {},
                       {"organization_id": "y"}, other)  # fmt: skip
    assert [row[1:] for row in found] == [
        ["incremental_research", 2, None],
        ["open_publication", 1, False],
        ["replication", 2, None],
    ]


def test_failed_superseded_and_undated_events_do_not_count() -> None:
    left_out: list[dict[str, object]] = [
        {"outcome": "failed"},
        {"status": "superseded"},
        {"status": "withdrawn"},
        {"reference_model_id": None, "artifact_id": "a0"},
        {"date": None, "date_precision": None},
    ]
    assert prevailing(*left_out) == []
    doubtful = {"outcome": "doubtful"}
    assert prevailing(*left_out, doubtful) == [["2022", "replication", 1, True]]


@pytest.mark.parametrize(
    ("date", "precision", "year", "half", "quarter", "month"),
    [
        ("2022-06-30", "day", "2022", "2022-H1", "2022-Q2", "2022-06"),
        ("2022-07-01", "day", "2022", "2022-H2", "2022-Q3", "2022-07"),
        ("2022-12-01", "month", "2022", "2022-H2", "2022-Q4", "2022-12"),
        ("2022-03-01", "month", "2022", "2022-H1", "2022-Q1", "2022-03"),
        ("2022-01-01", "year", "2022", None, None, None),
    ],
)
def test_an_event_counts_in_the_period_that_contains_all_of_its_days(
    date: str, precision: str, year: str, half: str | None, quarter: str | None, month: str | None
) -> None:
    names = {"year": year, "half": half, "quarter": quarter, "month": month}
    for period, expected in names.items():
        found = prevailing({"date": date, "date_precision": precision}, period=period)
        assert [row[0] for row in found] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("date", "precision", "first", "last"),
    [
        ("2022-05-17", "day", (2022, 5, 17), (2022, 5, 17)),
        ("2022-02-01", "month", (2022, 2, 1), (2022, 2, 28)),
        ("2022-01-01", "year", (2022, 1, 1), (2022, 12, 31)),
    ],
)
def test_an_event_counts_only_if_all_of_its_days_are_within_bounds(
    date: str, precision: str, first: tuple[int, int, int], last: tuple[int, int, int]
) -> None:
    row: dict[str, object] = {"date": date, "date_precision": precision}
    since, until, day = datetime.date(*first), datetime.date(*last), datetime.timedelta(days=1)
    for arguments in ({"since": since}, {"until": until}, {"since": since, "until": until}):
        assert len(prevailing(row, **arguments)) == 1
    assert prevailing(row, since=since + day) == []
    assert prevailing(row, until=until - day) == []


def test_invalid_periods_are_refused_by_name() -> None:
    with pytest.raises(InvalidInputError, match=r"period: expected one of .* found 'decade'"):
        prevailing({}, period="decade")
    with pytest.raises(InvalidInputError, match="since: expected a day up to until"):
        prevailing({}, since=datetime.date(2022, 1, 2), until=datetime.date(2022, 1, 1))


def test_incremental_research_prevailed_before_the_weights_of_opt_175b() -> None:
    """Item 1 of the mechanisms: up until the release of OPT-175B in May 2022."""
    found = prevailing_mechanism(load_edition("diffusion_events"), until=datetime.date(2022, 4, 30))
    assert set(found["mechanism"]) == {"incremental_research"}
    assert found["prevails"].all()
    assert found["period"].tolist() == ["2020", "2021", "2022"]


def test_open_publication_prevailed_after_the_weights_of_opt_175b() -> None:
    """The study counts those who got the weights; diffdata counts those who published them."""
    found = prevailing_mechanism(load_edition("diffusion_events"), since=datetime.date(2022, 5, 1))
    assert found[found["prevails"]]["mechanism"].tolist() == ["open_publication"]


def edges(*pairs: tuple[str | None, str | None, str | None, str | None]) -> pd.DataFrame:
    """Return edges: from a model or an organization to a model or an organization."""
    names = ["from_model_id", "from_organization_id", "to_model_id", "to_organization_id"]
    return pd.DataFrame(pairs, columns=names, dtype=object)


def models(*pairs: tuple[str, str]) -> pd.DataFrame:
    return edges(*((start, None, end, "x") for start, end in pairs))


def depths(frame: pd.DataFrame, root: str) -> dict[str, int]:
    found = cascade_depth(frame, root=root)
    assert found.sort_values(["depth", "model_id"]).index.is_monotonic_increasing
    return {str(name): int(steps) for name, steps in found.to_numpy()}


def test_an_edge_leads_from_the_owner_of_an_artifact_to_its_receiver() -> None:
    found = cascade(
        events({"artifact_id": "a0", "organization_id": "y"}, {"artifact_id": "a1"}),
        artifacts({}, {"model_id": None, "organization_id": "lab", "artifact_kind": "software"}),
    )
    plain = found.astype(object).where(found.notna(), None)
    assert plain.to_numpy().tolist() == [
        ["m", None, "a0", "weights", "n", "y", "replication", "stated"],
        [None, "lab", "a1", "software", "n", "x", "replication", "stated"],
    ]
    assert list(found.columns) == [*spread._EDGE, "certainty"]


def test_only_current_events_between_different_models_are_edges() -> None:
    rows: list[dict[str, object]] = [
        {"artifact_id": "a0", "status": "superseded"},
        {"artifact_id": "a0", "model_id": "m"},
        {"artifact_id": None},
        {"artifact_id": "not-there"},
    ]
    assert cascade(events(*rows), artifacts({})).empty
    to_organization = {"artifact_id": "a0", "model_id": None}
    assert len(cascade(events(*rows, to_organization), artifacts({}))) == 1


def test_two_events_of_an_edge_give_one_edge_stated_if_either_is() -> None:
    inferred = {"artifact_id": "a0", "certainty": "inferred"}
    for rows in ([inferred, {"artifact_id": "a0"}], [{"artifact_id": "a0"}, inferred]):
        assert cascade(events(*rows), artifacts({}))["certainty"].tolist() == ["stated"]
    assert cascade(events(inferred), artifacts({}))["certainty"].tolist() == ["inferred"]


def real_cascade() -> pd.DataFrame:
    return cascade(load_edition("diffusion_events"), load_edition("artifacts"))


def test_the_hyperparameters_of_gpt_3_contributed_to_gpt_neox_20b() -> None:
    """Publication decisions, item 5.1 of the study."""
    found = real_cascade()
    into = found[(found["to_model_id"] == "gpt-neox-20b") & (found["from_model_id"] == "gpt-3")]
    assert "gpt-3-hyperparameters" in set(into["artifact_id"])
    assert not found.duplicated(spread._EDGE).any()
    assert (found["from_model_id"].notna() ^ found["from_organization_id"].notna()).all()
    assert not (found["from_model_id"] == found["to_model_id"]).any()


def test_the_models_of_the_study_are_near_gpt_3() -> None:
    near = depths(real_cascade(), "gpt-3")
    assert near["gpt-3"] == 0
    assert {name for name, steps in near.items() if steps == 1} >= {"gopher", "opt-175b", "bloom"}
    assert set(depths(real_cascade(), "nvidia").values()) == {1}


def test_depth_is_the_shortest_path_and_cycles_end() -> None:
    found = depths(models(("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("d", "a")), "a")
    assert found == {"a": 0, "b": 1, "c": 1, "d": 2}
    assert depths(models(("a", "a")), "a") == {"a": 0}
    assert depths(models(("a", "b")), "b") == {"b": 0}


def test_a_path_may_lead_through_an_organization_without_a_model() -> None:
    frame = edges(("a", None, None, "lab"), (None, "lab", "b", "x"), (None, "x", "c", "y"))
    assert depths(frame, "a") == {"a": 0, "b": 2}
    assert depths(frame, "lab") == {"b": 1}


def test_an_edge_with_an_unknown_end_leads_nowhere() -> None:
    frame = edges(("a", None, None, None), (None, None, "b", "x"))
    assert depths(frame, "a") == {"a": 0}


def test_a_root_that_is_not_in_the_edges_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="root: 'z' is neither a model nor an organization"):
        cascade_depth(models(("a", "b")), root="z")


NODES = "abcde"
PAIRS = st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), min_size=1, max_size=12)


def naive(pairs: Sequence[tuple[str, str]], start: str, end: str) -> int | None:
    """Return the length of the shortest simple path, by trying all of them."""
    if start == end:
        return 0
    others = [node for node in NODES if node not in (start, end)]
    for steps in range(1, len(NODES)):
        for between in itertools.permutations(others, steps - 1):
            if all(step in pairs for step in itertools.pairwise((start, *between, end))):
                return steps
    return None


@settings(max_examples=25)
@given(PAIRS)
def test_depth_matches_a_naive_search(pairs: list[tuple[str, str]]) -> None:
    root = pairs[0][0]
    expected = {node: naive(pairs, root, node) for node in NODES}
    assert depths(models(*pairs), root) == {
        node: steps for node, steps in expected.items() if steps is not None
    }


def test_results_have_the_library_of_the_input_and_the_same_content() -> None:
    frames = [load_edition(name) for name in ("artifacts", "diffusion_events")]
    arrow = [pa.Table.from_pandas(frame, preserve_index=False) for frame in frames]
    (things, happened), since = frames, datetime.date(2022, 1, 1)
    for ours, theirs in [
        *(
            (
                prevailing_mechanism(happened, period=period, since=since),
                prevailing_mechanism(arrow[1], period=period, since=since),
            )
            for period in spread.PERIODS
        ),
        (cascade(happened, things), cascade(arrow[1], arrow[0])),
        (
            cascade_depth(cascade(happened, things), root="gpt-3"),
            cascade_depth(cascade(arrow[1], arrow[0]), root="gpt-3"),
        ),
    ]:
        assert isinstance(theirs, pa.Table)
        same = [
            frame.astype(object).where(frame.notna(), None) for frame in (ours, theirs.to_pandas())
        ]
        pd.testing.assert_frame_equal(*same, check_dtype=False)


def test_empty_tables_give_empty_tables() -> None:
    things, happened = (load_edition(n).iloc[:0] for n in ("artifacts", "diffusion_events"))
    assert prevailing_mechanism(happened, period="quarter").empty
    assert cascade(happened, things).empty
