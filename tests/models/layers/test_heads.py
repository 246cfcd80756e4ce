from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from auxseg.data.sample import Vocabulary
from auxseg.models import build_network
from auxseg.models.layers.heads import DenseHead, VectorHead, pool_to_grid
from auxseg.records.values.size import Size
from auxseg.tasks import BoxConfig
from auxseg.tasks.task import Dense, Vector
from tests.models.cases import MODELS, THREE_TASKS

LINEAR = (nn.Linear, nn.Conv2d)


@given(height=st.integers(1, 12), width=st.integers(1, 12), grid=st.integers(1, 8))
def test_pooling_is_adaptive_average_pooling(height: int, width: int, grid: int) -> None:
    x = torch.randn(2, 3, height, width, dtype=torch.float64)
    torch.testing.assert_close(pool_to_grid(x, grid), F.adaptive_avg_pool2d(x, grid))


def test_fault_04_head_and_task_learn_a_box_in_the_corner() -> None:
    """Everything between the features and the box: a ReLU anywhere would keep centre and size above one half."""
    task = BoxConfig(grid=1, hidden=8).build("box", Vocabulary(Size.of(32), ("background", "thing"), {}))
    network = build_network(MODELS["unet group"], {"box": task.output}, seed=0)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    image, corner = torch.rand(1, 3, 16, 16), torch.tensor([[0.0, 0.0, 0.1, 0.2]])
    for _ in range(60):
        optimizer.zero_grad()
        torch.cat(list(task.loss(network(image)["box"], corner).values())).sum().backward()
        optimizer.step()
    with torch.no_grad():
        output = network(image)["box"]
    assert (output < 0).all()
    torch.testing.assert_close(task.predict(output), corner, rtol=0, atol=0.05)


def test_fault_16_dense_head_can_say_no() -> None:
    """No ReLU cuts the logits off."""
    logits = DenseHead(8, Dense(3))(torch.randn(2, 8, 16, 16))
    assert logits.shape == (2, 3, 16, 16)
    assert (logits < 0).any()
    assert (logits > 0).any()


@pytest.mark.parametrize("name", [name for name in MODELS if "two-stage" in name or name in ("segnet", "residual")])
def test_fault_17_no_two_linear_layers_meet(name: str) -> None:
    """Linear layers (and dropout) in a row are one linear layer: an activation has to stand between them."""
    network = build_network(MODELS[name], {**THREE_TASKS, "hidden": Vector(2, hidden=8, dropout=0.5)}, seed=0)
    for branch in network.sharing.branches().values():
        layers = [layer for layer in branch.head.modules() if not list(layer.children())]
        layers = [layer for layer in layers if not isinstance(layer, nn.Dropout)]
        for layer, following in itertools.pairwise(layers):
            assert not (isinstance(layer, LINEAR) and isinstance(following, LINEAR))
    hidden = network.sharing.branches()["hidden"].head.eval()
    encoder, *_ = network.sharing.encoders().values()
    x = torch.randn(3, encoder.channels[-1], 4, 4)
    with torch.no_grad():
        assert not torch.allclose(hidden(x) + hidden(-x), 2 * hidden(torch.zeros_like(x)), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("output", "num_parameters"),
    [
        (Vector(2), 8 * 2 + 2),
        (Vector(4, grid=3), 8 * 9 * 4 + 4),
        (Vector(4, grid=2, hidden=10), (8 * 4 + 1) * 10 + (10 + 1) * 4),
    ],
)
def test_vector_head_has_the_layers_asked_for(output: Vector, num_parameters: int) -> None:
    head = VectorHead(8, output)
    assert sum(parameter.numel() for parameter in head.parameters()) == num_parameters
    assert head(torch.randn(3, 8, 5, 7)).shape == (3, output.size)


def test_fault_05_dropout_acts_in_training_only() -> None:
    head = VectorHead(64, Vector(2, hidden=64, dropout=0.5))
    x = torch.randn(4, 64, 2, 2)
    assert not torch.equal(head(x), head(x))
    head.eval()
    assert torch.equal(head(x), head(x))
