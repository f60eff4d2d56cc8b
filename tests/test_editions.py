"""A released edition loads as it was, offline, next to the current data, or not at all."""

import functools
import hashlib
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import diffdata
from diffdata.diff import compare
from diffdata.errors import InvalidInputError, PackageError, UnknownNameError
from diffdata.loading import load_all
from diffdata.package.digest import content_digest, package_digest
from diffdata.package.editions import PATCH, edition_of, package_version, read_index
from diffdata.package.packages import Package, open_dataset, open_package
from diffdata.package.pinned import parquet_bytes
from diffdata.releasing import release

from .conftest import ROOT, edit
from .releases import (
    SECOND,
    contents_of,
    install,
    make_tree,
    release_first,
    rename_column,
    set_edition,
)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation that is ahead of two editions: another column, other values."""
    root = make_tree(tmp_path / "tree")
    release_first(root)
    set_edition(root, "1.2", SECOND, "- `b` was read anew; `count` of things is `amount`")
    edit(root / "things.csv", "3.14e23", "3.15e23")
    rename_column(root, "things", "count", "amount")
    release(open_package(root), "1.2", SECOND)
    set_edition(root, "1.3", SECOND, "To come.")
    edit(root / "things.csv", "3.15e23", "4e23")
    install(root, monkeypatch)
    return root


def size_of_b(frame: pd.DataFrame) -> float:
    return float(frame.set_index("thing_id").loc["b", "size"])


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.usefixtures("tree")
def test_editions_load_side_by_side_each_by_its_own_schema() -> None:
    frames = [diffdata.load("things", version) for version in ("1.1", "1.2", None)]
    assert [size_of_b(frame) for frame in frames] == [3.14e23, 3.15e23, 4e23]
    assert [frame.columns[4] for frame in frames] == ["count", "amount", "amount"]
    assert [frame.attrs["version"] for frame in frames] == ["1.1.0", "1.2.0", "1.3.0"]
    assert frames[0].attrs["digest"] == diffdata.versions()[0].tables["things"].digest
    assert "count" in diffdata.schema("things", "1.1").columns
    assert "count" not in set(diffdata.describe("things")["column"])
    assert not [i for i in diffdata.validate(version="1.1") if i.severity == "error"]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("version", ["1.1", "1.1.0", "1.1.3"])
def test_every_version_of_the_package_names_its_edition(version: str) -> None:
    assert size_of_b(diffdata.load("things", version=version)) == 3.14e23


def test_a_released_edition_is_never_read_from_the_working_tree(tree: Path) -> None:
    set_edition(tree, "1.2", SECOND, "As if it were not released.")
    assert size_of_b(diffdata.load("things", "1.2")) == 3.15e23
    (tree / "things.csv").unlink()
    (tree / "datapackage.json").write_text("{}")
    assert size_of_b(diffdata.load("things", "1.2")) == 3.15e23


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("version", ["1.3", "1", "1.1.0.0", "v1.1", "../1.1", "", "1.01", "latest"])
def test_what_is_not_released_is_refused_with_what_is(version: str) -> None:
    with pytest.raises(UnknownNameError, match=r"no released edition .*Known: 1\.1, 1\.2\."):
        diffdata.load("things", version)


def test_versions_are_listed_oldest_first(tree: Path) -> None:
    text = (tree / "releases/index.json").read_text()
    index = json.loads(text)
    index["releases"].reverse()
    index["releases"].append(index["releases"][0] | {"edition": "1.10"})
    (tree / "releases/index.json").write_text(json.dumps(index))
    found = diffdata.versions()
    assert [one.edition for one in found] == ["1.1", "1.2", "1.10"]
    assert [one.rows for one in found] == [9, 9, 9]
    assert found[0].date.isoformat() == "2026-01-05"


@pytest.mark.parametrize("content", [None, "", '{"releases": []}'])
def test_without_a_release_all_else_works(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_tree(tmp_path / "tree")
    install(root, monkeypatch)
    if content is not None:
        (root / "releases").mkdir()
        if content:
            (root / "releases/index.json").write_text(content)
    assert diffdata.versions() == []
    assert diffdata.tables() == ["things", "kinds"]
    with pytest.raises(UnknownNameError, match=r"named '1\.1'\. Known: none\.$"):
        diffdata.tables("1.1")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True))
def test_an_archive_with_any_byte_flipped_is_refused_by_name(share: float, tree: Path) -> None:
    path = tree / "releases/odd-1.1.zip"
    good = path.read_bytes()
    expected = diffdata.versions()[0].sha256
    flip(path, int(share * len(good)))
    with pytest.raises(PackageError, match=rf"odd-1\.1\.zip: .* is [0-9a-f]{{64}}, .* {expected}"):
        diffdata.load("things", "1.1")
    path.write_bytes(good)
    assert size_of_b(diffdata.load("things", "1.1")) == 3.14e23


def test_a_damaged_archive_leaves_the_others_alone(tree: Path) -> None:
    (tree / "releases/odd-1.1.zip").write_bytes(b"")
    assert len(diffdata.load("things", "1.2")) == 7
    with pytest.raises(PackageError, match="damaged"):
        diffdata.tables("1.1")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("sha256", "0" * 64, "not the archive of 1.1, or it is damaged"),
        ("digest", "0" * 64, "the index does not describe what is in it"),
        ("edition", "1.0", "the index does not describe what is in it"),
        ("file", "odd-1.2.zip", "not the archive of 1.1"),
        ("file", "../odd-1.1.zip", r"index\.json: releases\.0\.file"),
        ("edition", "1.2", "the edition 1.2 is listed twice"),
        ("rows", 3, "Extra inputs are not permitted"),
        ("tables", {}, "the index does not describe what is in it"),
    ],
)
def test_an_index_that_was_tampered_with_is_refused(
    key: str, value: object, message: str, tree: Path
) -> None:
    path = tree / "releases/index.json"
    index = json.loads(path.read_text())
    index["releases"][0][key] = value
    path.write_text(json.dumps(index))
    with pytest.raises(PackageError, match=message):
        diffdata.tables(index["releases"][0]["edition"])


@pytest.mark.parametrize("text", ["", "[]", "{", '{"releases": 3}', "{}"])
def test_an_index_that_cannot_be_read_is_refused_by_name(text: str, tree: Path) -> None:
    (tree / "releases/index.json").write_text(text)
    with pytest.raises(PackageError, match=r"releases/index\.json: .*reinstall"):
        diffdata.versions()


@pytest.mark.usefixtures("tree")
def test_values_that_are_not_the_released_ones_are_refused() -> None:
    """As a library would give them that reads a number differently from that of the release."""
    package = open_dataset(version="1.1")
    path = package.root / "parquet/things.parquet"
    released = path.read_bytes()
    table = pq.read_table(path)
    place = table.schema.get_field_index("size")
    path.write_bytes(parquet_bytes(table.set_column(place, "size", pa.array([1.0] * 7))))
    try:
        with pytest.raises(PackageError, match=r"table 'things' of 1\.1: .* released values"):
            diffdata.load("things", package=package)
        assert len(diffdata.load("kinds", package=package)) == 2
        path.write_bytes(b"PAR1")
        with pytest.raises(PackageError, match=r"things\.parquet: cannot be read"):
            diffdata.load("things", package=package)
        path.unlink()  # an archive without Parquet is read from its CSV files
        assert size_of_b(diffdata.load("things", package=package)) == 3.14e23
        edit(package.root / "things.csv", "3.14e23", "3.1400001e23")
        with pytest.raises(PackageError, match=r"table 'things' of 1\.1: .* released values"):
            diffdata.load("things", package=package)
    finally:
        edit(package.root / "things.csv", "3.1400001e23", "3.14e23")
        path.write_bytes(released)


def test_an_opened_edition_stands_for_its_version(tree: Path) -> None:
    opened = open_dataset(version="1.1")
    assert opened.release == diffdata.versions()[0]
    assert size_of_b(diffdata.load("things", package=opened)) == 3.14e23
    with pytest.raises(InvalidInputError, match="give one of them"):
        diffdata.load("things", "1.1", package=opened)
    with pytest.raises(InvalidInputError, match="an edition is checked by itself"):
        diffdata.validate(tree, version="1.1")


@pytest.mark.usefixtures("tree")
def test_two_editions_are_compared_by_name() -> None:
    found = compare("1.1", "1.2.0")
    assert (found.old, found.new) == ("1.1", "1.2.0")
    (changed,) = [cell for table in found.tables for cell in table.cells]
    assert (changed.old, changed.new) == ("3.14e23", "3.15e23")
    with pytest.raises(UnknownNameError, match=r"no released edition named '1\.9'"):
        compare("1.1", "1.9")


@pytest.mark.usefixtures("tree")
def test_a_citation_of_an_edition_tells_what_was_used() -> None:
    digest = diffdata.versions()[0].digest
    assert diffdata.cite(version="1.1") == (
        f"Odd & <ends> (Version 1.1.0) [Data set]. (2026). [content digest sha256 {digest}]\n"
    )
    assert digest not in diffdata.cite()
    citation = yaml.safe_load(diffdata.cite(version="1.1", style="cff"))
    assert f"sha256:{digest}" in [one["value"] for one in citation["identifiers"]]
    for style in ("bibtex", "ris", "csl-json"):
        assert f"sha256 {digest}" in diffdata.cite(version="1.1", style=style)


def test_a_doi_that_is_minted_later_is_cited(tree: Path) -> None:
    path = tree / "releases/index.json"
    index = json.loads(path.read_text())
    index["releases"][0]["doi"] = "10.5281/zenodo.123"
    path.write_text(json.dumps(index))
    assert "https://doi.org/10.5281/zenodo.123" in diffdata.cite(version="1.1")
    assert yaml.safe_load(diffdata.cite(version="1.1", style="cff"))["doi"] == "10.5281/zenodo.123"


SCRIPT = """
import os, sys
from pathlib import Path
from diffdata.package.packages import open_release
from diffdata.package.editions import read_index
folder = Path(sys.argv[1])
def root():
    return open_release(folder, read_index(folder)[0]).root
mine = root()
assert root() == mine
if child := os.fork():
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (mine / "datapackage.json").is_file(), "the child took it away"
    (mine / "datapackage.json").unlink()
    print(mine, root())
else:
    print(root(), flush=True)
    assert root() != mine
"""


@pytest.mark.skipif(not hasattr(sys.modules["os"], "fork"), reason="the machine cannot fork")
def test_each_process_has_its_own_copy_and_removes_it(tree: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tree / "releases")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    folders = [folder for process in running for folder in process.communicate()[0].split()]
    assert [process.returncode for process in running] == [0, 0]
    assert len(set(folders)) == 6
    assert not [folder for folder in folders if Path(folder).exists()]


def test_the_installation_is_not_written_to(tree: Path) -> None:
    before = contents_of(tree)
    diffdata.load("things", "1.1")
    assert contents_of(tree) == before


@pytest.fixture
def mirror(tree: Path, tmp_path: Path) -> Path:
    """A mirror that has the archives; the installation has the index alone."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    for path in (tree / "releases").glob("*.zip"):
        path.rename(folder / path.name)
    return folder


@pytest.fixture
def address(mirror: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(mirror))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("mirror")
def test_an_archive_that_is_not_bundled_asks_to_be_fetched() -> None:
    assert [one.edition for one in diffdata.versions()] == ["1.1", "1.2"]
    with pytest.raises(PackageError, match=r"not part of this .*`diffdata fetch 1\.1 MIRROR`"):
        diffdata.load("things", "1.1")


def test_an_archive_is_fetched_from_a_folder_once(mirror: Path, tree: Path) -> None:
    path = diffdata.fetch("1.1", mirror)
    assert path == tree / "releases/odd-1.1.zip"
    assert diffdata.fetch("1.1", mirror) == path
    (mirror / "odd-1.1.zip").unlink()
    assert size_of_b(diffdata.load("things", "1.1")) == 3.14e23


def test_an_archive_is_fetched_from_an_address(address: str, mirror: Path) -> None:
    diffdata.fetch("1.2.0", address)
    (mirror / "odd-1.2.zip").unlink()
    assert diffdata.fetch("1.2", address).is_file()  # it is here already
    assert size_of_b(diffdata.load("things", "1.2")) == 3.15e23


def test_a_mirror_is_not_trusted(address: str, mirror: Path, tree: Path) -> None:
    flip(mirror / "odd-1.1.zip", 500)
    expected = diffdata.versions()[0].sha256
    for where in (mirror, address):
        with pytest.raises(PackageError, match=rf"odd-1\.1\.zip: .*not the .*{expected}"):
            diffdata.fetch("1.1", where)
    assert not list(tree.rglob("*.zip"))
    kept = diffdata.fetch("1.2", mirror)
    flip(kept, 500)
    with pytest.raises(PackageError, match=f"{kept}: .*damaged"):
        diffdata.load("things", "1.2")
    diffdata.fetch("1.2", address)
    assert len(diffdata.load("things", "1.2")) == 7


def test_no_more_is_read_from_a_mirror_than_the_index_says(
    address: str, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = diffdata.versions()[0].bytes
    with (mirror / "odd-1.1.zip").open("ab") as file:
        file.write(b"x" * 10**6)
    sizes: list[int] = []
    original = hashlib.sha256

    def counted(data: bytes) -> Any:
        sizes.append(len(data))
        return original(data)

    monkeypatch.setattr("diffdata.package.editions.hashlib.sha256", counted)
    for where in (mirror, address):
        with pytest.raises(PackageError, match="not the archive of"):
            diffdata.fetch("1.1", where)
    assert sizes == [expected + 1] * 2


def test_a_mirror_without_the_archive_is_an_error(address: str, mirror: Path) -> None:
    (mirror / "odd-1.1.zip").unlink()
    with pytest.raises(PackageError, match=r"odd-1\.1\.zip: cannot be read: No such file"):
        diffdata.fetch("1.1", mirror)
    with pytest.raises(PackageError, match=r"odd-1\.1\.zip: cannot be fetched: HTTP Error 404"):
        diffdata.fetch("1.1", address)
    with pytest.raises(UnknownNameError, match=r"Known: 1\.1, 1\.2"):
        diffdata.fetch("1.3", mirror)


def test_loading_knows_no_network() -> None:
    code = (
        "import sys, diffdata; diffdata.versions(); diffdata.load('models'); "
        "print({'requests', 'urllib3', 'urllib.request', 'http.client'} & {*sys.modules})"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


def test_the_version_of_the_package_is_the_edition_and_the_patch(package: Package) -> None:
    assert package.version == f"{edition_of(package.version)}.0"
    assert package_version() == f"{edition_of(package.version)}.{PATCH}"


def test_every_released_edition_opens_and_holds_what_the_index_says() -> None:
    """What keeps code and profile able to read every edition that there ever was."""
    for listed in diffdata.versions():
        assert diffdata.validate(version=listed.edition) == []
        frames = load_all(opened := open_dataset(version=listed.edition), list(opened.tables))
        assert {name: len(frame) for name, frame in frames.items()} == {
            name: table.rows for name, table in listed.tables.items()
        }


def test_the_data_of_a_released_edition_do_not_change(package: Package) -> None:
    """Data that differ belong to a new edition: give datapackage.json its version first."""
    released = {one.edition: one.digest for one in read_index(ROOT / "releases")}
    edition = str(edition_of(package.version))
    frames = load_all(package, list(package.tables))
    digests = {name: content_digest(frame, package.schema(name)) for name, frame in frames.items()}
    current = package_digest(digests, package.schemas)
    assert released.get(edition, current) == current
