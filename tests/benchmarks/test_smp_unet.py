from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from auxseg.data.sample import IGNORE, Vocabulary
from auxseg.records.values.size import Size
from auxseg.tasks import SegmentationConfig
from benchmarks.peers.smp_unet import Pictures, evaluate


class RedIsForeground(nn.Module):
    """Predicts the foreground where a picture is redder than the normalisation's mean."""

    def forward(self, image: Tensor) -> Tensor:
        return torch.stack([torch.zeros_like(image[:, 0]), image[:, 0]], dim=1)


def test_the_peer_is_scored_as_auxseg_scores() -> None:
    images = torch.randint(0, 256, (40, 3, 16, 16), dtype=torch.uint8)
    masks = (images[:, 0] > 90).byte()
    masks = masks.masked_fill(torch.rand(masks.shape) < 0.1, IGNORE)
    masks[3] = 0
    images[7, 0], masks[7] = 0, 0  # empty in both, left out of the mean over images
    scored = evaluate(RedIsForeground(), Pictures(images, masks), torch.device("cpu"))

    task = SegmentationConfig().build("mask", Vocabulary(Size.of(16), ("background", "pet"), {}))
    predicted = (images[:, 0].float() / 255 > 0.485).float()
    figures = task.figures(task.measure(torch.stack([1 - predicted, predicted], dim=1), masks))
    assert figures["num_empty"] == 1
    assert scored == pytest.approx({name: figures[name] for name in ("iou_dataset", "iou_image")}, abs=1e-6)
