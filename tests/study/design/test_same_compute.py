"""What is counted is what the layers do, and it stretches the target's training to that of the most expensive arm."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from auxseg.data.sample import Vocabulary
from auxseg.models import outline
from auxseg.recipe import Recipe, build_tasks, load_recipe, with_changes
from auxseg.records.about import Choices, SameCompute
from auxseg.records.values.size import Size
from auxseg.study.design import same_compute as compute
from auxseg.study.design.arm import Arm
from auxseg.study.design.config import check_study
from auxseg.study.design.digests import arm_digest
from auxseg.study.design.plan import Plan, make_plan
from auxseg.study.design.same_compute import flops_per_image, longer, same_compute
from auxseg.study.directory.decisions import complete, lengthened
from auxseg.tasks.reuse.consistency import ConsistencyTask

LABELS = {"label": ("one", "other"), "species": ("cat", "dog"), "breed": ("red", "blue")}
VOCABULARY = Vocabulary(Size.of(32), ("background", "object"), LABELS, counts=dict.fromkeys(LABELS, (1, 1)))


def planned(**values: Any) -> Plan:
    values = {"base": "tiny", "auxiliaries": ["classification", "edges"], "controls": ["same-compute"]} | values
    return make_plan(check_study({"seeds": 1, **values}))


def multiplications(recipe: Recipe) -> tuple[int, int]:
    """Those of all convolutions for one image of 32 pixels, and those of the first of them."""
    tasks = build_tasks(recipe, VOCABULARY)
    network = outline(recipe.model, {name: task.output for name, task in tasks.items()}, recipe.target)
    found: list[int] = []

    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(layer, nn.Conv2d):
            found.append(layer.weight[0].numel() * output[0].numel())
        elif isinstance(layer, nn.ConvTranspose2d):
            found.append(layer.weight[0].numel() * inputs[0][0].numel())

    for layer in network.modules():
        layer.register_forward_hook(count)
    network(torch.zeros(2, 3, 32, 32, device="meta"))
    return sum(found), found[0]


@pytest.mark.parametrize("name", ["tiny", "unet", "mobilenet-unet", "segnet-1task-no-pretrained"])
def test_a_step_is_thrice_its_forward_pass_but_for_the_gradient_of_the_picture(name: str) -> None:
    recipe = load_recipe(name, ["tasks.edges.kind=edges"])
    whole, first = multiplications(recipe)
    assert flops_per_image(recipe, VOCABULARY) == 2 * (3 * whole - first)


def test_a_teacher_takes_a_forward_pass_of_the_heads_that_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = load_recipe("tiny", ["tasks.consistency.kind=consistency"])
    whole, _ = multiplications(load_recipe("tiny"))
    taught = flops_per_image(recipe, VOCABULARY)
    monkeypatch.setattr(ConsistencyTask, "needs_teacher", False)
    assert taught - flops_per_image(recipe, VOCABULARY) == 2 * whole


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (nn.Conv2d(8, 12, 3, padding=1, device="meta"), 12 * 8 * 9 * 100),
        (nn.Conv2d(8, 8, 3, padding=1, groups=8, device="meta"), 8 * 9 * 100),
        (nn.ConvTranspose2d(8, 4, 2, stride=2, device="meta"), 8 * 4 * 4 * 100),
    ],
)
def test_both_gradients_of_a_convolution_take_what_it_takes(layer: nn.Module, expected: int) -> None:
    images = torch.zeros(1, 8, 10, 10, device="meta", requires_grad=True)
    formulas = {torch.ops.aten.convolution_backward: compute._convolution_backward}
    with FlopCounterMode(display=False, custom_mapping=formulas) as counter:
        layer(images).sum().backward()
    assert counter.get_total_flops() == 3 * 2 * expected


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("mtl-attention", "model.weights=none"),
        ("residual-cross-stitch", "model.sharing.rows=null"),
        ("mtl-segnet-with-colorization", "model.weights=none"),
    ],
)
def test_every_sharing_scheme_can_be_counted_and_more_tasks_take_more(name: str, setting: str) -> None:
    recipe, fewer = (load_recipe(name, [setting, *more]) for more in ((), ("tasks.box=off",)))
    assert 0 < flops_per_image(fewer, VOCABULARY) < flops_per_image(recipe, VOCABULARY)


def test_a_picture_of_its_own_takes_a_pass_of_its_own() -> None:
    own, shared = (
        flops_per_image(load_recipe("tiny", [f"tasks.more={{kind: denoising, view: {view}}}"]), VOCABULARY)
        for view in ("own", "shared")
    )
    alone = flops_per_image(load_recipe("tiny"), VOCABULARY)
    assert own > 1.9 * alone
    assert shared < 1.9 * alone


def test_branches_take_what_their_tasks_take_alone() -> None:
    forked = flops_per_image(load_recipe("tiny-mtl", ["training.fork_merge={candidates: 3}"]), VOCABULARY)
    off = (["tasks.box=off", "tasks.classification=off"], ["tasks.box=off"], ["tasks.classification=off"])
    assert forked == sum(flops_per_image(load_recipe("tiny-mtl", settings), VOCABULARY) for settings in off)


def test_what_is_computed_again_is_not_counted() -> None:
    recipe = load_recipe("tiny-mtl")
    again = with_changes(recipe, model={"checkpointing": True})
    assert flops_per_image(again, VOCABULARY) == flops_per_image(recipe, VOCABULARY)


def test_the_most_expensive_arm_counts_and_no_control() -> None:
    plan = planned(controls=["noise", "same-compute"], auxiliaries=["classification", "rotation"])
    flops = {run.arm.name: flops_per_image(run.recipe, VOCABULARY) for run in plan.runs}
    found = same_compute(plan, VOCABULARY)
    assert flops["noise"] > flops["classification"]
    assert found.arm == max(("classification", "rotation", "classification + rotation"), key=lambda name: flops[name])
    assert found.factor == round(flops[found.arm] / flops["target only"], 3)
    assert found.factor > 1.25  # a turned picture takes the encoder a second time


@pytest.mark.parametrize(
    ("setting", "counts"),
    [
        ("training.fork_merge={candidates: 2}", True),
        ("training.fork_merge.candidates=2", True),
        ("balancer={kind: mgda}", True),
        ("balancer.kind=mgda", True),
        ("training.fork_merged=1", False),
        ("model.width=2", False),
    ],
)
def test_arms_with_another_balancer_or_branches_count_and_no_others(setting: str, counts: bool) -> None:
    assert compute._is_of_its_own(Arm(("edges",), settings=(setting,))) is not counts


@pytest.mark.parametrize("setting", ["training.fork_merge={candidates: 2}", "balancer={kind: mgda}"])
def test_such_an_arm_may_be_the_most_expensive(setting: str) -> None:
    own = {"name": "own", "auxiliaries": ["edges"], "settings": [setting]}
    found = same_compute(planned(auxiliaries=[], arms=[["edges"], own]), VOCABULARY)
    assert found.arm == "own"
    assert found.factor > same_compute(planned(auxiliaries=[], arms=[["edges"]]), VOCABULARY).factor


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("training.steps=1000", ("steps", 1437)), ("training.epochs=10", ("epochs", pytest.approx(14.37)))],
)
def test_a_longer_training_has_so_many_times_the_steps_or_epochs(setting: str, expected: tuple[str, Any]) -> None:
    recipe = load_recipe("tiny", [setting])
    key, value = expected
    stretched = longer(recipe, 1.437)
    assert getattr(stretched.training, key) == value
    assert longer(stretched, 1.0) == stretched
    assert with_changes(stretched, training={key: getattr(recipe.training, key)}) == recipe


def test_only_the_control_is_stretched_and_what_was_chosen_is_kept() -> None:
    plan = planned(settings=["training.steps=100"])
    measured = complete(Choices(threads=1), plan, VOCABULARY)
    assert measured == Choices(threads=1, same_compute=same_compute(plan, VOCABULARY))
    edges = next(arm for arm in plan.arms if arm.name == "edges")
    kept = Choices(same_compute=SameCompute(arm="edges", recipe=arm_digest(plan, edges), factor=2.5))
    assert complete(kept, plan, VOCABULARY) == kept
    assert complete(Choices(), planned(controls=[]), VOCABULARY) == Choices()
    stretched = lengthened(plan, kept)
    assert {(run.arm.name, run.recipe.training.steps) for run in stretched.runs if run.arm.is_longer} == {
        ("same-compute", 250)
    }
    assert {run.recipe.training.steps for run in stretched.runs if not run.arm.is_longer} == {100}
    described = "target only, trained 2.5 times as long (same compute as edges)"
    assert stretched.description(stretched.arms[-1]) == described
    assert stretched.description(stretched.arms[0]) is None


def test_it_is_counted_again_for_another_auxiliary_of_the_same_name() -> None:
    values = {"auxiliaries": ["edges"], "settings": ["training.steps=100"]}
    kept = complete(Choices(), planned(**values), VOCABULARY)
    assert complete(kept, planned(**values), VOCABULARY) == kept
    assert complete(kept, planned(auxiliaries=["box", "edges"], settings=values["settings"]), VOCABULARY) == kept
    other = planned(**values | {"settings": [*values["settings"], "tasks.edges={kind: box}"]})
    counted = complete(kept, other, VOCABULARY).same_compute
    assert counted == same_compute(other, VOCABULARY)
    assert counted is not None
    assert counted.arm == "edges"
    assert kept.same_compute is not None
    assert counted.factor < kept.same_compute.factor


def test_backward_passes_of_a_balancer_count() -> None:
    """Each of two tasks passes the encoder backwards, or with features both together once."""
    both = ["tasks.edges.kind=edges"]
    summed, by_task, by_features = (
        flops_per_image(load_recipe("tiny", [*both, f"balancer={balancer}"]), VOCABULARY)
        for balancer in ("{kind: equal}", "{kind: mgda}", "{kind: mgda, scope: features}")
    )
    alone = flops_per_image(load_recipe("tiny"), VOCABULARY)
    assert by_features == summed
    assert alone < by_task - summed + alone < 5 / 3 * alone  # a backward pass is two thirds of a step


@pytest.mark.parametrize(("balancer", "by_task"), [("{kind: famo}", True), ("{kind: dwa}", False)])
def test_passes_that_a_weighting_takes_more_in_a_step_of_parts_count(balancer: str, by_task: bool) -> None:
    settings = ["tasks.edges.kind=edges", f"balancer={balancer}"]
    whole, cut = (
        flops_per_image(load_recipe("tiny", [*settings, f"training.accumulate={parts}"]), VOCABULARY)
        for parts in (1, 2)
    )
    apart = flops_per_image(load_recipe("tiny", ["tasks.edges.kind=edges", "balancer.kind=mgda"]), VOCABULARY)
    assert cut == (apart if by_task else whole)
    assert whole < apart
