from __future__ import annotations

import pytest
import torch

from auxseg.models import Network, build_network
from auxseg.models.branch import DenseBranch, HeadBranch, VectorBranch
from auxseg.tasks.task import Dense, Vector
from tests.models.cases import MODELS

OUTPUTS = {"segmentation": Dense(2), "edges": Dense(1), "classification": Vector(2)}


def _network() -> Network:
    return build_network(MODELS["unet"], OUTPUTS, seed=0)


def test_every_dense_task_has_its_own_decoder() -> None:
    branches = _network().sharing.branches()
    assert {name: type(branch) for name, branch in branches.items()} == {
        "segmentation": DenseBranch,
        "edges": DenseBranch,
        "classification": VectorBranch,
    }
    decoders = [branch.decoder for branch in branches.values() if isinstance(branch, DenseBranch)]
    assert decoders[0] is not decoders[1]


@pytest.fixture
def joined() -> Network:
    return build_network(MODELS["unet shared decoder"], OUTPUTS, seed=0)


def test_shared_decoder_runs_once_for_all_dense_tasks(joined: Network) -> None:
    kinds = {name: type(branch) for name, branch in joined.sharing.branches().items()}
    assert kinds == {"segmentation": HeadBranch, "edges": HeadBranch, "classification": VectorBranch}
    calls = []
    decoder = joined.sharing.get_submodule("decoder")
    decoder.register_forward_hook(lambda *_: calls.append(1))
    joined(torch.rand(1, 3, 32, 32))
    assert len(calls) == 1
    joined(torch.rand(1, 3, 32, 32), ["classification"])
    assert len(calls) == 1


def test_shared_decoder_is_moved_by_every_dense_task(joined: Network) -> None:
    shared = {id(parameter) for parameter in joined.shared_parameters()}
    decoder = joined.sharing.get_submodule("decoder")
    assert {id(parameter) for parameter in decoder.parameters()} < shared
    for task in ("segmentation", "edges"):
        joined.zero_grad()
        joined(torch.rand(2, 3, 32, 32))[task].sum().backward()
        assert all(parameter.grad is not None for parameter in decoder.parameters())


def test_the_encoder_is_what_is_shared() -> None:
    network = _network()
    assert network.shared_parameters() == network.encoder_parameters()


def test_tasks_that_are_not_asked_for_cost_nothing() -> None:
    network = _network()
    calls = []
    for name, branch in network.sharing.branches().items():
        branch.register_forward_hook(lambda *_, name=name: calls.append(name))
    network(torch.rand(1, 3, 32, 32), ["edges"])
    assert calls == ["edges"]
