"""The build of the wheel: its version, and the pinned Parquet files of the dataset."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # the modules of this tree, not of an installed diffdata

from diffdata.errors import DiffdataError  # noqa: E402
from diffdata.loading import write_pinned  # noqa: E402
from diffdata.package.editions import package_version  # noqa: E402
from diffdata.package.packages import open_package  # noqa: E402

__all__ = ["PinnedTables", "package_version"]


class PinnedTables(BuildHookInterface):  # type: ignore[type-arg]
    """Validate the dataset, and put one Parquet file for each table and their index into the wheel.

    An editable install has them in the folder ``dataset`` of the working tree. There invalid data
    are a warning: whoever edits them needs an installation to find the fault.
    """

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the files before the wheel is put together."""
        try:
            written = write_pinned(open_package(ROOT))
        except DiffdataError as error:
            if version != "editable":
                raise
            self.app.display_warning(f"the dataset is not valid: {error}")
            return
        if version != "editable":
            build_data["force_include"].update(
                {str(path): f"diffdata/dataset/{path.name}" for path in written}
            )
