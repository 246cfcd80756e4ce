"""Worker processes start wherever TMPDIR is."""

from __future__ import annotations

import tempfile
from multiprocessing import forkserver, process, util
from multiprocessing.connection import Listener
from pathlib import Path

import pytest

from auxseg.errors import InputError
from auxseg.study.execution import sockets
from auxseg.study.execution.local import workers


@pytest.fixture
def long_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary directory whose sockets would have paths of more than 108 bytes, in a process that has made none."""
    path = tmp_path / ("long" * 25)
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    monkeypatch.delitem(vars(process.current_process())["_config"], "tempdir", raising=False)
    return path


def test_a_long_temporary_directory_stops_no_worker(long_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def listen() -> None:
        Listener(None, "AF_UNIX").close()  # as the server does from which workers are forked

    with pytest.raises(OSError, match="AF_UNIX path too long"):
        Listener(str(long_path / "pymp-12345678" / "listener-12345678"), "AF_UNIX")
    monkeypatch.setattr(forkserver, "ensure_running", listen)
    with workers(1, 1, (), lambda: None):
        pass
    assert tempfile.gettempdir() == str(long_path)  # where all else goes


def test_a_short_one_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(vars(process.current_process())["_config"], "tempdir", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")
    monkeypatch.setattr(sockets, "_PLACES", ())
    sockets.make_room_for_sockets()
    assert Path(util.get_temp_dir()).parent == Path("/tmp")


def test_without_any_short_directory_it_is_said_what_to_set(long_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_PLACES", ("/nowhere",))
    with pytest.raises(InputError, match=r"^TMPDIR .* is too long .* set TMPDIR to a path of at most 71 characters$"):
        sockets.make_room_for_sockets()
