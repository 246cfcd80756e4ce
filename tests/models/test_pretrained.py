from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from auxseg.errors import InputError
from auxseg.models.pretrained import describe_file, read_weights

STATE = {"a.weight": torch.arange(6.0).view(2, 3), "a.bias": torch.ones(2)}


def _assert_state(found: dict[str, torch.Tensor]) -> None:
    assert found.keys() == STATE.keys()
    assert all(torch.equal(found[key], STATE[key]) for key in STATE)


def test_safetensors(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "w.safetensors")
    _assert_state(read_weights(tmp_path / "w.safetensors"))


@pytest.mark.parametrize("content", [STATE, {"state_dict": STATE, "epoch": 3}, {"model": STATE}])
def test_pytorch_file(content: dict, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "w.pth")
    _assert_state(read_weights(tmp_path / "w.pth"))


class _Malicious:
    def __reduce__(self):
        return os.mkdir, (os.environ["AUXSEG_TEST_MARK"],)


def test_code_in_a_file_never_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUXSEG_TEST_MARK", str(tmp_path / "mark"))
    torch.save({"a": _Malicious()}, tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"w\.pth is neither a safetensors file nor a PyTorch file"):
        read_weights(tmp_path / "w.pth")
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"no weights", b"https://x", b"quite", b"PK\x03\x04 half a zip file"])
def test_other_files(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match="is neither a safetensors file nor a PyTorch file that holds only weights"):
        read_weights(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "found"), [({"epoch": 3}, "the keys epoch"), (torch.zeros(1), "Tensor"), ({}, "an empty dictionary")]
)
def test_other_content(content: object, found: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(InputError, match=f"does not hold a dictionary of tensors, found {found}"):
        read_weights(tmp_path / "w.pth")


@pytest.mark.parametrize("name", [".", "absent.pth"])
def test_no_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not a file; expected none, timm or a file with weights"):
        read_weights(tmp_path / name)


def test_a_file_is_known_by_name_and_hash(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(b"abc")
    assert describe_file(tmp_path / "w.pth") == f"w.pth (sha256 {hashlib.sha256(b'abc').hexdigest()})"
