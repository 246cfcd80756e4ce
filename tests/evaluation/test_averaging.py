"""Averaging over flips: the same as a network that does not tell left from right, where that means anything."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from auxseg.data.augment import mirror
from auxseg.errors import InputError
from auxseg.evaluation.averaging import outputs_of, refuse_averaging
from auxseg.evaluation.measure import Asked, measure
from auxseg.evaluation.mirrored import measure_mirrored
from auxseg.models import Network, build_network
from auxseg.recipe import build_tasks, load_recipe
from auxseg.tasks import Task
from auxseg.testing.examples import example_batch
from tests.evaluation.symmetric import symmetrise
from tests.run.conftest import SETTINGS
from tests.tasks.examples import TASKS, VOCABULARY, make_batch, make_output

CPU = torch.device("cpu")
OF_LABELS = (
    "segmentation", "segmentation-rare", "segmentation-layer", "classification", "box", "box-diou", "distance", "depth",
    "depth-losses", "normals", "map", "map-losses",
)  # fmt: skip
"""Tasks whose targets in a mirror image are the mirrored targets, to the last bit."""


def _made(*settings: str) -> tuple[Network, Mapping[str, Task]]:
    recipe = load_recipe("tiny-mtl", [*SETTINGS, *settings])
    tasks = build_tasks(recipe, VOCABULARY)
    return build_network(recipe.model, {name: each.output for name, each in tasks.items()}, 3, recipe.target), tasks


@pytest.mark.parametrize("name", OF_LABELS)
def test_an_output_is_as_wrong_of_a_mirror_image_as_it_is_mirrored_back_of_the_image(name: str) -> None:
    task, batch = TASKS[name], make_batch(3)
    output = make_output(task, 3)
    kept = output.clone()
    back = task.mirrored_back(output)
    assert torch.equal(output, kept)
    expected, found = task.loss(output, task.target(mirror(batch))), task.loss(back, task.target(batch))
    for term, value in expected.items():
        torch.testing.assert_close(found[term], value)
        assert not torch.allclose(task.loss(output, task.target(batch))[term], value) or name == "classification"


def test_figures_are_those_of_a_network_that_does_not_tell_left_from_right() -> None:
    network, tasks = _made()
    batches = [example_batch(5, VOCABULARY, seed) for seed in range(2)]
    once, twice = Asked(network, CPU, contextlib.nullcontext), Asked(network, CPU, contextlib.nullcontext, "flip")
    plain, averaged = measure(once, tasks, batches), measure(twice, tasks, batches)
    both = measure_mirrored(twice, tasks, batches).both
    symmetrise(network)
    expected = measure(once, tasks, batches)
    for name, task in tasks.items():
        assert task.figures(averaged.tables[name]) == pytest.approx(task.figures(expected.tables[name]), rel=1e-5)
        assert averaged.sums[name].keys() == plain.sums[name].keys()
        assert all(not torch.equal(value, plain.sums[name][term]) for term, value in averaged.sums[name].items())
        shares = {key: value for key, value in task.figures(expected.tables[name]).items() if "num_" not in key}
        assert {key: task.figures(both.tables[name])[key] for key in shares} == pytest.approx(shares, rel=1e-5)


def test_pictures_of_ones_own_are_asked_about_once() -> None:
    own = {"rotation": "{kind: rotation}", "noisy": "{kind: denoising}", "side": "{kind: flip, axis: horizontal}"}
    network, tasks = _made(*(f"tasks.{name}={values}" for name, values in own.items()))
    network.eval()
    batch = example_batch(3, VOCABULARY, 0)
    with torch.no_grad():
        plain, averaged = outputs_of(network, tasks, batch, "none"), outputs_of(network, tasks, batch, "flip")
    same = {name for name in tasks if torch.equal(plain[name], averaged[name])}
    assert same == set(own)


def test_in_half_precision_the_mean_is_float32() -> None:
    network, tasks = _made()
    seen: list[Tensor] = []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        seen += outputs_of(network.eval(), tasks, example_batch(2, VOCABULARY, 0), "flip").values()
    assert {each.dtype for each in seen} == {torch.float32}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (["tasks.x={kind: flip, axis: horizontal}", "target=x"], "left and right mean something for the target x"),
        (["tasks.x={kind: denoising}", "target=x"], "the target x sees a picture that is changed"),
    ],
)
def test_targets_without_a_mean_are_refused(settings: list[str], reason: str) -> None:
    recipe = load_recipe("tiny", settings)
    tasks = build_tasks(recipe, VOCABULARY)
    with pytest.raises(InputError, match=f"^runs/x: {reason}, so .*; leave out --tta flip$"):
        refuse_averaging("flip", tasks, recipe.target, "runs/x")
    refuse_averaging("none", tasks, recipe.target, "runs/x")
    refuse_averaging("flip", {"segmentation": tasks["segmentation"]}, recipe.target, "an export without its target")


def test_other_means_are_refused() -> None:
    _, tasks = _made()
    with pytest.raises(InputError, match=r"^tta is 'flips', expected none or flip$"):
        refuse_averaging("flips", tasks, "segmentation", "")  # pyright: ignore[reportArgumentType]
