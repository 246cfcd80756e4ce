"""Angles as a loss, against torch's own cosine."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from auxseg.tasks.dense_labels.cosine import cosine_loss, num_known_pixels, unit_vectors


def _maps() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    output = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    target = functional.normalize(torch.randn(2, 3, 5, 4, dtype=torch.float64), dim=1)
    known = torch.rand(2, 5, 4) < 0.7
    target[:, 1] = target[:, 1].masked_fill(~known, torch.nan)  # one channel is enough
    return output, target, known


def test_every_image_has_the_sum_of_torchs_over_known_pixels() -> None:
    output, target, known = _maps()
    each = 1 - functional.cosine_similarity(output, target, dim=1)
    expected = torch.stack([image[entries].sum() for image, entries in zip(each, known, strict=True)])
    torch.testing.assert_close(cosine_loss(output, target), expected)
    assert num_known_pixels(target).tolist() == known.sum((1, 2)).tolist()


def test_unknown_pixels_have_no_gradient() -> None:
    output, target, known = _maps()
    (gradient,) = torch.autograd.grad(cosine_loss(output.requires_grad_(), target).sum(), output)
    assert ((gradient != 0).any(1) == known).all()


@pytest.mark.parametrize("scale", [0.1, 1.0, 1e30])
def test_the_length_of_an_output_has_no_influence(scale) -> None:
    output, target, _ = _maps()
    output, target = output.float(), target.float()
    torch.testing.assert_close(cosine_loss(output * scale, target), cosine_loss(output, target))
    torch.testing.assert_close(unit_vectors(output * scale).norm(dim=1), torch.ones(2, 5, 4))


def test_the_zero_vector_stays_what_it_is_and_costs_one() -> None:
    target = torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1)
    output = torch.zeros(1, 3, 1, 1, requires_grad=True)
    loss = cosine_loss(output, target)
    assert loss.item() == 1
    assert torch.autograd.grad(loss.sum(), output)[0].abs().max() <= 100
