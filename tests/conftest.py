import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from diffdata.packages import Package, open_package

# The machines that run the tests are slow at times; a test fails for what it finds, not for time.
settings.register_profile("diffdata", deadline=None)
settings.load_profile("diffdata")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def package() -> Package:
    """The dataset of this repository."""
    return open_package(ROOT)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the dataset that a test may break."""
    shutil.copy(ROOT / "datapackage.json", tmp_path)
    for folder in ("data", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that stands exactly once in a file."""
    text = path.read_bytes().decode()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
    path.write_bytes(text.replace(old, new).encode())
