"""The tables of a package as answers need them, whatever the package lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import pandas as pd

from diffdata import derive
from diffdata.engines import to_engine
from diffdata.loading import load_all
from diffdata.package.packages import Package, open_dataset
from diffdata.schemas.standard import TableSchema

# What `model_summary` is made of, in the order of its arguments.
MODEL_SUMMARY_TABLES = (
    *derive.SUMMARY_TABLES, "model_domains", "sources", "model_developers", "organizations",
)  # fmt: skip


class Tables(dict[str, pd.DataFrame]):
    """Tables of a package, those that are named at once and others when they are first used.

    Of those that the package lacks, such as an old edition or an imported package, summaries are
    computed, the quantities are ours, and others have no rows; UnknownNameError is raised if one
    of the `required` ones is missing.
    """

    def __init__(
        self, package: Package, names: Iterable[str] = (), required: Iterable[str] = ()
    ) -> None:
        there = (name for name in names if name in package.tables)
        super().__init__(load_all(package, dict.fromkeys([*required, *there])))
        self.package = package

    def __missing__(self, name: str) -> pd.DataFrame:
        if name in self.package.tables:
            self[name] = load_all(self.package, [name])[name]
        elif name in _COMPUTED:
            self[name] = _COMPUTED[name](self)
        else:
            self[name] = _without_rows(name)
        return self[name]

    def schema(self, name: str) -> TableSchema:
        """Return the schema of a table, that of our dataset if the package lacks the table."""
        there = name in self.package.tables
        return (self.package if there else open_dataset(None)).schema(name)

    def lacking(self, names: Iterable[str]) -> list[str]:
        """Return which of some tables the package neither has nor has the tables to compute."""
        found = {_NEEDS.get(name, name) for name in set(names) - set(self.package.tables)}
        return sorted(found - set(self.package.tables))


def _without_rows(name: str) -> pd.DataFrame:
    """Return a table without rows, with the columns that it has in the dataset of diffdata."""
    from diffdata.schemas.compile import arrow_schema

    dataset = open_dataset(None)
    empty = arrow_schema(dataset.schema(name), name, dataset.version).empty_table()
    return pd.DataFrame(to_engine(empty, "pandas"))


def _quantities(_: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return load_all(open_dataset(None), ["quantities"])["quantities"]


def _model_summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    frames = {name: tables[name] for name in MODEL_SUMMARY_TABLES}
    # An imported package has only the quantities of its figures.
    frames["quantities"] = _quantities(tables)
    return pd.DataFrame(derive.model_summary(*frames.values()))


def _model_summary_inputs(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.DataFrame(derive.evaluation_inputs(tables["estimates"], tables["sources"]))


def _hardware_summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    names = derive.HARDWARE_SUMMARY_TABLES
    return pd.DataFrame(derive.hardware_summary(*(tables[name] for name in names)))


_COMPUTED: dict[str, Callable[[Mapping[str, pd.DataFrame]], pd.DataFrame]] = {
    "quantities": _quantities,
    "model_summary": _model_summary,
    "model_summary_inputs": _model_summary_inputs,
    "hardware_summary": _hardware_summary,
}
# The table without which each has no rows.
_NEEDS = {
    "model_summary": "models", "model_summary_inputs": "estimates", "hardware_summary": "hardware",
}  # fmt: skip
