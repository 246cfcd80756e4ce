from __future__ import annotations

import torch

from auxseg.models import Network, build_network
from auxseg.models.branch import DenseBranch, VectorBranch
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
