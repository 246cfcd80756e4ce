"""The losses of masks by name: what each is divided by, and that even weights change nothing."""

from __future__ import annotations

import pytest
import torch

from auxseg.data.sample import IGNORE
from auxseg.tasks.losses import MASK_LOSSES, MaskLosses

MANY = [name for name in MASK_LOSSES if name != "bce"]
"""The losses of any number of classes."""

WEIGHTED = [name for name in MANY if name != "ohem"]
"""Those that know weights of classes."""


def _mean(losses: MaskLosses, name: str, logits: torch.Tensor, mask: torch.Tensor) -> float:
    return (losses.loss(name, logits.log_softmax(1), mask).sum() / losses.count(name, mask).sum()).item()


def _case() -> tuple[torch.Tensor, torch.Tensor]:
    mask = torch.randint(3, (4, 8, 8), dtype=torch.uint8)
    return torch.randn(4, 3, 8, 8, dtype=torch.float64), mask.masked_fill(torch.rand(mask.shape) < 0.2, IGNORE)


@pytest.mark.parametrize("name", MANY)
def test_weights_of_one_change_nothing(name: str) -> None:
    logits, mask = _case()
    plain, ones = MaskLosses(num_classes=3), MaskLosses(num_classes=3, class_weights=(1.0, 1.0, 1.0))
    assert torch.equal(plain.count(name, mask), ones.count(name, mask))
    torch.testing.assert_close(
        plain.loss(name, logits.log_softmax(1), mask), ones.loss(name, logits.log_softmax(1), mask)
    )


@pytest.mark.parametrize("name", MANY)
def test_only_the_relation_of_weights_counts(name: str) -> None:
    logits, mask = _case()
    some, tenfold = (MaskLosses(num_classes=3, class_weights=(f, 2 * f, 7 * f)) for f in (1.0, 10.0))
    assert _mean(some, name, logits, mask) == pytest.approx(_mean(tenfold, name, logits, mask))


@pytest.mark.parametrize("name", WEIGHTED)
def test_a_class_of_weight_zero_says_nothing(name: str) -> None:
    """Neither in the loss nor in its divisor, except through the softmax of other pixels."""
    _, mask = _case()
    only = mask.masked_fill(mask != 2, IGNORE)
    losses = MaskLosses(num_classes=3, class_weights=(1.0, 1.0, 0.0))
    leaf = torch.randn(4, 3, 8, 8, requires_grad=True)
    loss = losses.loss(name, leaf.log_softmax(1), only)
    (gradient,) = torch.autograd.grad(loss.sum(), leaf)
    assert losses.count(name, only).tolist() == loss.tolist() == [0, 0, 0, 0]
    assert not gradient.any()


def test_what_each_is_divided_by() -> None:
    mask = torch.tensor([[[0, 0, 0, 1]], [[IGNORE] * 4]], dtype=torch.uint8)
    losses = MaskLosses(num_classes=3, class_weights=(1.0, 5.0, 1.0), ohem_share=0.5)
    counts = {name: losses.count(name, mask).tolist() for name in MASK_LOSSES}
    assert counts.pop("ohem") == [2, 0]  # half of the pixels, whatever their classes
    for name, count in counts.items():
        assert count == ([8, 0] if name in ("cross_entropy", "bce", "focal") else [1, 0])


def test_unknown_names_are_refused() -> None:
    logits, mask = _case()
    with pytest.raises(ValueError, match=r"expected one of cross_entropy.*not 'dise'"):
        MaskLosses(num_classes=3).loss("dise", logits.log_softmax(1), mask)
