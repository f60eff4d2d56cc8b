"""The tables that a report reads, and the sources that it cites."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from diffdata.lookup.text import rows_where


@dataclass
class Tables:
    """All tables of a dataset, the model that a report is about, and the sources cited so far."""

    frames: dict[str, pd.DataFrame]
    model: str
    cited: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return a table without citing its sources."""
        return self.frames[name]

    def rows(self, table: str, **equal: Any) -> pd.DataFrame:
        """Return the rows of a table in which the columns have the given values; cite them."""
        return self.cite(rows_where(self.frames[table], **equal))

    def cite(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add the sources of some rows to those cited, and return the rows."""
        for column in frame.columns.intersection(["source_id", "quoted_in_source_id"]):
            self.cited |= set(frame[column].dropna())
        return frame

    def name_of(self, model: str) -> str:
        """Return the name of a model."""
        return str(rows_where(self.frames["models"], model_id=model)["name"].iloc[0])

    def is_reference(self) -> bool:
        """Return whether sources compare other models with the model."""
        return self.model in set(self.frames["comparisons"]["reference_model_id"])

    def compared(self) -> set[str]:
        """Return the models that sources compare with the model, and the model itself."""
        found = {self.model}
        for table in ("comparisons", "diffusion_events"):
            rows = self.rows(table, reference_model_id=self.model, status="current")
            found |= set(rows["model_id"].dropna())
        if self.is_reference():
            found |= set(self.rows("case_studies")["model_id"])
        return found
