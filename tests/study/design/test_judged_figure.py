"""Arms are judged by a figure that single images have a part in, the target's main one if none is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import build_tasks, load_recipe
from auxseg.report import study_page
from auxseg.study.design.judged_figure import judged_figure
from auxseg.tasks import Task
from tests.study.small import run_study, small_config


def task(kind: str, store: Path) -> Task:
    recipe = load_recipe("tiny", [f"tasks.other={{kind: {kind}}}", "target=other"])
    return build_tasks(recipe, Store.open(store).vocabulary)["other"]


@pytest.mark.parametrize(
    ("kind", "figures"),
    [
        ("segmentation", ["iou_dataset", "iou_image", "dice_image"]),
        ("classification", ["accuracy"]),
        ("box", ["iou"]),
    ],
)
def test_the_main_figure_is_judged_by_and_others_may_be(kind: str, figures: list[str], store: Path) -> None:
    target = task(kind, store)
    assert judged_figure(None, target) == figures[0]
    assert [judged_figure(name, target) for name in figures] == figures


@pytest.mark.parametrize(
    ("kind", "asked", "refusal"),
    [
        ("segmentation", "dice", "did you mean 'dice_image'?"),
        ("segmentation", "precision", "of other has no values per image; arms can be judged by iou_dataset, iou_image"),
        ("box", "mse_pixels", "figure mse_pixels of other has no values per image; arms can be judged by iou"),
        ("edges", "f1", "the target other is measured by f1, which has no values per image"),
    ],
)
def test_a_figure_that_no_image_has_is_refused(kind: str, asked: str, refusal: str, store: Path) -> None:
    with pytest.raises(InputError) as refused:
        judged_figure(asked, task(kind, store))
    assert refusal in str(refused.value)


def test_the_question_holds_the_figure(study: Path, store: Path) -> None:
    ask(study, store, "iou_dataset")  # the same question in other words
    with pytest.raises(InputError, match="figure was not given and is now iou_image; give another --out"):
        ask(study, store, "iou_image")


def test_a_study_is_judged_by_the_figure_that_it_asks_for(study: Path, store: Path) -> None:
    about = json.loads((study / "about.json").read_text())
    del about["question"], about["looked_at"]
    (study / "about.json").write_text(json.dumps(about))
    found = ask(study, store, "iou_image")
    assert found["figure"] == "iou_image"
    (answer,) = found["answers"]
    box = next(arm for arm in answer["arms"] if arm["name"] == "box")
    for side, arm in ((answer["baseline"], "target-only"), (box, "box")):
        assert side["name_of_figure"] == "iou_image"
        assert side["figure_per_seed"] == {"0": written(study, arm, 0), "1": written(study, arm, 1)}
    expected = [written(study, "box", seed) - written(study, "target-only", seed) for seed in range(2)]
    assert box["per_seed"] == {"0": pytest.approx(expected[0]), "1": pytest.approx(expected[1])}
    assert "points of iou_image" in box["sentence"]
    page = study_page(study).read_text()
    assert '<abbr title="iou_image">IoU (per image)</abbr>' in page
    assert "divided by the area that either covers, of each image" in page
    with pytest.raises(InputError, match="figure was iou_image and is now not given; give another --out"):
        run_study(small_config(), store, study)


def ask(study: Path, store: Path, figure: str) -> dict[str, Any]:
    return run_study(small_config(figure=figure), store, study)


def written(study: Path, arm: str, seed: int) -> float:
    (file,) = study.glob(f"runs/{arm}-masks1-seed{seed}-*/metrics.json")
    return float(json.loads(file.read_text())["figures"]["segmentation"]["iou_image"])
