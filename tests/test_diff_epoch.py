"""Two public snapshots of a model table, where they are present next to the repository."""

import pytest

from diffdata.diff import TableDiff, as_dict, compare

from . import independent
from .conftest import ROOT

FOLDER = ROOT.parent / "shared" / "datasets"
PATHS = (
    FOLDER / "epoch_notable_ai_models_2025-02-24.csv",
    FOLDER / "epoch_all_ai_models_2025-04.csv",
)


@pytest.mark.skipif(
    not all(path.is_file() for path in PATHS),
    reason="the snapshots are not in ../shared/datasets; they are not part of the repository",
)
def test_the_counts_of_the_snapshots_agree_with_the_independent_computation() -> None:
    found = compare(*PATHS, key="Model")
    assert isinstance(found, TableDiff)
    assert found.renamed_columns == ()
    assert found.reformatted == ()
    assert independent.ours(as_dict(found)) == independent.compare(*PATHS, "Model", "Model", {})
    assert len(found.rows.added) == 1326
    assert len(found.changed) == 16
    assert len(found.new.blanks) == 3
    assert list(found.new.duplicates) == [("AMPLIFY",), ("SigLIP",)]
