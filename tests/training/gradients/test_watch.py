"""A look at the tasks' gradients: what it shows, when there is none, and that nothing shows it was taken."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from auxseg.data.loading.batch import Batch
from auxseg.models.stages import shared_by_stage
from auxseg.tasks import task_loss
from auxseg.training.gradients.conflict import EVERYWHERE, Look
from auxseg.training.gradients.watch import look
from auxseg.training.learner import Learner
from tests.tasks.examples import erase, make_batch
from tests.training.learning import make_learner, make_tasks, same, weights_of

ALL = torch.ones(4, dtype=torch.bool)


def _looked(learner: Learner, batch: Batch, **tasks: Any) -> Look | None:
    asked = {**learner.tasks, **tasks}
    targets = {name: task.target(batch) for name, task in asked.items()}
    totals = {
        name: {term: count.sum().item() for term, count in task.counts(targets[name]).items()}
        for name, task in asked.items()
    }
    return look(learner.network, asked, batch, targets, totals, learner.runtime, "fp32")


def _flat_gradients(learner: Learner, batch: Batch) -> dict[str, torch.Tensor]:
    """Of every task's own loss, on all shared parameters in one vector."""
    parameters = learner.network.shared_parameters()
    outputs = learner.network(batch.image)
    found = {}
    for name, task in learner.tasks.items():
        target = task.target(batch)
        totals = {term: count.sum().item() for term, count in task.counts(target).items()}
        loss = task_loss(task, outputs[name], target, totals)
        gradients = torch.autograd.grad(loss, parameters, retain_graph=True)
        found[name] = torch.cat([gradient.flatten() for gradient in gradients])
    return found


def test_norms_and_cosines_are_those_of_the_losses_on_the_shared_weights() -> None:
    learner, batch = make_learner(), make_batch(4)
    learner.network.eval()  # dropout would draw
    seen = _looked(learner, batch)
    assert seen is not None
    expected = _flat_gradients(learner, batch)
    for name, gradient in expected.items():
        assert seen.norms[name][EVERYWHERE] == pytest.approx(gradient.norm().item(), rel=1e-4)
    cosine = torch.cosine_similarity(expected["mask"], expected["species"], 0)
    assert seen.cosines["species"][EVERYWHERE] == pytest.approx(cosine.item(), abs=1e-5)
    assert list(seen.norms["mask"]) == [EVERYWHERE, *shared_by_stage(learner.network)]
    assert list(seen.cosines) == list(seen.affinities) == ["species"]
    assert math.isfinite(seen.affinities["species"])
    assert seen.seconds > 0


def test_a_step_for_a_task_like_the_target_helps_it_as_much_as_it_helps_itself() -> None:
    """The twin has a head of its own weights; with the same ones its affinity is the share that a step lowers."""
    tasks = make_tasks() | {"twin": make_tasks()["mask"]}
    tasks["twin"].name, tasks["twin"].is_target = "twin", False
    learner, batch = make_learner(tasks=tasks), make_batch(4)
    branches = learner.network.sharing.branches()
    with torch.no_grad():  # heads start almost at zero, where a step of the length that is allowed lowers little
        branches["mask"].get_submodule("head.logits").get_parameter("weight").mul_(30)
    branches["twin"].load_state_dict(branches["mask"].state_dict())
    seen = _looked(learner, batch)
    assert seen is not None
    assert seen.cosines["twin"][EVERYWHERE] == pytest.approx(1, abs=1e-5)
    assert seen.norms["twin"] == pytest.approx(seen.norms["mask"], rel=1e-5)
    assert seen.affinities["twin"] == pytest.approx(0.01, rel=0.2)
    assert seen.affinities["twin"] > seen.affinities["species"]


def test_it_leaves_no_trace() -> None:
    learner, batch = make_learner(norm="batch"), make_batch(4)
    learner.network.train()
    before, numbers = weights_of(learner), torch.get_rng_state()
    assert _looked(learner, batch) is not None
    assert same(before, weights_of(learner))  # weights and running statistics
    assert torch.equal(torch.get_rng_state(), numbers)
    assert all(parameter.grad is None for parameter in learner.network.parameters())
    assert all(module.training for module in learner.network.modules())


def test_dropout_drops_what_the_step_drops() -> None:
    learner, batch = make_learner(), make_batch(4)
    learner.network.train()
    torch.manual_seed(11)
    seen = _looked(learner, batch)
    expected = _flat_gradients(learner, batch)["species"]
    assert seen is not None
    assert seen.norms["species"][EVERYWHERE] == pytest.approx(expected.norm().item(), rel=1e-4)


@pytest.mark.parametrize("missing", ["mask", "species"])
def test_without_the_target_or_any_auxiliary_there_is_nothing_to_compare(missing: str) -> None:
    learner, batch = make_learner(), make_batch(4)
    nothing = erase(batch, ALL)
    label = {"mask": {"mask": nothing.mask}, "species": {"classes": nothing.classes}}[missing]
    assert _looked(learner, replace(batch, **label)) is None


def test_a_task_without_a_label_in_this_batch_is_left_out() -> None:
    twin = make_tasks()["species"]
    twin.name = "other"
    learner, batch = make_learner(tasks=make_tasks() | {"other": twin}), make_batch(4)
    other = replace(batch, classes={**batch.classes, "species": erase(batch, ALL).classes["species"]})
    twin.target = lambda batch: other.classes["species"]
    seen = _looked(learner, batch)
    assert seen is not None
    assert list(seen.norms) == ["mask", "species"]
    assert list(seen.affinities) == ["species"]


def test_parameters_that_do_not_learn_are_not_looked_at() -> None:
    learner, batch = make_learner(), make_batch(4)
    stages = shared_by_stage(learner.network)
    first, *_ = stages
    for parameter in stages[first]:
        parameter.requires_grad_(False)
    seen = _looked(learner, batch)
    assert seen is not None
    assert list(seen.norms["mask"]) == [EVERYWHERE, *list(stages)[1:]]
    for parameter in learner.network.shared_parameters():
        parameter.requires_grad_(False)
    assert _looked(learner, batch) is None
