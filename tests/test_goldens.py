"""Nothing that users see has changed since the goldens were captured; see `tests.goldens`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import goldens

HELP = (
    "This differs from what was captured. If that is meant, run "
    "`python tests/goldens.py --write --only {group}`, and say in the commit why."
)


@pytest.fixture(scope="session")
def bench() -> Iterator[goldens.Bench]:
    with goldens.bench() as made:
        yield made


def listed(*groups: str) -> pytest.MarkDecorator:
    """Give a class the cases of some groups: those that were captured, and those that are new."""
    cases = [
        pytest.param(group, name, id=f"{group}: {name}".encode("unicode_escape").decode())
        for group in groups
        for name in sorted(goldens.golden(group).keys() | goldens.GROUPS[group].keys())
    ]
    return pytest.mark.parametrize(("group", "name"), cases)


def same(bench: goldens.Bench, group: str, name: str) -> None:
    captured = goldens.golden(group)
    if name not in goldens.GROUPS[group]:
        pytest.fail(f"{group}: {name!r} was captured, and there is no such case any more")
    if name not in captured:
        pytest.fail(f"{group}: {name!r} was never captured; run `python tests/goldens.py --write`")
    if goldens.crashed(captured[name]):
        pytest.skip("a traceback when it was captured: any other result is better")
    found, _ = goldens.captured(bench, group, name)
    if found != captured[name]:
        differences = goldens.difference(captured[name], found)
        pytest.fail(f"{group}: {name}\n{differences}\n{HELP.format(group=group)}", pytrace=False)


# A class each, for pytest-xdist gives the tests of a class to one process.


@listed("corruptions-of-the-core", "complaints", "foreign")
class TestTheCore:
    def test_is_judged_as_before(self, bench: goldens.Bench, group: str, name: str) -> None:
        same(bench, group, name)


@listed("corruptions-of-a-part", "checks")
class TestAPart:
    def test_is_judged_as_before(self, bench: goldens.Bench, group: str, name: str) -> None:
        same(bench, group, name)


@listed("corruptions-of-the-whole")
class TestTheWhole:
    def test_is_judged_as_before(self, bench: goldens.Bench, group: str, name: str) -> None:
        same(bench, group, name)


@listed("commands", "comparisons")
class TestTheCommandLine:
    def test_prints_as_before(self, bench: goldens.Bench, group: str, name: str) -> None:
        same(bench, group, name)


@listed("loaded", "found", "exports", "citations")
class TestTheLibrary:
    def test_gives_as_before(self, bench: goldens.Bench, group: str, name: str) -> None:
        same(bench, group, name)
