"""The value of a quantity or a fact of a model, a chip or an organization, with its sources."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from diffdata.derive import evaluate, evaluation_inputs
from diffdata.derive.dates import first_dates
from diffdata.derive.frames import unwrap, wrap
from diffdata.display import notebook
from diffdata.errors import AmbiguousValueError, InvalidInputError, UnknownNameError
from diffdata.exporting.citation import cite_statements
from diffdata.lookup.figures import Trace, readable, trace, with_runs
from diffdata.lookup.names import Kind, identified_in, name_index
from diffdata.lookup.tables import Tables
from diffdata.lookup.text import (
    date,
    each,
    figure_text,
    human,
    number_or_none,
    plain,
    rows_where,
    unit_of,
)
from diffdata.lookup.words import QUANTITY_WORDS
from diffdata.package.packages import Dataset, Package, open_dataset
from diffdata.uncertainty import Distribution, from_estimate
from diffdata.uncertainty.quantity import of_pint

if TYPE_CHECKING:
    from diffdata.typed import QuantityName

_KINDS: tuple[Kind, ...] = ("model", "hardware", "organization")
# The table with one row for each thing of a kind, and the one of its facts.
_THINGS = {"model": "models", "hardware": "hardware", "organization": "organizations"}
_SUMMARIES = {"model": "model_summary", "hardware": "hardware_summary",
              "organization": "organizations"}  # fmt: skip
_MILESTONES = ("announced", "published", "developed", "api", "weights", "deprecated", "retired")
# Which rows state a fact of a model: a table, and what the columns of these rows are.
_STATED: dict[str, tuple[str, dict[str, str]]] = {
    **{name: ("model_dates", {"milestone": name}) for name in _MILESTONES},
    "developers": ("model_developers", {"role": "developer"}),
    "countries": ("model_developers", {"role": "developer"}),
    "weights_access": ("artifacts", {"artifact_kind": "weights"}),
    "weights_license": ("artifacts", {"artifact_kind": "weights"}),
    "weights_license_kind": ("artifacts", {"artifact_kind": "weights"}),
    "hardware": ("training_runs", {}),
    "run_compute_flop": ("training_runs", {}),
}
# The column of such rows that has the fact; of these only rows with its value are used.
_COLUMNS = {"weights_access": "access", "weights_license": "license",
            "weights_license_kind": "license_kind"}  # fmt: skip
# What people call a quantity or a fact.
_WORDS = QUANTITY_WORDS | {
    "access": "weights_access", "chip": "hardware", "country": "countries",
    "developer": "developers", "licence": "weights_license", "license": "weights_license",
    "license_kind": "weights_license_kind", "release_date": "published",
    "released": "published",
}  # fmt: skip
_METHODS = {"single": "", "six_nd": "6 x parameters x tokens"}


@dataclass(frozen=True, repr=False)
class EvaluatedValue:
    """The value of a quantity or a fact, and the statements behind it.

    Its text has the value, the interval, the source and the place in it.

    Attributes
    ----------
    subject, quantity : the identifiers of what the value is about
    value : a number in `unit`, a text, a date, or whether something holds
    low, high : in `unit`; a bound that no estimate gives is None
    level : probability of the interval; None where the bounds only span several estimates
    unit : as in the table ``quantities``, or ``USD``; empty for texts and dates
    method : ``single``, ``geometric_mean``, ``arithmetic_mean`` or ``six_nd``; ``stated`` for facts
    used : the ids of the estimates (and training runs) that the value is computed from
    set_aside : the ids of the other ones, each with the reason why it is not used
    precision : of a date: ``day``, ``month`` or ``year``
    """

    subject: str
    quantity: str
    value: Any
    low: float | None = None
    high: float | None = None
    level: float | None = None
    unit: str = ""
    method: str = "stated"
    used: tuple[str, ...] = ()
    set_aside: dict[str, str] = field(default_factory=dict)
    precision: str | None = None
    # What the value was looked up in, which is no part of it.
    _answers: ClassVar[Answers | None] = None
    _table: ClassVar[str] = "estimates"
    _rows: ClassVar[Any] = None  # of a fact: those that state it

    def _from(self, answers: Answers, table: str = "estimates", rows: Any = None) -> EvaluatedValue:
        vars(self).update(_answers=answers, _table=table, _rows=rows)
        return self

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """The rows that state the value, used ones first, and why the others are set aside."""
        if self._answers is None:
            return pd.DataFrame()
        if self._table != "estimates":
            return readable(self._rows.reset_index(drop=True))
        rows = self._answers.estimates
        found = rows[rows["estimate_id"].isin({*self.used, *self.set_aside})]
        reasons = found["estimate_id"].map(self.set_aside).astype("str")
        found = found.assign(used=reasons.isna(), set_aside_because=reasons)
        found = found.sort_values("used", ascending=False, kind="stable", ignore_index=True)
        return readable(found)

    @cached_property
    def _statements(self) -> pd.DataFrame:
        found = self.estimates
        return found[found["used"]] if "used" in found else found

    @property
    def source(self) -> str:
        """The source_id of what states the value; several are separated by ``; ``."""
        return _joined(self._statements, "source_id")

    @property
    def locator(self) -> str:
        """The place in the source; several are separated by ``; ``."""
        return _joined(self._statements, "locator")

    def to_dict(self) -> dict[str, Any]:
        """Return the value, its interval and its sources as plain values, as JSON can have them."""
        cell = self.value
        plain_value = str(cell) if isinstance(cell, datetime.date | pd.Timestamp) else cell
        return {
            **{name.name: getattr(self, name.name) for name in fields(self)},
            "value": plain_value, "used": list(self.used), "set_aside": dict(self.set_aside),
            "source": self.source, "locator": self.locator,
        }  # fmt: skip

    def distribution(self, centre: str = "ignore") -> Distribution | float:
        """Return the value as an uncertain quantity, a number if it has no interval with a level.

        `centre` is as in `diffdata.from_estimate`: with ``fit`` the value is the median.

        >>> value("GPT-3", "training_cost").distribution() * 2
        25.7M USD, 10M to 66M at 90 %
        """
        if not isinstance(self.value, float):
            raise InvalidInputError(f"{self.quantity} of {self.subject} is not a number")
        row = {"estimate_id": f"{self.subject} {self.quantity}", "value": self.value}
        if self.level is not None:
            row |= {"low": self.low, "high": self.high, "level": self.level}
        return from_estimate(row | {"unit": self.unit}, centre=centre)

    def to_pint(self, registry: Any = None) -> Any:
        """Return the value as a quantity of pint; its magnitude is `distribution`."""
        found = self.distribution()
        if isinstance(found, Distribution):
            return found.to_pint(registry)
        return of_pint(found, self.unit, registry)

    def to_uncertainties(self) -> Any:
        """Return a variable of `uncertainties`, with the mean and deviation of `distribution`."""
        found = self.distribution()
        if isinstance(found, Distribution):
            return found.to_uncertainties()
        raise InvalidInputError(f"{self.quantity} of {self.subject} has no interval with a level")

    def cite(self, style: str = "apa") -> str:
        """Return the citation of the value and its sources; styles as of `diffdata.cite`."""
        package = None if self._answers is None else self._answers.package
        title = f"{self.quantity} of {self.subject}"
        rows: list[Any] = self._statements.to_dict(orient="records")
        return cite_statements(open_dataset(package), title, rows, style=style)

    def trace(self) -> Trace:
        """Return where the value comes from: each statement behind it, down to its sources."""
        package = None if self._answers is None else self._answers.package
        if self._table == "estimates":
            known = set() if self._answers is None else self._answers.known
            texts = [str(trace(name, package=package)) for name in self.used if name in known]
            runs = self._statements[~self._statements["estimate_id"].isin(known)]
            texts += [f"{row.estimate_id} (training_runs): {row.source_id}" for row in each(runs)]
        else:
            texts = [
                f"{self.quantity} of {self.subject} is {self._text()}\n"
                f"  source: {row.source_id}, {row.locator} ({row.verification})"
                for row in each(self._statements)
            ]
        return Trace("\n\n".join(texts))

    def _text(self) -> str:
        if isinstance(self.value, pd.Timestamp | datetime.date):
            return date(self.value, self.precision or "day")
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        if isinstance(self.value, str):
            return self.value
        text = human(self.value, self.unit)
        bounds = [None if end is None else human(end, self.unit, bare=True)
                  for end in (self.low, self.high)]  # fmt: skip
        remarks = []
        if any(bounds):
            words = ("from", "to") if None in bounds else ("", "to")
            ends = zip(words, bounds, strict=True)
            remarks.append(" ".join(f"{word} {end}".strip() for word, end in ends if end))
        if self.level is not None:
            remarks.append(f"{100 * self.level:g} %")
        if self.method not in ("single", "stated"):
            many = f" of {len(self.used)}" if self.method.endswith("mean") else ""
            remarks.append(_METHODS.get(self.method, plain(self.method)) + many)
        return f"{text} ({', '.join(remarks)})" if remarks else text

    def __str__(self) -> str:
        sources = self.source.split("; ")
        more = f" and {len(sources) - 2} more" if len(sources) > 2 else ""
        where = "; ".join(sources[:2]) + more
        place = self.locator if len(self._statements) == 1 else ""
        return ", ".join(filter(None, [self._text(), where, place]))

    __repr__ = __str__

    def __float__(self) -> float:
        return float(self.value)

    def _repr_html_(self) -> str:
        bar = None
        if isinstance(self.value, float) and self.low is not None and self.high is not None:
            bar = (self.low, self.value, self.high)
        names = [name for name in ("estimate_id", "value", "low", "high", "source_id", "locator",
                                   "set_aside_because") if name in self.estimates]  # fmt: skip
        shown = self.estimates[names].head(12)
        cells = [[_cell(cell) for cell in row] for row in shown.to_numpy().tolist()]
        title = f"{plain(self.quantity)} of {self.subject}: {self._text()}"
        facts = [("source", self.source), ("place", self.locator)]
        return notebook(title, facts, header=[plain(name) for name in names], rows=cells, bar=bar)


class Answers:
    """The tables of a dataset that values come from, each read when it is first needed."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self._tables = Tables(package)
        self._of: dict[tuple[str, str], dict[Any, Any]] = {}

    def table(self, name: str) -> pd.DataFrame:
        """Return a table; see `Tables`."""
        return self._tables[name]

    @cached_property
    def names(self) -> dict[Kind, Any]:
        """The names of the things of each kind."""
        return {kind: name_index(self.package, None, kind) for kind in _KINDS
                if _THINGS[kind] in self.package.tables}  # fmt: skip

    @cached_property
    def known(self) -> set[str]:
        """The ids of the table ``estimates``."""
        return set(self.table("estimates")["estimate_id"])

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """The estimates, and what training runs say of the same quantities."""
        return with_runs({name: self.table(name) for name in ("estimates", "training_runs")})

    @cached_property
    def _evaluated(self) -> dict[tuple[str, str], list[Any]]:
        """The values of quantities that the summary does not have."""
        about = self.estimates[~self.estimates["quantity_id"].isin(self._in_summary)]
        return _by_quantity(evaluate(about, self.table("quantities"), self.table("sources")))

    @cached_property
    def _in_summary(self) -> dict[str, str]:
        """The column of the summary of each quantity that has one."""
        quantities = self.table("quantities").dropna(subset="summary_column")
        columns = set(self.table("model_summary"))
        pairs = zip(quantities["quantity_id"], quantities["summary_column"], strict=True)
        return {quantity: column for quantity, column in pairs if column in columns}

    @cached_property
    def _units(self) -> dict[str, str]:
        quantities = self.table("quantities")
        return dict(zip(quantities["quantity_id"], quantities["unit"], strict=True))

    @cached_property
    def _summary_inputs(self) -> dict[tuple[str, str], list[Any]]:
        """The estimates behind each value of the summary, and why some are set aside."""
        return _by_quantity(self.table("model_summary_inputs"))

    @cached_property
    def _other_inputs(self) -> dict[tuple[str, str], list[Any]]:
        about = self.estimates[~self.estimates["quantity_id"].isin(self._in_summary)]
        return _by_quantity(evaluation_inputs(about, self.table("sources")))

    def _inputs(self, model: str, quantity: str) -> list[Any]:
        in_summary = quantity in self._in_summary
        inputs = self._summary_inputs if in_summary else self._other_inputs
        return inputs.get((model, quantity), [])

    def row(self, table: str, key: str, name: str) -> dict[Any, Any]:
        """Return the row of a thing."""
        if (table, key) not in self._of:
            rows = self.table(table).to_dict(orient="records")
            self._of[table, key] = {row[key]: row for row in rows}
        found: dict[Any, Any] = self._of[table, key].get(name, {})
        return found

    def value(self, name: str, quantity: str, *, pedantic: bool = False) -> EvaluatedValue:
        """Return a value, see `diffdata.value`."""
        kind, thing = identified_in(self.names, name)
        if kind != "model":
            return self._cell(kind, thing, quantity)
        wanted = self._quantity(quantity)
        if wanted not in self._units:
            return self._fact(thing, wanted)
        if wanted in self._in_summary:
            column = self._in_summary[wanted]
            summary = self.row("model_summary", "model_id", thing)
            ends = ("", "_low", "_high", "_level", "_method")
            unit, parts = self._units[wanted], [summary.get(f"{column}{end}") for end in ends]
        else:
            rows = self._evaluated.get((thing, wanted), [])
            if len(rows) > 1:
                units = ", ".join(row.unit for row in rows)
                raise InvalidInputError(f"quantity: {wanted} is in several units, {units}")
            unit, parts = "", [None]
            for row in rows:
                unit, parts = row.unit, [row.value, row.low, row.high, row.level, row.method]
        if pd.isna(parts[0]):
            raise self._unknown(thing, wanted)
        if pedantic:
            self._check_agreement(thing, wanted)
        behind = ("parameters", "training_tokens") if parts[4] == "six_nd" else (wanted,)
        inputs = [row for name in dict.fromkeys((*behind, wanted))
                  for row in self._inputs(thing, name)]  # fmt: skip
        low, high, level = map(number_or_none, parts[1:4])
        return EvaluatedValue(
            thing, wanted, float(parts[0]), low, high, level, unit_of(unit, "USD"), str(parts[4]),
            used=tuple(row.estimate_id for row in inputs if row.used and row.quantity_id in behind),
            set_aside={row.estimate_id: row.set_aside_because for row in inputs if not row.used},
        )._from(self)  # fmt: skip

    def _quantity(self, name: str) -> str:
        """Return the quantity or fact of a model that a word stands for."""
        word = _identifier(name)
        columns = {column: quantity for quantity, column in self._in_summary.items()}
        facts = {*self._facts(), *_STATED}
        for known in (word, _WORDS.get(word, "")):
            if known in self._units or known in facts:
                return columns.get(known, known)
        raise UnknownNameError("quantity", name, {*self._units, *facts, *_WORDS})

    def _facts(self) -> list[str]:
        """Return the facts and values of the summary that are not parts of another one."""
        parts = ("_low", "_high", "_level", "_method", "_precision", "_id")
        names = map(str, self.table("model_summary").columns)
        return [name for name in names if not name.endswith(parts)]

    def _fact(self, model: str, fact: str) -> EvaluatedValue:
        """Return a fact of a model: a cell of its summary, a date, or the chips of its runs."""
        table, equal = _STATED.get(fact, ("models", {}))
        rows = self.table(table)
        rows = rows_where(rows, model_id=model) if len(rows) else rows
        for column, keep in (("variant", None), ("model_variant", "main"), ("part", None)):
            if column in rows:
                rows = rows[rows[column].isna()] if keep is None else rows[rows[column] == keep]
        of_model, rows = rows, rows_where(rows, **equal) if len(rows) else rows
        summary = self.row("model_summary", "model_id", model)
        cell, precision = summary.get(fact), summary.get(f"{fact}_precision")
        if fact in _MILESTONES:
            if fact not in summary and len(rows):
                first = unwrap(first_dates(wrap(rows)), like=rows).iloc[0]
                cell, precision = first["date"], first["date_precision"]
            if fact == "published" and cell not in set(rows.get("date", ())):
                rows = rows_where(of_model, milestone="announced") if len(of_model) else rows
            rows = rows[rows["date"] == cell] if len(rows) else rows
        elif fact == "hardware" and "hardware_id" in rows:
            cell = "; ".join(rows["hardware_id"].dropna().unique()) or None
            rows = rows[rows["hardware_id"].notna()]
        elif fact in _COLUMNS and _COLUMNS[fact] in rows:
            rows = rows[(rows[_COLUMNS[fact]] == cell).fillna(value=False)]
        if cell is None or pd.isna(cell):
            raise self._unknown(model, fact)
        unit = "FLOP" if fact.endswith("_flop") else ""
        value: Any = cell.date() if isinstance(cell, pd.Timestamp) else cell
        return EvaluatedValue(
            model, fact, float(value) if unit else value, unit=unit,
            precision=precision if isinstance(precision, str) else None,
        )._from(self, table, rows)  # fmt: skip

    def _cell(self, kind: Kind, thing: str, quantity: str) -> EvaluatedValue:
        """Return a cell of the row of a chip or an organization, with its unit."""
        row = self.row(_SUMMARIES[kind], f"{kind}_id", thing)
        schema = self._tables.schema(_SUMMARIES[kind])
        word = _identifier(quantity)
        matching = [name for name in row if word in (name, name.rpartition("_")[0])]
        if not matching:
            raise UnknownNameError(f"column of {_SUMMARIES[kind]}", quantity, map(str, row))
        column = str(matching[0])
        if pd.isna(cell := row[column]):
            raise InvalidInputError(f"quantity: {column} of {thing} is not known")
        unit = schema.field(column).unit or ""
        value: Any = cell.date() if isinstance(cell, pd.Timestamp) else cell
        return EvaluatedValue(
            thing, column, float(value) if unit else value, unit=unit,
            precision=row.get(f"{column}_precision"),
        )._from(self, _THINGS[kind], rows_where(
            self.table(_THINGS[kind]), **{f"{kind}_id": thing}
        ))  # fmt: skip

    def _unknown(self, model: str, quantity: str) -> InvalidInputError:
        summary = self.row("model_summary", "model_id", model)
        columns = {column: name for name, column in self._in_summary.items()}
        known = [columns.get(name, name) for name in self._facts()[2:] if pd.notna(summary[name])]
        listed = f"; of it are known: {', '.join(known)}" if known else ""
        return InvalidInputError(f"quantity: {quantity} of {model} is not known{listed}")

    def _check_agreement(self, model: str, quantity: str) -> None:
        rows = rows_where(self.estimates, model_id=model, quantity_id=quantity, status="current")
        rows = rows.dropna(subset="value")
        if rows["value"].nunique() > 1:
            listed = [
                f"{row['estimate_id']}: {figure_text(row)} ({row['source_id']}, {row['basis']})"
                for row in rows.assign(low=None, high=None).to_dict(orient="records")
            ]
            raise AmbiguousValueError(f"{quantity} of {model}", listed)


def value(
    model: str,
    quantity: QuantityName | str,
    *,
    pedantic: bool = False,
    package: Dataset | None = None,
    version: str | None = None,
) -> EvaluatedValue:
    """Return a quantity or a fact of a model, a chip or an organization, with its sources.

    Quantities with a column in ``model_summary`` have the value of that table, others that of
    `diffdata.derive.evaluate`; the number of chips and the duration of a training also come from
    the table ``training_runs``. Facts are dates (``published``, ``announced``, ``api``,
    ``weights``, ``retired`` ...), the access to the weights and their license, ``developers``,
    ``countries``, ``hardware`` and the other columns of the summary.

    Parameters
    ----------
    model : the name of a model, as people write it: GPT-3, gpt3, an alias; or of a chip or an
        organization
    quantity : a quantity_id, a column of ``model_summary`` (of ``hardware_summary`` or
        ``organizations``), or a usual word such as ``cost``, ``release date``, ``access``
    pedantic : raise an error where current estimates have different values, instead of choosing
    package, version : the package or released edition to read; the bundled dataset by default

    Raises
    ------
    UnknownNameError, InvalidInputError
        If there is no such name or quantity, if the name is not certain (the message has the
        candidates), if nothing states a value, or if it is in several units.
    AmbiguousValueError
        If `pedantic`, and current estimates have different values; the message lists them.

    Examples
    --------
    >>> value("GPT-3", "training_cost")
    $12M (5M to 33M, 90 %), cottier-2022-summary, Table 3
    >>> compute = value("opt175b", "compute", version="2026.2")
    >>> f"{compute.value:.3g}", compute.unit, compute.method
    ('3.15e+23', 'FLOP', 'six_nd')
    >>> value("OPT-175B", "access").value, str(value("gpt-3", "published").value)
    ('on_request', '2020-05-28')
    """
    return Answers(open_dataset(package, version)).value(model, quantity, pedantic=pedantic)


def _identifier(words: str) -> str:
    """Write words as an identifier: the contrary of `plain`."""
    return "_".join(words.casefold().replace("-", " ").split())


def _joined(rows: pd.DataFrame, column: str) -> str:
    return "; ".join(rows[column].dropna().unique()) if column in rows else ""


def _cell(cell: Any) -> str:
    text = human(cell) if isinstance(cell, float) else str(cell)
    return "" if pd.isna(cell) else text


def _by_quantity(rows: pd.DataFrame) -> dict[tuple[str, str], list[Any]]:
    found: dict[tuple[str, str], list[Any]] = {}
    for row in each(rows):
        found.setdefault((row.model_id, row.quantity_id), []).append(row)
    return found
