"""Weights by the gradients at shared features: what is combined by them, and that the encoder may be passed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

import pytest
import torch
from torch import Tensor, nn

from auxseg.balancing import Features, Step
from auxseg.balancing.combining.gram import gramian
from auxseg.errors import InputError
from tests.balancing.problem import COMBINING, nothing

NAMES = ("a", "b", "c")
IMAGES = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
KINDS = ("mgda", "pcgrad", "nash-mtl", "pcd", "gradnorm")


@final
class _Net(nn.Module):
    """An encoder of two stages, whose pyramid has both, a layer that two tasks share behind it, and a head for each."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.encoder, self.coarse, self.neck = nn.Linear(5, 4), nn.Linear(4, 4), nn.Linear(4, 4)
        self.heads = nn.ModuleDict({name: nn.Linear(4, 1) for name in NAMES})

    def losses(self, images: Tensor, features: Features | None = None) -> dict[str, Tensor]:
        """The share of these images in every mean loss; the graph is cut at the features, if they are asked for."""
        fine = self.encoder(images).tanh()
        pyramid = [fine, self.coarse(fine).tanh()]
        if features is not None:
            features.made[:] = pyramid
            features.cut[:] = pyramid = [each.detach().requires_grad_() for each in pyramid]
        inner = {"a": sum(pyramid), "b": self.neck(pyramid[0]), "c": self.neck(pyramid[1])}
        return {
            name: ((self.heads[name](inner[name]) - place) ** 2).sum() / len(IMAGES) for place, name in enumerate(NAMES)
        }


def _step(kind: str, cuts: Sequence[int], labelled: Sequence[str] = NAMES) -> tuple[_Net, dict[str, float]]:
    """A network with the gradients of one step, its images cut into parts."""
    network = _Net()
    balancer = COMBINING[kind](scope="features", weights={"b": 2.0}).build(NAMES, "a", 0)
    features = Features(parameters=[*network.encoder.parameters(), *network.coarse.parameters()])
    parts = IMAGES.split(list(cuts))
    balancer.begin_step(Step(0, len(parts), frozenset(labelled), list(network.parameters()), features))
    totals = dict.fromkeys(labelled, 0.0)
    for part in parts:
        losses = network.losses(part, features)
        balancer.backward(losses)
        totals = {name: total + losses[name].item() for name, total in totals.items()}
    return network, balancer.finish(totals, nothing)


def _expected(weights: Mapping[str, float], labelled: Sequence[str]) -> _Net:
    """The gradients of the sum of the losses with these weights; heads those of their own losses."""
    network = _Net()
    losses = network.losses(IMAGES)
    torch.stack([weights[name] * losses[name] for name in labelled]).sum().backward()
    for name in labelled:
        for parameter in network.heads[name].parameters():
            assert parameter.grad is not None
            parameter.grad *= {"b": 2.0}.get(name, 1.0) / weights[name]
    return network


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cuts", [[6], [2, 4], [1, 2, 3]])
@pytest.mark.parametrize("labelled", [NAMES, ("a", "b")])
def test_what_is_shared_gets_the_weighted_sum_however_the_step_is_cut(
    kind: str, cuts: list[int], labelled: Sequence[str]
) -> None:
    network, weights = _step(kind, cuts, labelled)
    _, whole = _step(kind, [6], labelled)
    assert weights == pytest.approx(whole, rel=1e-4, abs=1e-6)
    weights = {name: weight or 1e-12 for name, weight in weights.items()}
    expected = dict(_expected(weights, labelled).named_parameters())
    for name, parameter in network.named_parameters():
        other = expected[name].grad
        if name.startswith("heads") and name.split(".")[1] not in labelled:
            assert parameter.grad is None
        elif name.startswith("neck") and "c" not in labelled:  # the task b alone reaches it: its own gradient
            assert parameter.grad is not None
            assert other is not None
            torch.testing.assert_close(parameter.grad, other * 2.0 / weights["b"], rtol=1e-4, atol=1e-5)
        else:
            torch.testing.assert_close(parameter.grad, other, rtol=1e-4, atol=1e-5)


def test_the_weights_are_those_of_the_gradients_at_the_features() -> None:
    features = Features()
    losses = _Net().losses(IMAGES, features)
    rows = [
        torch.autograd.grad(scale * losses[name], features.cut, retain_graph=True, allow_unused=True)
        for name, scale in zip(NAMES, (1.0, 2.0, 1.0), strict=True)
    ]
    from auxseg.balancing.combining.descent.mgda import shortest

    shares = dict(zip(NAMES, shortest(gramian(rows)).tolist(), strict=True))
    assert _step("mgda", [6])[1] == pytest.approx({**shares, "b": 2.0 * shares["b"]}, rel=1e-4)


def test_one_task_alone_gets_its_own_gradient() -> None:
    network, weights = _step("mgda", [6], ("a",))
    assert weights == {"a": 1.0}
    reference = _Net()
    reference.losses(IMAGES)["a"].backward()
    for mine, other in zip(network.parameters(), reference.parameters(), strict=True):
        assert (mine.grad is None) == (other.grad is None)
        if mine.grad is not None:
            torch.testing.assert_close(mine.grad, other.grad)


def test_the_encoder_is_passed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    real = torch.autograd.grad

    def counting(outputs: object, inputs: Sequence[Tensor], *rest: object, **settings: object) -> object:
        calls.append(sum(tensor.shape == (4, 5) for tensor in inputs))  # the encoder's weights
        return real(outputs, inputs, *rest, **settings)  # pyright: ignore[reportCallIssue, reportArgumentType]

    monkeypatch.setattr(torch.autograd, "grad", counting)
    _step("mgda", [6])
    assert sum(calls) == 1
    calls.clear()
    _step("mgda", [3, 3])
    assert sum(calls) == 2 * len(NAMES)


def test_a_rule_of_single_numbers_is_refused() -> None:
    with pytest.raises(InputError, match=r"balancer.scope is 'features', but graddrop .* set balancer.scope=shared"):
        COMBINING["graddrop"](scope="features").build(NAMES, "a", 0)
