"""What crosses the network is bounded and stays inside its directory."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from auxseg.errors import RunError
from auxseg.study.execution import archive
from auxseg.study.execution.archive import pack, receive, unpack


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


def sent(directory: Path) -> dict[str, bytes]:
    return {name: content for name, content in files(directory).items() if name != ".lock"}


def zipped(*names: str, mode: int = 0, compression: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as file:
        for name in names:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            file.writestr(entry, b"0" * 1000, compression)
    return content.getvalue()


def test_a_directory_arrives_as_it_was(directory: Path, tmp_path: Path) -> None:
    receive(pack(directory), tmp_path / "new")
    assert files(tmp_path / "new") == sent(directory)
    assert not (tmp_path / "new" / "link").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "run"]


def test_a_run_takes_the_place_of_what_there_was_of_it(directory: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    (earlier / "events.jsonl").write_text("half\n")
    (earlier / "last.pt").write_text("of half of it")
    receive(pack(directory), earlier)
    assert files(earlier) == sent(directory)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["earlier", "run"]


@pytest.mark.parametrize("killed_at", [1, 2])
def test_a_process_that_is_killed_while_it_receives_leaves_the_former_run(
    killed_at: int, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    (runs / "earlier").mkdir(parents=True)
    (runs / "earlier" / "events.jsonl").write_text("half\n")
    renamed: list[Path] = []
    rename = Path.rename

    def killed(self: Path, target: Path) -> Path:
        renamed.append(self)
        if len(renamed) == killed_at:
            raise SystemExit
        return rename(self, target)

    with monkeypatch.context() as context:
        context.setattr(Path, "rename", killed)
        context.setattr(archive, "clear", lambda folder: None)
        with pytest.raises(SystemExit):
            receive(pack(directory), runs / "earlier")
    archive.clear(runs)
    assert files(runs) == {"earlier/events.jsonl": b"half\n"}
    receive(pack(directory), runs / "earlier")
    assert files(runs / "earlier") == sent(directory)


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../outside", "figures/../../outside", "..", "figures/", "C:\\outside", "..\\outside"]
)
def test_names_that_lead_out_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a plain file inside it"):
        unpack(zipped("inside", name), tmp_path / "run" / "deep")
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a plain file inside it"):
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


def _changed(content: bytes, at: bytes, value: int) -> bytes:
    """With one byte changed behind the last place where a mark stands."""
    place = content.rindex(at) + len(at)
    return content[:place] + bytes([value]) + content[place + 1 :]


def test_an_archive_that_was_damaged_leaves_nothing(directory: Path, tmp_path: Path) -> None:
    whole = pack(directory)
    flipped = bytearray(whole)
    flipped[whole.index(bytes(range(256))) + 7] ^= 1
    for content in (bytes(flipped), whole[:-30], whole[100:], whole[: len(whole) // 2]):
        with pytest.raises(RunError, match="is damaged"):
            receive(content, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_entries_that_nothing_packs_are_refused(tmp_path: Path) -> None:
    stored = zipped("inside")
    directory_entry = b"PK\x01\x02"
    of_unknown_method = _changed(stored, directory_entry + bytes(stored[stored.rindex(directory_entry) + 4 :][:6]), 77)
    encrypted = _changed(stored, directory_entry + bytes(stored[stored.rindex(directory_entry) + 4 :][:4]), 1)
    for content in (zipped("inside", compression=zipfile.ZIP_DEFLATED), of_unknown_method, encrypted):
        with pytest.raises(RunError, match="compressed or encrypted"):
            receive(content, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
