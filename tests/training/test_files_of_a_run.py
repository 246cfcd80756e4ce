"""Weights and checkpoints, as they lie on disk."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import nn

import auxseg
from auxseg.errors import InputError
from auxseg.models.pretrained import read_weights
from auxseg.training.checkpoint import load_last
from auxseg.training.weights import save_weights
from tests.weights import load_weights


class Harmful:
    """Leaves a trace where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.path,))


def test_fault_28_no_file_of_ours_runs_code(tmp_path: Path) -> None:
    trace, last, best = tmp_path / "trace", tmp_path / "last.pt", tmp_path / "best.safetensors"
    torch.save({"learner": Harmful(trace)}, last)
    with pytest.raises(InputError, match=r"last\.pt: not a checkpoint of a run, or damaged"):
        load_last(last, torch.device("cpu"))
    best.write_bytes(last.read_bytes())
    with pytest.raises(InputError, match="not a model file, or damaged"):
        load_weights(best)
    with pytest.raises(InputError, match=r"model\.weights"):
        read_weights(last)
    assert not trace.exists()
    torch.load(last, weights_only=False)
    assert trace.exists()


def test_fault_28_no_source_file_unpickles() -> None:
    """But for the checks that ship, which send a source of the user's own through memory."""
    package = Path(auxseg.__file__).parent
    sources = [path for path in package.rglob("*.py") if path.parent != package / "testing"]
    assert len(sources) > 100
    loads = [line for path in sources for line in path.read_text().splitlines() if "torch.load(" in line]
    assert loads
    assert all("weights_only=True" in line for line in loads)
    assert not [path for path in sources if re.search(r"\b(import|from) (pickle|dill|joblib)\b", path.read_text())]


def test_weights_and_metadata_come_back(tmp_path: Path) -> None:
    network = nn.Conv2d(3, 2, 3).to(memory_format=torch.channels_last)
    save_weights(tmp_path / "best.safetensors", network, {"step": "7"})
    weights, metadata = load_weights(tmp_path / "best.safetensors")
    assert metadata == {"step": "7"}
    assert torch.equal(weights["weight"], network.weight)


@pytest.mark.parametrize("content", [b"", b"not a model", b"https://x", b"quite", b"\x00" * 100])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        load_weights(path)
    with pytest.raises(InputError, match="damaged"):
        load_last(path, torch.device("cpu"))
