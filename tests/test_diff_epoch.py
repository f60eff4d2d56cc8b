"""Two public snapshots of a model table, where DIFFDATA_EPOCH names the folder that has them."""

import os
from pathlib import Path

import pytest

from diffdata.diff import TableDiff, compare

from . import independent

FOLDER = os.environ.get("DIFFDATA_EPOCH")
OLD, NEW = "epoch_notable_ai_models_2025-02-24.csv", "epoch_all_ai_models_2025-04.csv"


@pytest.mark.skipif(not FOLDER, reason="DIFFDATA_EPOCH does not name a folder with the snapshots")
def test_the_snapshots_give_the_counts_of_the_independent_computation() -> None:
    paths = Path(FOLDER or "", OLD), Path(FOLDER or "", NEW)
    found = compare(*paths, key="Model")
    assert isinstance(found, TableDiff)
    assert found.renamed_columns == ()
    assert found.reformatted == ()
    assert independent.ours(found.to_dict()) == independent.compare(*paths, "Model", "Model", {})
    assert len(found.rows.added) == 1326
    assert len(found.changed) == 16
    assert len(found.new.blanks) == 3
    assert [key.key for key in found.new.duplicates] == [("AMPLIFY",), ("SigLIP",)]
