"""Which model, chip or organization a name stands for; nothing is guessed."""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from diffdata.derive.dates import given_day
from diffdata.errors import InvalidInputError, UnknownNameError
from diffdata.loading import load_all
from diffdata.package.packages import Dataset, open_dataset
from diffdata.types.names import alike, plus, slug

Kind = Literal["model", "hardware", "organization"]

_TABLES = {"model": "models", "hardware": "hardware", "organization": "organizations"}
_COLUMNS = ["name", "status", "id", "candidates", "how", "certainty"]
# What added to the first day of a month or year is its last day.
REST_OF_PERIOD = {"month": pd.offsets.MonthEnd(0), "year": pd.offsets.YearEnd(0)}
# Product lines that the names of chips are written without.
_LINES = ("geforce", "instinct", "quadro", "tesla")
# How alike two spellings are that may be meant for each other, as difflib measures it.
_ALIKE = 0.8
_CERTAINTIES = ("certain", "likely", "ambiguous")
# Of names that begin or end with a given one, so many are candidates at most.
_LISTED = 10
# What is written behind the name of a model, its day and how it is tuned or used, or of a company.
_ENDING = re.compile(
    r"-(?:20[0-9]{2}-?[01][0-9]-?[0-3][0-9]|[01][0-9]-20[0-9]{2}|0[0-9]{2}|v[0-9]|[0-9]{1,3}k"
    r"|latest|preview|exp|beta|new|chat|instruct|it|hf|base|free|thinking|(?:un)?cased"
    r"|unknown|none|minimal|low|medium|high|xhigh|max|corporation|corp|inc|ltd|llc)$"
)
_SMALL = ("and", "for", "of", "the")
# A version that is written with a hyphen in place of the point, as in `claude-opus-4-1`.
_HYPHEN = re.compile(r"(?<![0-9])([0-9])-(?=[0-9](?![0-9]))")


@dataclass(frozen=True)
class Match:
    """What a name stands for: one identifier, or several that it may stand for, or none."""

    status: Literal["matched", "ambiguous", "unmatched"]
    candidates: tuple[str, ...] = ()
    how: str | None = None
    certainty: str | None = None

    @property
    def id(self) -> str | None:
        """The identifier, if the name is matched."""
        return self.candidates[0] if self.status == "matched" else None


@dataclass
class NameIndex:
    """The names of one kind of things, their identifiers, and their aliases by certainty."""

    exact: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    aliases: dict[str, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(dict))

    def add_name(self, name: str, identifier: str) -> None:
        """Add a thing by its name."""
        self.exact[_folded(name)].add(identifier)
        self.names[_joined(name)].add(identifier)
        self.ids[_joined(identifier)].add(identifier)
        self._forget()

    def add_alias(self, alias: str, identifier: str, certainty: str) -> None:
        """Add another name of a thing."""
        self.aliases[_joined(alias)].setdefault(certainty, set()).add(identifier)
        self._forget()

    def _forget(self) -> None:
        for name in ("_spelled", "_worded"):
            self.__dict__.pop(name, None)

    def find(self, name: str, near: bool = True) -> Match:
        """Return what a name stands for: a name of ours comes before identifiers and aliases.

        Without `near`, no near spellings are looked for.
        """
        key = _joined(name)
        exact, named = self.exact.get(_folded(name), set()), self.names.get(key, set())
        if len(exact) == 1 or len(named) == 1:
            return Match("matched", tuple(exact if len(exact) == 1 else named), "name", "certain")
        aliases, ids = self.aliases.get(key, {}), self.ids.get(key, set())
        candidates = tuple(sorted(named.union(ids, *aliases.values())))
        if not candidates and near:
            if wider := self._version_of(name) or self._containing(name) or self._initials(name):
                return Match("ambiguous", wider, "name", "ambiguous")
            return Match("unmatched", self._near(key))
        if not candidates:
            return Match("unmatched")
        how = "alias" if aliases else "name"
        certain = "certain" in aliases and "ambiguous" not in aliases
        if len(candidates) == 1 and (certain or ids):
            return Match("matched", candidates, "name" if ids else "alias", "certain")
        doubt = max(aliases, key=_CERTAINTIES.index, default="ambiguous")
        if len(candidates) > 1 and doubt == "certain":
            doubt = "ambiguous"
        return Match("ambiguous", candidates, how, doubt)

    def _version_of(self, name: str) -> tuple[str, ...]:
        """Return what a name may stand for that says the version, the tuning or the owner, too."""
        text, ended = slug(plus(name.rpartition("/")[2])), 1
        while text and ended:
            for spelling in (text, _HYPHEN.sub(r"\1.", text)):
                if candidates := self.find(spelling, near=False).candidates:
                    return candidates
            text, ended = _ENDING.subn("", text)
        return ()

    def _containing(self, name: str) -> tuple[str, ...]:
        """Return the things with the shortest names that have all words of a name in a row.

        A single word must be the first one.
        """
        words = _words(name)
        start = "" if " " in words else "|"
        within = [
            text for text in self._worded if words and f"{start} {words} " in f"{start} {text} "
        ]
        within.sort(key=lambda text: (not text.startswith(words), text.count(" ")))
        things = (identifier for text in within for identifier in sorted(self._worded[text]))
        return tuple(dict.fromkeys(things))[:_LISTED]

    def _initials(self, name: str) -> tuple[str, ...]:
        """Return the things whose names have at least three words that begin with the letters."""
        things = (
            identifier for text, those in self.exact.items()
            if "".join(word[0] for word in re.findall("[a-z]+", text) if word not in _SMALL)
            == name.casefold() and len(name) > 2 for identifier in sorted(those)
        )  # fmt: skip
        return tuple(dict.fromkeys(things))[:_LISTED]

    @cached_property
    def _worded(self) -> dict[str, set[str]]:
        """The names as words, letters and numbers apart, and the things that have them."""
        found: dict[str, set[str]] = defaultdict(set)
        for text, things in self.exact.items():
            found[_words(text)] |= things
        return found

    @cached_property
    def _spelled(self) -> tuple[list[str], list[str], Any, Any]:
        """All spellings, the letters in them, how often each has each, and their lengths."""
        spelled = sorted({*self.names, *self.aliases})
        letters = sorted(set().union(*spelled))
        counts = [[text.count(letter) for letter in letters] for text in spelled]
        shape = len(spelled), len(letters)
        lengths = np.array([len(text) for text in spelled], np.int64)
        return spelled, letters, np.array(counts, np.int32).reshape(shape), lengths

    def _near(self, key: str) -> tuple[str, ...]:
        """Return at most three things that have a name with these letters in it, or much alike."""
        if len(key) < 3:
            return ()
        spelled, letters, counts, lengths = self._spelled
        within = (text for text in spelled if key in text)
        found = sorted(within, key=lambda text: (not text.startswith(key), len(text)))
        if not found:
            # Names that share too few letters with the key need not be compared: `quick_ratio`.
            own = np.array([key.count(letter) for letter in letters], counts.dtype)
            shared = np.minimum(counts, own).sum(axis=1, dtype=np.int64)
            near = np.flatnonzero(2 * shared >= _ALIKE * (lengths + len(key)) - 1e-9)
            found = get_close_matches(key, [spelled[i] for i in near], n=3, cutoff=_ALIKE)
        things = (
            identifier for text in found
            for those in (self.names.get(text, ()), *self.aliases.get(text, {}).values())
            for identifier in sorted(those)
        )  # fmt: skip
        return tuple(dict.fromkeys(things))[:3]


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _words(name: str) -> str:
    return " ".join(re.findall("[a-z]+|[0-9.]+", slug(plus(name))))


def _joined(name: str) -> str:
    """Return a name without hyphens, too, but for those between digits: `7-2B` is not `72B`."""
    return re.sub(r"(?<![0-9])-|-(?![0-9])", "", alike(name))


def name_index(
    package: Dataset | None, version: str | None, kind: Kind, on: pd.Timestamp | None = None
) -> NameIndex:
    """Return the names of one kind of things; of dated aliases those of a day, if one is given."""
    dataset = open_dataset(package, version)
    table, column = _TABLES[kind], f"{kind}_id"
    # Editions before 2026.3 have no aliases.
    wanted = [table, "aliases", *["model_developers"] * (kind == "model")]
    there = [name for name in wanted if name in dataset.tables]
    frames = load_all(dataset, dict.fromkeys([table, *there]))
    index = NameIndex()
    things = frames[table]
    for name, identifier in zip(things["name"], things[column], strict=True):
        index.add_name(name, identifier)
    # A model with its developer before it, and a chip without its maker, are the same.
    if "model_developers" in frames:
        names = dict(zip(things[column], things["name"], strict=True))
        developers = frames["model_developers"]
        for model, developer in zip(developers[column], developers["organization_id"], strict=True):
            index.add_alias(f"{developer} {names[model]}", model, "certain")
    if kind == "hardware":
        makers = set(map(alike, things["vendor_organization_id"].dropna()))
        for name, chip in zip(things["name"], things[column], strict=True):
            words = name.split()
            while len(words) > 1 and (alike(words[0]) in makers or words[0].casefold() in _LINES):
                words = words[1:]
                index.add_alias(" ".join(words), chip, "certain")
    if "aliases" not in frames:
        return index
    aliases = frames["aliases"].dropna(subset=column)
    if on is not None:
        since, until = aliases["valid_from"], aliases["valid_until"]
        aliases = aliases[(since.isna() | (since <= on)) & (until.isna() | (on <= until))]
    cells = (aliases[name] for name in ("alias", column, "alias_certainty"))
    for alias, identifier, certainty in zip(*cells, strict=True):
        index.add_alias(alias, identifier, certainty)
    return index


def identified(name: str, kind: Kind, package: Dataset | None, version: str | None) -> str:
    """Return the identifier that a name surely stands for, or raise an error of lookup."""
    return identified_in({kind: name_index(package, version, kind)}, name)[1]


def identified_in(indices: Mapping[Kind, NameIndex], name: str) -> tuple[Kind, str]:
    """Return the kind and the identifier that a name surely stands for, of the first such kind."""
    doubtful: list[str] = []
    near: list[str] = []
    for kind, index in indices.items():
        if name in index.ids.get(_joined(name), ()):
            return kind, name
        found = index.find(name)
        if found.id is not None:
            return kind, found.id
        (near if found.status == "unmatched" else doubtful).extend(found.candidates)
    kinds = " or ".join(", ".join(indices).rsplit(", ", 1))
    if doubtful:
        listed = " or ".join(doubtful)
        raise InvalidInputError(f"{kinds}: {name!r} is not certain; is {listed} meant?")
    known = (ids for index in indices.values() for ids in index.ids.values())
    raise UnknownNameError(kinds, name, set().union(*known), near)


def parsed_day(day: datetime.date | str, name: str = "day") -> pd.Timestamp:
    """Return a date of the arguments."""
    return pd.Timestamp(given_day(day, name))


def resolve(
    names: str | Iterable[str],
    kind: Kind = "model",
    on: datetime.date | str | None = None,
    *,
    package: Dataset | None = None,
    version: str | None = None,
) -> pd.DataFrame:
    """Return what each name stands for in the dataset, or that this is not certain.

    Names are compared without case, spaces and punctuation: ``llama 65b`` is ``LLaMA-65B``. The
    developer of a model may come first (``openai/gpt-4o``), the maker and the
    line of a chip be left out (``RTX 4090``).

    Parameters
    ----------
    names : names of models, chips or organizations, as other databases or interfaces write them
    kind : ``model``, ``hardware`` or ``organization``
    on : a date; aliases that did not hold on that day are ignored. By default all count
    package, version : the package or released edition to read; the bundled dataset by default

    Returns
    -------
    frame
        One row for each name, in the order given. ``status`` is ``matched`` (``id`` is the one
        thing with this name, or the alias is certain), ``ambiguous`` (``candidates`` lists what the
        name may stand for, separated by ``; ``: aliases that are not certain, several things, that
        of which it is a version (``gpt-5-2025-08-07``), or at most ten with its words in their
        names (``GPT-4 Turbo``)) or ``unmatched`` (``candidates`` are at most three things that are
        spelled much like it, which is no reason to take one of them). ``how``: by ``name`` or
        ``alias``; ``certainty``: ``certain``, ``likely`` or ``ambiguous``.

    Raises
    ------
    UnknownNameError
        If there is no such kind.
    InvalidInputError
        If `on` is not a date.

    Examples
    --------
    >>> found = resolve(["GPT-4o", "llama 65b", "deepseek-chat"])
    >>> found[["status", "id"]].values.tolist()[:2]
    [['matched', 'gpt-4o'], ['matched', 'llama-65b']]
    >>> found.loc[2, ["status", "candidates"]].tolist()
    ['ambiguous', 'deepseek-v3; deepseek-v3.2']
    """
    if kind not in _TABLES:
        raise UnknownNameError("kind", kind, _TABLES)
    index = name_index(package, version, kind, None if on is None else parsed_day(on, "on"))
    rows = []
    given = pd.Series([names] if isinstance(names, str) else list(names), dtype="str")
    for name in given.fillna(""):
        match = index.find(name)
        listed = "; ".join(match.candidates) or None
        rows.append((name, match.status, match.id, listed, match.how, match.certainty))
    return pd.DataFrame(rows, columns=_COLUMNS, dtype="str")
