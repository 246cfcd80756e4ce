"""A checkpoint says whose it is, and every byte of it is checked before anything in it is unpickled."""

from __future__ import annotations

import random
import struct
import zipfile
from pathlib import Path

import pytest
import torch

from auxseg.errors import InputError
from auxseg.training.checkpoint import load_last, save_last
from auxseg.training.seal import Owner, examine
from auxseg.version import __version__

OWNER = Owner("recipe", "data")
CPU = torch.device("cpu")


@pytest.fixture
def last(tmp_path: Path) -> Path:
    save_last(tmp_path / "last.pt", {"weights": torch.arange(100.0)}, 7, OWNER)
    return tmp_path / "last.pt"


def test_a_sealed_file_says_whose_it_is_and_torch_reads_it(last: Path) -> None:
    seal = examine(last)
    assert seal is not None
    assert (seal.step, seal.owner, seal.version) == (7, OWNER, __version__)
    assert torch.equal(torch.load(last, weights_only=True)["weights"], torch.arange(100.0))


def test_a_file_of_a_version_without_seals_has_none(tmp_path: Path) -> None:
    torch.save({"weights": torch.arange(100.0)}, tmp_path / "last.pt")
    assert examine(tmp_path / "last.pt") is None
    assert torch.equal(load_last(tmp_path / "last.pt", CPU)["weights"], torch.arange(100.0))


@pytest.mark.parametrize("seed", range(40))
def test_every_flipped_bit_and_every_cut_is_noticed(last: Path, seed: int) -> None:
    content, lot = bytearray(last.read_bytes()), random.Random(seed)
    if seed % 4 == 0:
        content = content[: lot.randrange(len(content))]
    else:
        content[lot.randrange(len(content))] ^= 1 << lot.randrange(8)
    last.write_bytes(content)
    with pytest.raises(InputError, match=r"last\.pt: "):
        load_last(last, CPU)


def test_compressed_parts_are_refused_before_they_are_read(last: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(last) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(last, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content + bytes(2**20) if "/data/" in name else content)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("was read"))
    with pytest.raises(InputError, match="is compressed, expected plain bytes"):
        load_last(last, CPU)


def test_parts_that_are_larger_than_the_file_are_refused(last: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray(last.read_bytes())
    place = content.index(b"PK\x01\x02")  # the first entry of the directory: both of its sizes
    content[place + 20 : place + 28] = struct.pack("<II", 2**31, 2**31)
    last.write_bytes(content)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("was read"))
    with pytest.raises(InputError, match="more than the"):
        load_last(last, CPU)
