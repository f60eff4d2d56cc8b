import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from diffdata.engines import to_engine
from diffdata.package.packages import Package, open_package
from diffdata.schemas.standard import TableSchema
from diffdata.types.columns import arrow_type

from .reviewed import write_reviewed

# The machines that run the tests are slow at times; a test fails for what it finds, not for time.
settings.register_profile("diffdata", deadline=None)
settings.load_profile("diffdata")

ROOT = Path(__file__).resolve().parent.parent


class ByScope(LoadScopeScheduling):  # type: ignore[misc]
    """Give the tests of a class or a module to one process, as all of Spark, and all of the site.

    The marks of groups would say it, but pytest-xdist 3.8 ignores them with pytest 9.2.
    """

    def _split_scope(self, nodeid: str) -> str:
        shared = (name for name in ("spark", "test_site") if name in nodeid)
        return next(shared, str(super()._split_scope(nodeid)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByScope:
    config.option.loadscopereorder = False  # many short tests do not come before few long ones
    return ByScope(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with Spark, the longest group; the last ones, doctests, are short: no process waits."""
    items.sort(key=lambda item: "spark" not in item.nodeid)


@pytest.fixture(scope="session")
def package() -> Package:
    """The dataset of this repository."""
    return open_package(ROOT)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the dataset, which takes a minute to build."""
    pytest.importorskip("mkdocs", reason="the documents need the extra site")
    pytest.importorskip("vl_convert", reason="charts need the extra plot")
    from diffdata.site import build_site

    return build_site(tmp_path_factory.mktemp("built") / "site")


@pytest.fixture(scope="session")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of which `copy` is a copy, to compare with."""
    return write_reviewed(tmp_path_factory.mktemp("reviewed"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the reviewed rows of the dataset that a test may break."""
    return write_reviewed(tmp_path)


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let engines check small files as large ones: by their own plans, not held as Arrow tables."""
    monkeypatch.setattr("diffdata.validation.readers._HELD_BYTES", -1)


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that occurs exactly once in a file."""
    text = path.read_bytes().decode()
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {path.name}"
    path.write_bytes(text.replace(old, new).encode())


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """One session of Spark for all tests, on this machine; it takes seconds to start."""
    pytest.importorskip("pyspark")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        if "CI" in os.environ:
            pytest.fail("continuous integration must have Java, or Spark is not tested")
        pytest.skip("Spark needs Java")
    from diffdata.engines import spark_session

    session = spark_session(
        spark__master="local[1]",
        spark__driver__memory="1g",
        # With small tables most of the time goes into planning.
        spark__sql__shuffle__partitions="1",
        spark__sql__adaptive__enabled="false",
        spark__sql__codegen__wholeStage="false",
        spark__sql__codegen__factoryMode="NO_CODEGEN",
        spark__driver__extraJavaOptions="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto",
        spark__ui__enabled="false",
    )
    yield session
    session.stop()


@pytest.fixture
def on_engine(request: pytest.FixtureRequest) -> Callable[[pa.Table, str, TableSchema], Any]:
    """Turn an Arrow table into a frame of an engine; Spark is started when first asked for."""

    def convert(table: pa.Table, engine: str, schema: TableSchema) -> Any:
        session = request.getfixturevalue("spark") if engine == "pyspark" else None
        columns = [table[field.name].cast(arrow_type(field)) for field in schema.fields]
        return to_engine(pa.table(columns, list(schema.column_names)), engine, session=session)

    return convert
