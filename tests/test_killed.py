"""A writer that is killed leaves nothing that later runs keep or read."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from diffdata.package.files import replacing

WRITER = """
import sys, time
from pathlib import Path
from diffdata.package.files import replacing
with replacing(Path(sys.argv[1])) as unfinished:
    unfinished.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


def writer(path: Path) -> "subprocess.Popen[str]":
    """Start a process that is writing a file, and return it once it has begun."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as printed:
        assert printed.readline() == "writing\n"
    return process


def write(path: Path) -> None:
    with replacing(path) as unfinished:
        unfinished.write_text("all")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="without locks, leftovers stay for an hour")
def test_what_a_killed_writer_leaves_is_removed_by_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("before")
    process = writer(path)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert path.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 2
    time.sleep(1.1)
    write(tmp_path / "b.csv")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.csv", "b.csv"]


def test_a_writer_that_still_runs_keeps_its_folder(tmp_path: Path) -> None:
    process = writer(tmp_path / "a.csv")
    try:
        time.sleep(1.1)
        write(tmp_path / "b.csv")
        assert len(list(tmp_path.iterdir())) == 2
    finally:
        process.kill()
        process.wait()
