"""A file of weights: what it declares is checked against the network before memory is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from auxseg.errors import InputError
from auxseg.training.weights import WeightsFile, save_tensors, save_weights


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_weights(tmp_path / "best.safetensors", nn.Conv2d(3, 2, 3), {"step": "7"})
    return tmp_path / "best.safetensors"


def test_the_header_alone_says_what_is_there(path: Path) -> None:
    file = WeightsFile.open(path)
    assert dict(file.metadata) == {"step": "7"}
    assert file.shapes == {"weight": ((2, 3, 3, 3), torch.float32), "bias": ((2,), torch.float32)}


def test_a_network_on_paper_is_enough_to_refuse_another_file(path: Path) -> None:
    file = WeightsFile.open(path)
    with torch.device("meta"):
        file.refuse_another(nn.Conv2d(3, 2, 3))
        for other, reason in [
            (nn.Conv2d(3, 2**14, 3), r"weight: expected float32 \[16384, 3, 3, 3\], found float32 \[2, 3, 3, 3\]"),
            (nn.Conv2d(3, 2, 3, bias=False), r"bias: expected none, found float32 \[2\]"),
            (nn.Conv2d(3, 2, 3, dtype=torch.float64), "expected float64"),
        ]:
            with pytest.raises(InputError, match=reason):
                file.refuse_another(other)


def test_a_flipped_bit_of_a_weight_is_noticed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"best\.safetensors: not a model file, or damaged \(the checksum"):
        WeightsFile.open(path).read()


def test_a_weight_that_is_not_finite_is_refused_also_without_a_checksum(path: Path) -> None:
    save_file({"weight": torch.ones(3), "bias": torch.tensor([1.0, torch.nan])}, path)
    with pytest.raises(InputError, match=r"damaged \(bias holds numbers that are not finite"):
        WeightsFile.open(path).read()


def test_a_header_of_absurd_length_is_refused(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes((2**30).to_bytes(8, "little") + content[8:])
    with pytest.raises(InputError, match="its header would take 1,073,741,824 bytes"):
        WeightsFile.open(path)


def test_other_metadata_leave_weights_and_checksum_as_they_are(path: Path, tmp_path: Path) -> None:
    before = WeightsFile.open(path)
    save_tensors(tmp_path / "other", before.read(), {"step": "8"})
    after = WeightsFile.open(tmp_path / "other")
    assert (after.shapes, after.checksum) == (before.shapes, before.checksum)
    assert dict(after.metadata) == {"step": "8"}
    assert all(bool((value == before.read()[name]).all()) for name, value in after.read().items())
