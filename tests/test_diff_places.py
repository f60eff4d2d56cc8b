"""What a user can compare: folders, untrusted archives, files, git revisions."""

import json
import shutil
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest

from diffdata.diff import compare
from diffdata.diff.packages import PackageDiff, open_place
from diffdata.errors import InvalidInputError, PackageError
from diffdata.package.archives import unpack
from diffdata.package.packages import Package

from .conftest import ROOT, edit


def archive(path: Path, entries: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, text in entries.items():
            made.writestr(name, text)
    return path


def pack(folder: Path, path: Path, top: str = "") -> Path:
    names = [found for found in sorted(folder.rglob("*")) if found.is_file()]
    return archive(
        path, {f"{top}{name.relative_to(folder).as_posix()}": name.read_text() for name in names}
    )


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("top", ["", "diffdata-2026.1/"])
def test_an_archive_equals_its_folder(
    copy: Path, tmp_path_factory: pytest.TempPathFactory, top: str
) -> None:
    path = pack(copy, tmp_path_factory.mktemp("zip") / "edition.zip", top)
    assert compare(copy, path).same


def test_unpacked_files_are_removed(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = pack(copy, tmp_path_factory.mktemp("zip") / "edition.zip")
    with open_place(path) as opened:
        assert isinstance(opened, Package)
        root = opened.root
        assert root.is_dir()
    assert not root.exists()


@pytest.mark.parametrize(
    "name", ["../outside.csv", "/etc/outside", "a/../../outside", "C:outside", "..\\outside"]
)
def test_an_archive_cannot_write_outside(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "a.zip", {"datapackage.json": "{}", name: "x"})
    folder = tmp_path / "inside"
    folder.mkdir()
    with pytest.raises(PackageError, match="not a path inside the archive"):
        unpack(path, folder)
    assert not list(folder.iterdir())
    assert not (tmp_path / "outside.csv").exists()


def test_an_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("data")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr(entry, "/etc")
    with pytest.raises(PackageError, match="'data' is a link"):
        unpack(tmp_path / "a.zip", tmp_path)


def test_an_archive_is_bounded_in_size_and_entries(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {f"{i}.csv": "x" * 100 for i in range(10)})
    with pytest.raises(PackageError, match="10 entries, at most 9"):
        unpack(path, tmp_path / "few", most_entries=9)
    with pytest.raises(PackageError, match="1000 bytes unpacked, at most 999"):
        unpack(path, tmp_path / "small", most_bytes=999)
    unpack(path, tmp_path / "large", most_entries=10, most_bytes=1000)
    assert len(list((tmp_path / "large").iterdir())) == 10


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_a_duplicate_name_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("a.csv", "1")
        made.writestr("a.csv", "2")
    with pytest.raises(PackageError, match=r"'a\.csv' is listed twice"):
        unpack(tmp_path / "a.zip", tmp_path)


def test_a_zip_without_a_dataset_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("no archive")
    with pytest.raises(PackageError, match="not a zip archive"):
        compare(tmp_path / "a.zip", tmp_path / "a.zip")
    path = archive(tmp_path / "b.zip", {"a/x.csv": "x", "b/x.csv": "x"})
    with pytest.raises(PackageError, match=r"has no datapackage\.json"):
        compare(path, path)
    with pytest.raises(PackageError, match="the file is missing"):
        compare(tmp_path / "c.zip", path)


def test_a_damaged_archive_is_an_error(
    copy: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = pack(copy, tmp_path_factory.mktemp("zip") / "a.zip")
    data = bytearray(path.read_bytes())
    data[200:220] = b"\xff" * 20
    path.write_bytes(data)
    with pytest.raises(PackageError, match=r"a\.zip"):
        compare(copy, path)


@pytest.fixture
def repository(copy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    git(copy, "init", "-q")
    git(copy, "add", "-A")
    git(copy, "commit", "-qm", "first")
    monkeypatch.chdir(copy)
    return copy


@pytest.mark.parametrize("revision", ["HEAD", "HEAD:"])
def test_a_revision_is_the_committed_dataset(repository: Path, revision: str) -> None:
    assert compare(revision, repository).same
    edit(repository / "data/models.csv", "chinchilla,Chinchilla,", "chinchilla,CHINCHILLA,")
    (cell,) = (cell for table in compare(revision, ".").tables for cell in table.cells)
    assert (cell.old, cell.new) == ("Chinchilla", "CHINCHILLA")


def test_a_revision_is_found_from_a_folder_of_the_repository(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "data")
    assert compare("HEAD", repository).same


def test_a_dataset_may_be_in_a_folder_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    outer = tmp_path / "outer"
    for name in ("data", "schemas"):
        shutil.copytree(repository / name, outer / "inner" / name)
    shutil.copy(repository / "datapackage.json", outer / "inner")
    git(outer, "init", "-q")
    git(outer, "add", "-A")
    git(outer, "commit", "-qm", "first")
    monkeypatch.chdir(outer)
    assert compare("HEAD:inner", "inner").same
    with pytest.raises(PackageError, match=r"the revision has no datapackage\.json"):
        compare("HEAD", "inner")
    with pytest.raises(PackageError, match="a folder inside the repository"):
        compare("HEAD:../inner", "inner")
    monkeypatch.chdir(outer / "inner")
    assert compare("HEAD", ".").same


@pytest.mark.parametrize("name", ["no-such-revision", "--output=x", ":", ""])
def test_an_unknown_name_is_an_error(repository: Path, name: str) -> None:
    with pytest.raises(PackageError, match=r"expected a folder .* or a revision"):
        compare(name or "nothing", repository)
    assert not (repository / "x").exists()


def test_a_revision_outside_of_a_repository_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(PackageError, match="expected a folder"):
        compare("HEAD", "HEAD")


def test_without_git_a_revision_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PackageError, match="git is not installed"):
        compare("HEAD", "HEAD")


def test_a_file_and_a_dataset_cannot_be_compared(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n")
    with pytest.raises(InvalidInputError, match="expected two datasets or two CSV files"):
        compare(path, ROOT)
    with pytest.raises(InvalidInputError, match="for datasets"):
        compare(path, path, key="a", only=["models"])
    with pytest.raises(InvalidInputError, match="primary keys"):
        compare(ROOT, ROOT, key="model_id")
    with pytest.raises(InvalidInputError, match="for CSV files"):
        compare(ROOT, ROOT, rtol=0.1)


def test_third_party_packages_are_compared_table_by_table(tmp_path: Path) -> None:
    fields = [{"name": "Key", "type": "string"}, {"name": "b", "type": "number"}]
    resources = [
        {"name": "t", "path": "t.csv", "schema": {"fields": fields, "primaryKey": "Key"}},
        {"name": "plain", "path": "t.csv"},
    ]
    for folder, cell in (("old", "1"), ("new", "2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.csv").write_text(f"Key,b\nx,{cell}\n")
        text = json.dumps({"resources": resources})
        (tmp_path / folder / "datapackage.json").write_text(text)
    found = compare(tmp_path / "old", tmp_path / "new")
    assert isinstance(found, PackageDiff)
    assert [(c.old, c.new) for c in found.tables[0].cells] == [("1", "2")]
    assert found.remarks == ("plain: not compared, the table has no schema",)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="the file is missing"):
        compare(tmp_path / "a.csv", tmp_path / "a.csv", key="a")
