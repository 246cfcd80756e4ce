"""The climb from the coarsest level up: which step gets what, however it is kept in memory."""

from __future__ import annotations

from typing import final

import pytest
import torch
from jaxtyping import Float
from torch import Tensor, nn

from auxseg.models.decoders import Decoder
from auxseg.models.encoders import Pyramid


@final
class _Doubling(Decoder):
    """Enlarges by two, adds the pyramid's level and multiplies by a weight of the step."""

    def __init__(self, num_steps: int) -> None:
        super().__init__()
        self.channels, self.levels = 1, tuple(range(num_steps))
        self.enter_channels = self.step_channels = (1,) * num_steps
        self.weights = nn.ParameterList(torch.tensor(step + 2.0) for step in range(num_steps))
        self.dropout = nn.Dropout(0.5)
        self.entered: list[int] = []

    def enter(self, step: int, x: Float[Tensor, "N _ _ _"], pyramid: Pyramid) -> Float[Tensor, "N C h w"]:
        self.entered.append(step)
        level = pyramid.features[len(self.step_channels) - 1 - step]
        return x.repeat_interleave(2, 2).repeat_interleave(2, 3) + level

    def body(self, step: int, u: Float[Tensor, "N C h w"], pyramid: Pyramid) -> Float[Tensor, "N D h w"]:
        return self.dropout(u * self.weights[step])


def _pyramid() -> Pyramid:
    """Levels of ones at 8, 4 and 2 pixels, the coarsest of which is where the climb begins."""
    return Pyramid(tuple(torch.ones(1, 1, size, size) for size in (8, 4, 2)), torch.Size((8, 8)))


def test_every_step_takes_what_the_one_before_gave() -> None:
    decoder = _Doubling(2).eval()
    found = decoder(_pyramid())
    assert decoder.entered == [0, 1]
    assert found.shape == (1, 1, 8, 8)
    assert (found == ((1 + 1) * 2 + 1) * 3).all()


def test_a_step_gives_what_stands_between_enter_and_body_too() -> None:
    decoder, pyramid = _Doubling(2).eval(), _pyramid()
    u, p = decoder.run(0, pyramid.features[-1], pyramid)
    assert (u == 2).all()
    assert (p == 4).all()


@pytest.mark.parametrize("checkpointing", [False, True])
def test_what_every_step_gives_is_noted_only_where_it_is_asked_for(*, checkpointing: bool) -> None:
    decoder = _Doubling(2).eval()
    decoder.checkpointing = checkpointing
    with decoder.steps_noted() as steps:
        found = decoder(_pyramid())
    decoder(_pyramid())
    assert [step.shape[-1] for step in steps] == [4, 8]
    assert (steps[0] == 4).all()
    assert steps[1] is found


def test_steps_that_are_computed_again_give_the_same_bits() -> None:
    found = []
    for checkpointing in (False, True):
        decoder = _Doubling(2).train()
        decoder.checkpointing = checkpointing
        torch.manual_seed(1)
        out = decoder(_pyramid())
        out.square().sum().backward()
        found.append((out.detach(), [weight.grad for weight in decoder.weights], decoder.entered))
    (plain, gradients, _), (again, gradients_again, entered) = found
    assert torch.equal(plain, again)
    assert gradients == gradients_again
    assert sorted(entered) == [0, 0, 1, 1]


def test_without_gradients_nothing_is_computed_twice() -> None:
    decoder = _Doubling(2)
    decoder.checkpointing = True
    with torch.no_grad():
        decoder(_pyramid())
    assert decoder.entered == [0, 1]


def test_keeps_everything_unless_told() -> None:
    assert _Doubling(1).checkpointing is False


def test_a_decoder_without_steps_of_its_own_is_none() -> None:
    with pytest.raises(TypeError, match="abstract"):
        type("Empty", (Decoder,), {})()
