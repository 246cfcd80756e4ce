"""last.pt: what comes back, what is refused, and that it is never ahead of the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from auxseg.errors import InputError
from auxseg.records.event_log import EventLog
from auxseg.training.checkpoint import Checkpoint, load_last, save_last
from auxseg.training.seal import Owner, examine
from auxseg.version import __version__
from tests.records.made_events import make_step

OWNER = Owner("recipe", "data")
CPU = torch.device("cpu")


def _checkpoint(directory: Path) -> Checkpoint:
    log = EventLog(directory / "events.jsonl")
    log.append(make_step(1))
    return Checkpoint(directory / "last.pt", OWNER, log)


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path)
    state = {"learner": {"weights": torch.arange(6.0).view(2, 3), "decay": 0.9}, "progress": {"step": 3, "best": None}}
    checkpoint.save(state, 3)
    found = checkpoint.load(CPU)
    assert found is not None
    assert torch.equal(found["learner"].pop("weights"), torch.arange(6.0).view(2, 3))
    assert found == {"learner": {"decay": 0.9}, "progress": {"step": 3, "best": None}}
    seal = examine(checkpoint.path)
    assert seal is not None
    assert (seal.step, seal.owner, seal.version) == (3, OWNER, __version__)


def test_before_the_first_there_is_none(tmp_path: Path) -> None:
    assert _checkpoint(tmp_path).load(CPU) is None


def test_the_next_takes_the_place_of_the_last(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path)
    for step in (1, 2):
        checkpoint.save({"step": step}, step)
    assert checkpoint.load(CPU) == {"step": 2}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.jsonl", "last.pt"]


def test_one_that_cannot_be_written_leaves_the_last(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path)
    checkpoint.save({"step": 1}, 1)
    with pytest.raises(Exception, match="pickle"):
        checkpoint.save({"step": lambda: 2}, 2)
    assert checkpoint.load(CPU) == {"step": 1}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.jsonl", "last.pt"]


def test_tensors_come_to_the_device_that_is_asked_for(tmp_path: Path) -> None:
    checkpoint = _checkpoint(tmp_path)
    checkpoint.save({"weights": torch.ones(2)}, 1)
    found = checkpoint.load(torch.device("meta"))
    assert found is not None
    assert found["weights"].is_meta


def test_the_log_is_on_disk_before_a_checkpoint_that_counts_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append(make_step(1))
    monkeypatch.setattr(EventLog, "sync", lambda self: order.append((self.path.name, (tmp_path / "last.pt").exists())))
    order: list[tuple[str, bool]] = []
    Checkpoint(tmp_path / "last.pt", OWNER, log).save({}, 1)
    assert order == [("events.jsonl", False)]
    assert (tmp_path / "last.pt").exists()


def test_truncated_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    save_last(path, {"weights": torch.zeros(1000)}, 1, OWNER)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match="damaged"):
        load_last(path, CPU)


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple:
            return Path.touch, (tmp_path / "ran",)

    torch.save({"trap": Trap()}, tmp_path / "last.pt")
    with pytest.raises(InputError):
        load_last(tmp_path / "last.pt", CPU)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("content", "kind"), [([1, 2], "list"), (torch.ones(2), "Tensor"), (3, "int")])
def test_a_file_of_anything_but_a_state_is_refused(content: Any, kind: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "last.pt")
    with pytest.raises(InputError, match=rf"last\.pt: not a checkpoint of a run, or damaged \(it holds a {kind}\)$"):
        load_last(tmp_path / "last.pt", CPU)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"last\.pt: cannot be read \(No such file or directory\)"):
        load_last(tmp_path / "last.pt", CPU)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("size mismatch for a.weight\nsize mismatch for b.weight"), "size mismatch for a.weight"),
        (KeyError(), "KeyError"),
        (ValueError("zip() argument 2 is shorter"), "zip() argument 2 is shorter"),
    ],
)
def test_a_state_that_does_not_fit_is_told_by_its_first_reason(error: Exception, reason: str, tmp_path: Path) -> None:
    assert str(_checkpoint(tmp_path).unfit(error)) == (
        f"{tmp_path / 'last.pt'}: does not fit the network of its recipe ({reason}); start again with --overwrite"
    )
