"""What crosses the network is bounded and stays inside its directory."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from auxseg.errors import RunError
from auxseg.study import archive
from auxseg.study.archive import pack, receive, unpack


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A run's directory in small."""
    run = tmp_path / "run"
    (run / "figures").mkdir(parents=True)
    (run / "events.jsonl").write_text("{}\n")
    (run / "best.safetensors").write_bytes(bytes(range(256)))
    (run / "figures" / "best-1.png").write_bytes(b"picture")
    (run / ".lock").touch()
    (run / "link").symlink_to(tmp_path)
    return run


def files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def zipped(*names: str, mode: int = 0) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name in names:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            file.writestr(entry, b"0" * 1000)
    return content.getvalue()


def test_a_directory_arrives_as_it_was(directory: Path, tmp_path: Path) -> None:
    before = files(directory)
    del before[".lock"]
    receive(pack(directory), tmp_path / "new")
    assert files(tmp_path / "new") == before
    assert not (tmp_path / "new" / "link").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "run"]


def test_files_take_the_places_of_earlier_ones(directory: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    (earlier / "events.jsonl").write_text("half\n")
    (earlier / "kept").write_text("kept")
    receive(pack(directory), earlier)
    assert (earlier / "events.jsonl").read_text() == "{}\n"
    assert (earlier / "kept").read_text() == "kept"
    assert (earlier / "figures" / "best-1.png").read_bytes() == b"picture"


def test_what_says_that_a_run_is_finished_is_written_last(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "metrics.json").write_text("{}")
    (directory / "per_image.csv").write_text("id\n")
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    written: list[str] = []
    replace = Path.replace

    def note(self: Path, target: Path) -> Path:
        written.append(self.name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", note)
    receive(pack(directory), earlier)
    assert written[-2:] == ["events.jsonl", "metrics.json"]
    assert len(written) == 5


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../outside", "figures/../../outside", "..", "figures/", "C:\\outside", "..\\outside"]
)
def test_names_that_lead_out_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no plain file inside of it"):
        unpack(zipped("inside", name), tmp_path / "run" / "deep")
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no plain file inside of it"):
        unpack(zipped("inside", mode=stat.S_IFLNK | 0o777), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_sizes_are_bounded_at_both_ends(directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST", 999)
    with pytest.raises(RunError, match=r"1 files of 0 MiB were sent back; expected at most"):
        receive(zipped("inside"), tmp_path / "new")
    monkeypatch.setattr(archive, "LARGEST", 100)
    with pytest.raises(RunError, match=r"3 files of 0 MiB are too much to send"):
        pack(directory)
    monkeypatch.setattr(archive, "LARGEST", 10**6)
    monkeypatch.setattr(archive, "MOST_FILES", 2)
    with pytest.raises(RunError, match=r"too much to send"):
        pack(directory)
    with pytest.raises(RunError, match=r"3 files of .* were sent back"):
        receive(zipped("a", "b", "c"), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_an_entry_that_unfolds_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    content = zipped("inside").replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with pytest.raises(RunError, match="is damaged"):
        receive(content, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is damaged"):
        receive(content, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_was_cut_leaves_nothing(directory: Path, tmp_path: Path) -> None:
    content = bytearray(pack(directory))
    content[content.index(bytes(range(256))) + 7] ^= 1
    with pytest.raises(RunError, match="is damaged"):
        receive(bytes(content), tmp_path / "new")
    assert not (tmp_path / "new").exists()
