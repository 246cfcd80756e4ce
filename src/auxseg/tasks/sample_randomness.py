"""What self-supervised tasks draw at random: it depends on the sample's key and the task's kind alone.

Shape legend: ``N`` images of a batch.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from auxseg.data.loading.batch import Batch
from auxseg.data.sample import MISSING
from auxseg.keyed import keyed_bytes


def generator(kind: str, key: int | str) -> torch.Generator:
    """A stream of random numbers on the CPU, the same on every machine that has the same release of PyTorch."""
    return torch.Generator().manual_seed(int.from_bytes(keyed_bytes(8, kind, key), "little") >> 1)


def draw_class(kind: str, num_classes: int, batch: Batch) -> Int[Tensor, " N"]:
    """A class per image, every one as likely; `MISSING` for an image that is nothing but padding."""
    drawn = [int(torch.randint(num_classes, (), generator=generator(kind, key))) for key in batch.keys.tolist()]
    classes = torch.tensor(drawn, dtype=torch.int64, device=batch.image.device)
    return torch.where(has_photograph(batch), classes, MISSING)


def has_photograph(batch: Batch) -> Bool[Tensor, " N"]:
    """Whether any pixel of an image is photograph rather than padding."""
    return batch.inside.flatten(1).any(1)
