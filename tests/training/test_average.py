"""The running average of weights."""

from __future__ import annotations

import torch
from torch import nn

from auxseg.training.average import WeightAverage


class _Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)


def _mean(network: _Network) -> torch.Tensor:
    assert network.norm.running_mean is not None
    return network.norm.running_mean


def test_follows_the_formula() -> None:
    network = _Network()
    average = WeightAverage(network, 0.9)
    expected = network.convolution.weight.detach().clone()
    for update in range(1, 30):
        with torch.no_grad():
            network.convolution.weight.add_(torch.randn_like(network.convolution.weight))
        average.update()
        decay = min(0.9, (1 + update) / (10 + update))
        expected = decay * expected + (1 - decay) * network.convolution.weight.detach()
    with average.swapped_in():
        torch.testing.assert_close(network.convolution.weight.detach(), expected)


def test_swapping_gives_the_weights_back() -> None:
    network = _Network()
    average = WeightAverage(network, 0.5)
    with torch.no_grad():
        network.convolution.weight.fill_(7.0)
        _mean(network).fill_(3.0)
    average.update()
    with average.swapped_in():
        assert not torch.equal(network.convolution.weight, torch.full_like(network.convolution.weight, 7.0))
        assert not torch.equal(_mean(network), torch.full((4,), 3.0))
    assert torch.equal(network.convolution.weight, torch.full_like(network.convolution.weight, 7.0))
    assert torch.equal(_mean(network), torch.full((4,), 3.0))


def test_no_decay_keeps_the_weights() -> None:
    network = _Network()
    average = WeightAverage(network, 0.0)
    average.update()
    before = network.convolution.weight.detach().clone()
    with average.swapped_in():
        assert torch.equal(network.convolution.weight, before)


def test_goes_on_from_its_state() -> None:
    network = _Network()
    one, other = WeightAverage(network, 0.9), WeightAverage(network, 0.9)
    with torch.no_grad():
        network.convolution.weight.add_(1.0)
    one.update()
    other.restore(one.state())
    for average in (one, other):
        average.update()
    assert all(torch.equal(a, b) for a, b in zip(one.state()["average"], other.state()["average"], strict=True))
