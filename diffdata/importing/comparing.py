"""Comparing another database with the dataset: which rows are about the same, and what differs."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from diffdata.derive import evaluate, six_nd
from diffdata.display import notebook
from diffdata.errors import InvalidInputError
from diffdata.importing import import_files
from diffdata.loading import load_all
from diffdata.lookup.figures import with_runs
from diffdata.lookup.names import Kind, Match, NameIndex, name_index
from diffdata.lookup.text import each
from diffdata.package.files import DESCRIPTOR
from diffdata.package.packages import Dataset, Package, open_dataset, open_package

Frames = dict[str, pd.DataFrame]

# What a CSV file is tried to be read as.
_MAPPINGS = ("epoch-models", "epoch-hardware")
_FILES = "a package, or a table of models or chips"
_MODEL_TABLES = (
    "models", "model_dates", "model_developers", "estimates", "quantities", "sources",
    "training_runs", "organizations",
)  # fmt: skip
_HARDWARE_TABLES = ("hardware", "hardware_performance")
_OF_CHIPS = {"memory_bytes": "byte", "bandwidth_bytes_per_second": "byte/s", "power_watt": "W"}
_KEY = ["id", "quantity", "unit"]
_MATCHES = [
    "name", "their_id", "status", "id", "how", "days_apart", "organizations", "candidates",
]  # fmt: skip
# Rows of an ambiguous name are the same model if their dates are this close; those of a name that
# fits are doubtful if they are further apart, and the organizations differ.
_CLOSE_DAYS, _FAR_DAYS = 31, 366


@dataclass(frozen=True, repr=False)
class Comparison:
    """How another database differs from the dataset.

    Attributes
    ----------
    matches
        One row for each row of theirs: ``name`` and ``their_id``; ``status`` ``matched``,
        ``doubtful`` (the name fits, but date and organization do not, or another row fits better),
        ``ambiguous`` or ``only_theirs``; ``id`` of ours and ``how`` it was found (``name``,
        ``alias``, ``date_and_organization``); ``days_apart``, their date minus ours;
        ``organizations`` ``shared``, ``differ`` or missing; ``candidates``. Only matched rows are
        compared.
    differences
        Evaluated figures of matched rows that differ at least by the factor, the greatest first:
        ``id``, ``quantity``, ``unit``, ``ours``, ``theirs``, ``ratio`` (theirs by ours).
    derived
        The figures that would move with theirs, in the same columns: ``six_nd`` (6 x parameters x
        tokens) and ``chip_hours``; the cost of a run at equal hourly prices moves like the latter.
    compared
        How many figures are in both.
    """

    kind: Kind
    factor: float
    matches: pd.DataFrame
    differences: pd.DataFrame
    derived: pd.DataFrame
    compared: int

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain values, as ``--format json`` prints it."""
        frames = {name: getattr(self, name) for name in ("matches", "differences", "derived")}
        return {
            "kind": self.kind, "factor": self.factor, "compared": self.compared,
            "statuses": dict(Counter(self.matches["status"])),
            **{name: _records(frame) for name, frame in frames.items()},
        }  # fmt: skip

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        title, _, text = self.text().partition("\n")
        return notebook(title, text=text)

    def text(self) -> str:
        """Return the comparison as lines; of the matches those that need a review."""
        statuses = Counter(self.matches["status"])
        counts = ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in statuses.items())
        lines = [
            f"{len(self.matches)} rows: {counts or 'none'}",
            f"{self.compared} figures in both; {len(self.differences)} differ by a factor of "
            f"{self.factor:g} or more",
        ]
        for title, frame in (("differences", self.differences), ("derived", self.derived)):
            lines += [f"{title}:"] if len(frame) else []
            lines += [
                f"  {row['id']}: {row['quantity']} {row['ours']:.3g} here, {row['theirs']:.3g} "
                f"there (x {row['ratio']:.3g})"
                for row in _records(frame)
            ]
        apart = self.matches["days_apart"].abs() > _CLOSE_DAYS
        unsure = self.matches["how"].fillna("name") != "name"
        review = self.matches[(apart | unsure).fillna(value=False)]
        lines += ["matches to review:"] if len(review) else []
        for row in _records(review):
            days = "" if row["days_apart"] is None else f", {row['days_apart']:+} days"
            found = row["id"] or row["candidates"] or "none"
            how = f", by {row['how'].replace('_', ' ')}" if row["how"] else ""
            lines.append(f"  {row['name']}: {row['status']}: {found}{how}{days}")
        return "\n".join(lines)


def compare(
    path: str | Path,
    *,
    factor: float = 2.0,
    mapping: str | Path | None = None,
    vintages: Mapping[str, str] | None = None,
    package: Dataset | None = None,
    version: str | None = None,
) -> Comparison:
    r"""Compare another database of models or chips with the dataset.

    Rows are about the same thing if the name is one of ours, or a certain alias. Where a name may
    stand for several, the one whose date is at most a month apart and that shares an organization
    is taken, if there is only one.

    Parameters
    ----------
    path : a package that was imported, or a CSV file or folder to import
    factor : how far apart figures must be to be listed, more than 1
    mapping : the mapping to import by; by default those of models and chips are tried
    vintages : dates of files whose names have none, see `import_files`
    package, version : what to compare with; the bundled dataset by default

    Raises
    ------
    InvalidInputError
        If the factor is not above 1, or the file is not a table of models or chips.
    PackageError
        If a file cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> theirs = Path(tempfile.mkdtemp(), "models_2024-12-01.csv")
    >>> _ = theirs.write_text("Model,Parameters\nGPT-3,1.75e11\nNo such model,1\n")
    >>> found = compare(theirs)
    >>> found.matches[["name", "status", "id"]].fillna("").values.tolist()
    [['GPT-3', 'matched', 'gpt-3'], ['No such model', 'only_theirs', '']]
    """
    path = Path(path)
    if not factor > 1:
        raise InvalidInputError(f"factor: expected a number above 1, found {factor:g}")
    dataset = open_dataset(package, version)
    if (path / DESCRIPTOR).is_file() or path.name == DESCRIPTOR:
        theirs = _frames(open_package(path.parent if path.name == DESCRIPTOR else path))
    else:
        theirs = _imported(path, mapping, vintages)
    if "models" not in theirs and "hardware" not in theirs:
        raise InvalidInputError(f"{path}: expected {_FILES}")
    ours = _frames(dataset)
    kind: Kind = "model" if "models" in theirs else "hardware"
    index = name_index(dataset, None, kind)
    if kind == "model":
        organizations = name_index(dataset, None, "organization")
        matches = _matches(index, _models(theirs, organizations), _models(ours, None))
    else:
        matches = _matches(index, _chips(theirs), _chips(ours))
    same = matches[matches["status"] == "matched"]
    ids = dict(zip(same["their_id"], same["id"], strict=True))
    here, there = (
        _model_figures(frames, ours["quantities"]) if kind == "model" else _chip_figures(frames)
        for frames in (ours, theirs)
    )
    there["id"] = there["id"].map(ids)
    both = here.merge(there.dropna(subset="id"), on=_KEY, suffixes=("", "_theirs"))
    both = both.rename(columns={"value": "ours", "value_theirs": "theirs"})
    derived = _derived(both, ours["models"])
    return Comparison(
        kind, factor, matches, _differing(both, factor), _differing(derived, factor), len(both)
    )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.to_dict(orient="records")
    return [{str(n): None if pd.isna(v) else v for n, v in row.items()} for row in rows]


def _frames(package: Package) -> Frames:
    names = [n for n in (*_MODEL_TABLES, *_HARDWARE_TABLES) if n in package.tables]
    return load_all(package, names)


def _imported(path: Path, mapping: str | Path | None, vintages: Mapping[str, str] | None) -> Frames:
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        for name in _MAPPINGS if mapping is None else [mapping]:
            out = Path(folder) / "out"
            try:
                report = import_files(name, [path], out=out, vintages=vintages)
            except InvalidInputError as error:
                faults.append(error)
                continue
            if report.errors:
                raise InvalidInputError("\n".join([f"{path}: cannot be imported", *report.errors]))
            return _frames(open_package(out))
    if len(faults) == 1:
        raise faults[0]
    listed = "".join(f"\n  {fault}" for fault in faults)
    raise InvalidInputError(f"{path}: expected {_FILES}; give --map for another one{listed}")


# Which rows are about the same.


def _models(frames: Frames, organizations: NameIndex | None) -> pd.DataFrame:
    """Return models with their first date of publication and the ids of their organizations."""
    models, first = frames["models"], pd.Series(dtype="datetime64[ns]")
    if "model_dates" in frames:
        dates = frames["model_dates"]
        published = dates[(dates["milestone"] == "published") & (dates["date_precision"] != "year")]
        if "model_variant" in published:  # released editions lack it
            published = published[published["model_variant"] == "main"]
        first = published.groupby("model_id")["date"].min()
    developers = frames.get("model_developers", pd.DataFrame(columns=["model_id"]))
    if organizations is not None and len(developers):
        names = frames["organizations"].set_index("organization_id")["name"]
        ids = {key: organizations.find(name, near=False).candidates for key, name in names.items()}
    else:
        ids = {}
    groups: dict[str, set[str]] = {}
    for row in each(developers):
        found = ids.get(row.organization_id, (row.organization_id,))
        groups.setdefault(row.model_id, set()).update(found)
    key = models["model_id"]
    return pd.DataFrame({
        "id": key, "name": models["name"], "date": pd.to_datetime(key.map(first.to_dict())),
        "organizations": [groups.get(name, set()) for name in key],
    })  # fmt: skip


def _chips(frames: Frames) -> pd.DataFrame:
    chips = frames["hardware"]
    date = chips["released"].mask((chips["released_precision"] == "year").fillna(value=False))
    return pd.DataFrame({
        "id": chips["hardware_id"], "name": chips["name"], "date": date,
        "organizations": [set() for _ in range(len(chips))],
    })  # fmt: skip


def _matches(index: NameIndex, theirs: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    here = {row.id: row for row in each(ours)}
    rows = [_match(index.find(row.name, near=False), row, here) for row in each(theirs)]
    found = pd.DataFrame(rows, columns=_MATCHES)
    found["days_apart"] = found["days_apart"].astype("Int64")
    # Of several rows for one of ours, that with its name is it.
    matched = found["status"] == "matched"
    by_name = found["how"] == "name"
    best = found[matched].assign(other=~by_name).sort_values("other", kind="stable")
    several = best[best.duplicated("id")].index
    found.loc[several, "status"] = "doubtful"
    return found.sort_values(["status", "name"], ignore_index=True)


def _match(match: Match, row: Any, here: Mapping[str, Any]) -> tuple[Any, ...]:
    def about(identifier: str) -> tuple[int | None, str | None]:
        there = here[identifier]
        days = None if pd.isna(row.date) or pd.isna(there.date) else (row.date - there.date).days
        shared = row.organizations & there.organizations
        known = row.organizations and there.organizations
        return days, ("shared" if shared else "differ") if known else None

    listed = "; ".join(match.candidates) or None
    status, found, how = "only_theirs" if not listed else "ambiguous", match.id, match.how
    if match.status == "ambiguous":
        fitting = [
            name for name in match.candidates
            for days, organizations in [about(name)]
            if days is not None and abs(days) <= _CLOSE_DAYS and organizations == "shared"
        ]  # fmt: skip
        if len(fitting) == 1:
            found, how = fitting[0], "date_and_organization"
    if found is None:
        return row.name, row.id, status, None, how, None, None, listed
    days, organizations = about(found)
    far = days is not None and abs(days) > _FAR_DAYS and organizations == "differ"
    status = "doubtful" if far else "matched"
    return row.name, row.id, status, found, how, days, organizations, listed


# Figures.


def _model_figures(frames: Frames, vocabulary: pd.DataFrame) -> pd.DataFrame:
    """Return the evaluated figures of models; those of runs are among them."""
    named = {"model_id": "id", "quantity_id": "quantity"}
    if "estimates" not in frames:
        return pd.DataFrame(columns=[*_KEY, "value"])
    estimates = with_runs(frames) if "training_runs" in frames else frames["estimates"]
    values = evaluate(estimates, vocabulary, frames["sources"])
    return values.rename(columns=named)[[*_KEY, "value"]].astype({"value": "float64"})


def _chip_figures(frames: Frames) -> pd.DataFrame:
    """Return the figures of chips: of several, that of the first row, for it is reviewed."""
    chips = frames["hardware"]
    found = [
        pd.DataFrame({"id": chips["hardware_id"], "quantity": name, "unit": unit,
                      "value": chips[name].astype("float64")})
        for name, unit in _OF_CHIPS.items()
    ]  # fmt: skip
    if "hardware_performance" in frames:
        peaks = frames["hardware_performance"]
        quantity = "peak " + peaks["number_format"] + " " + peaks["execution_unit"]
        value = peaks["peak_flop_per_second"]
        columns = {"id": peaks["hardware_id"], "quantity": quantity, "value": value}
        found.append(pd.DataFrame(columns).assign(unit="FLOP/s"))
    figures = pd.concat(found).dropna(subset="value").drop_duplicates(_KEY)
    return figures.reset_index(drop=True)


def _derived(both: pd.DataFrame, models: pd.DataFrame) -> pd.DataFrame:
    """Return what follows from the figures that both have; 6ND only of models that may be dense."""
    sparse = models["model_id"][
        models["architecture"].notna() & (models["architecture"] != "dense")
    ]
    rows = []
    for identifier, figures in both.groupby("id"):
        values = figures.set_index("quantity")[["ours", "theirs"]]
        values = values[~values.index.duplicated()]

        def both_of(*names: str, values: pd.DataFrame = values) -> Any:
            return [values.loc[n] for n in names] if set(names) <= set(values.index) else None

        tokens = next((n for n in ("training_tokens", "corpus_tokens") if n in values.index), "")
        found = None if identifier in set(sparse) else both_of("parameters", tokens)
        if found:
            pair = {side: six_nd(found[0][side], found[1][side]) for side in ("ours", "theirs")}
            rows.append({"id": identifier, "quantity": "six_nd", "unit": "FLOP", **pair})
        if found := both_of("chips", "training_duration"):
            pair = {side: found[0][side] * found[1][side] * 24 for side in ("ours", "theirs")}
            rows.append({"id": identifier, "quantity": "chip_hours", "unit": "hour", **pair})
    return pd.DataFrame(rows, columns=[*_KEY, "ours", "theirs"])


def _differing(both: pd.DataFrame, factor: float) -> pd.DataFrame:
    """Return the figures that are at least a factor apart, the greatest difference first."""
    positive = both[(both["ours"] > 0) & (both["theirs"] > 0)]
    ratio = (positive["theirs"] / positive["ours"]).astype("float64")
    apart = ratio.where(ratio >= 1, 1 / ratio)
    found = positive.assign(ratio=ratio, apart=apart)[apart >= factor]
    order = found.sort_values(["apart", *_KEY], ascending=[False, True, True, True])
    return order[[*_KEY, "ours", "theirs", "ratio"]].reset_index(drop=True)
