"""Which tasks share a picture, and what is refused."""

from __future__ import annotations

import pytest
import torch

from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.recipe import build_tasks, load_recipe
from auxseg.tasks import SegmentationConfig, Task
from auxseg.tasks.views import by_view
from tests.tasks.examples import VOCABULARY, make_batch


def _tasks(*settings: str) -> dict[str, Task]:
    return build_tasks(load_recipe("tiny-mtl", settings), VOCABULARY)


def _views(tasks: dict[str, Task]) -> dict[str, list[str]]:
    return {view.name: names for view, names in by_view(tasks.values()).items()}


def test_tasks_share_the_photograph_and_self_supervised_ones_have_their_own_picture() -> None:
    tasks = _tasks("tasks.colour={kind: colorization}", "tasks.noise={kind: denoising}", "tasks.edges={kind: edges}")
    assert _views(tasks) == {
        "image": ["segmentation", "classification", "box", "edges"],
        "own colour": ["colour"],
        "own noise": ["noise"],
    }


def test_the_targets_view_comes_first_whatever_the_order_of_tasks() -> None:
    tasks = _tasks("tasks.colour={kind: colorization}", "target=colour")
    assert next(iter(_views(tasks))) == "own colour"
    assert [name for name, task in tasks.items() if task.is_target] == ["colour"]


def test_a_shared_view_is_seen_by_all() -> None:
    tasks = _tasks("tasks.noise={kind: denoising, view: shared, std: 50}")
    assert _views(tasks) == {"own noise": ["segmentation", "classification", "box", "noise"]}
    batch = make_batch(2)
    seen = tasks["segmentation"].view.look(batch)
    assert not torch.equal(seen, batch.image)
    assert torch.equal(seen, tasks["noise"].view.look(batch))


def test_a_built_task_is_not_changed_by_the_recipe_it_is_part_of(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Task] = []
    build = SegmentationConfig.build

    def remembering(settings: SegmentationConfig, name: str, vocabulary: Vocabulary) -> Task:
        built.append(build(settings, name, vocabulary))
        return built[-1]

    monkeypatch.setattr(SegmentationConfig, "build", remembering)
    part = _tasks("tasks.noise={kind: denoising, view: shared}")["segmentation"]
    assert (part.is_target, part.view.name) == (True, "own noise")
    assert {(task.is_target, task.view.name) for task in built} == {(False, "image")}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            ["tasks.a={kind: denoising, view: shared}", "tasks.b={kind: colorization, view: shared}"],
            r"tasks\.b\.view is shared, and so is tasks\.a\.view",
        ),
        (
            ["tasks.a={kind: denoising, view: shared}", "tasks.turn={kind: rotation}"],
            r"tasks\.a\.view is shared, but turn needs its own picture",
        ),
        (["tasks.turn={kind: rotation, view: shared}"], r"tasks\.turn\.view: a turned picture would not fit"),
        (["tasks.a={kind: denoising, view: both}"], r"tasks\.a\.view is 'both'.*allowed: 'own' or 'shared'"),
    ],
)
def test_views_that_do_not_go_together_are_refused(settings: list[str], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        _tasks(*settings)
