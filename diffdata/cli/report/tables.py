"""The tables that a report reads, and the sources that it has leant on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from diffdata.errors import UnknownNameError
from diffdata.loading.validated import load_all
from diffdata.package.packages import Package


@dataclass
class Tables:
    """All tables of a dataset, the model that a report is about, and the sources cited so far."""

    frames: dict[str, pd.DataFrame]
    model: str
    cited: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, package: Package, model: str) -> Tables:
        """Load all tables (UnknownNameError if there is no such model)."""
        tables = cls(load_all(package, list(package.tables)), model)
        known = tables["models"]["model_id"]
        if model not in set(known):
            raise UnknownNameError("model", model, known)
        return tables

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return a whole table, without citing its sources."""
        return self.frames[name]

    def rows(self, table: str, **equal: Any) -> pd.DataFrame:
        """Return the rows of a table in which the columns have the given values; cite them."""
        frame = self.frames[table]
        for column, value in equal.items():
            frame = frame[(frame[column] == value).fillna(False)]
        return self.cite(frame)

    def cite(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Remember the sources of some rows, and return the rows."""
        for column in ("source_id", "quoted_in_source_id"):
            if column in frame:
                self.cited |= set(frame[column].dropna())
        return frame

    def name_of(self, model: str) -> str:
        """Return the name of a model."""
        models = self.frames["models"]
        return str(models.loc[models["model_id"] == model, "name"].iloc[0])

    def is_reference(self) -> bool:
        """Tell whether sources compare other models with the model."""
        return self.model in set(self.frames["comparisons"]["reference_model_id"])

    def compared(self) -> list[str]:
        """Return the models that sources set beside the model, the model itself included."""
        judged = self.rows("comparisons", reference_model_id=self.model, status="current")
        events = self.rows("diffusion_events", reference_model_id=self.model, status="current")
        found = {*judged["model_id"], *events["model_id"].dropna(), self.model}
        if self.is_reference():
            found |= set(self.rows("case_studies")["model_id"])
        return sorted(found)
