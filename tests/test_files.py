"""Atomic writing, and sentences that name the file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from auxseg.errors import InputError
from auxseg.files import naming, replacing, replacing_folder, sweep, write_atomically

FULL = """
import resource, sys
from pathlib import Path
from auxseg.files import write_atomically
from auxseg.records.event_log import EventLog
from auxseg.records.events import Evaluated

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
path = Path(sys.argv[2])
try:
    if sys.argv[1] == "whole":
        write_atomically(path, b"x" * 5000)
    else:
        EventLog(path).append(Evaluated(split="x" * 5000, step=1))
except OSError as error:
    print(error.filename, error.strerror)
"""


@pytest.mark.parametrize("kind", ["whole", "line"])
def test_a_disk_that_is_full_is_named_with_the_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    command = [sys.executable, "-c", FULL, kind, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == f"{path} File too large\n"
    assert list(tmp_path.iterdir()) == ([] if kind == "whole" else [path])


def test_a_file_whose_place_does_not_exist_is_called_by_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        write_atomically(tmp_path / "nowhere" / "file", b"")
    assert error.value.filename == str(tmp_path / "nowhere" / "file")


def test_an_error_about_another_file_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error, replacing(tmp_path / "mine"):
        (tmp_path / "other").read_bytes()
    assert error.value.filename == str(tmp_path / "other")
    with pytest.raises(OSError, match="no number"), naming(tmp_path / "mine"):
        raise OSError("no number")


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with pytest.raises(TypeError), replacing(path) as partial:
        partial.write_bytes(b"half" + None)  # pyright: ignore[reportOperatorIssue]
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


WRITER = """
import os, sys, time
from pathlib import Path
from auxseg.files import replacing

with replacing(Path(sys.argv[1]), alone=sys.argv[2] == "alone") as partial:
    partial.write_bytes(b"x" * 1000)
    print("writing", flush=True)
    sys.stdin.read(1)
"""


@contextmanager
def writer(path: Path, how: str = "shared") -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has begun to write ``path``, and ends when its input does."""
    command = [sys.executable, "-c", WRITER, str(path), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        try:
            yield process
        finally:
            process.kill()


def test_what_a_killed_writer_left_is_gone_after_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with writer(path) as process:
        process.kill()
        process.wait()
        assert [each.name for each in tmp_path.iterdir()] == [".file.partial"]
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_do_not_touch_each_others_half(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with writer(path) as process:
        write_atomically(path, b"mine")
        assert path.read_bytes() == b"mine"
        process.communicate(b"x", timeout=30)
    assert path.read_bytes() == b"x" * 1000
    assert list(tmp_path.iterdir()) == [path]


def test_the_second_of_two_writers_is_refused_where_one_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with writer(path, "alone") as process:
        with pytest.raises(InputError, match="file: another process is writing this file"), replacing(path, alone=True):
            pass
        process.communicate(b"x", timeout=30)
    assert path.read_bytes() == b"x" * 1000
    with replacing(path, alone=True) as partial:
        partial.write_bytes(b"later")
    assert path.read_bytes() == b"later"


def test_a_lock_ends_with_its_writer_whatever_was_forked_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with replacing(path, alone=True) as partial:
        partial.write_bytes(b"first")
        child = os.fork()
        if not child:
            signal.pause()
    try:
        with replacing(path, alone=True) as partial:
            partial.write_bytes(b"second")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert path.read_bytes() == b"second"


def test_a_name_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 251 + ".png")
    write_atomically(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_under_the_temporary_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / ".file.partial").symlink_to(tmp_path / "mine")
    write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert (tmp_path / "mine").read_bytes() == b"mine"


def test_only_files_of_processes_that_are_gone_are_swept(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    names = [
        f".file[1].{gone.pid}.partial",
        f".file[1].{os.getpid()}.partial",
        ".file[1].x.partial",
        ".file1.9.partial",
    ]
    for name in names:
        (tmp_path / name).touch()
    sweep(tmp_path / "file[1]")
    assert {path.name for path in tmp_path.iterdir()} == set(names[1:])
    (tmp_path / names[0]).mkdir()
    (tmp_path / names[0] / "part").touch()
    sweep(tmp_path / "file[1]")
    assert {path.name for path in tmp_path.iterdir()} == set(names[1:])


def test_a_folder_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    for content in ("first", "second"):
        with replacing_folder(path) as partial:
            (partial / content).write_text(content)
        assert [file.name for file in path.iterdir()] == [content]
    with pytest.raises(FileNotFoundError), replacing_folder(path) as partial:
        (partial / "third").rename(partial / "fourth")
    assert [file.name for file in path.iterdir()] == ["second"]
    assert list(tmp_path.iterdir()) == [path]


def test_one_writer_of_a_folder_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    with replacing_folder(path), pytest.raises(InputError, match="another process is writing"), replacing_folder(path):
        pass
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_of_a_folder_leaves_nothing_and_takes_nothing(tmp_path: Path) -> None:
    """It may end in the middle of its work, and between the two renames at its end."""
    path, left_over = tmp_path / "folder", tmp_path / ".folder~folder.partial"
    left_over.mkdir()
    (left_over / "half").write_text("")
    former = left_over.with_name(f"{left_over.name}.former")
    former.mkdir()
    (former / "kept").write_text("")
    with pytest.raises(KeyError), replacing_folder(path):
        raise KeyError
    assert [file.name for file in path.iterdir()] == ["kept"]
    assert list(tmp_path.iterdir()) == [path]
