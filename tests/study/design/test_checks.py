"""What a study refuses before anything is trained: data and targets that could give no answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.records.about import Choices
from auxseg.study.design import checks
from auxseg.study.design.checks import check_tasks, refuse_other_threads, refuse_without_test
from auxseg.study.design.config import check_study
from auxseg.study.design.plan import Plan, make_plan


def _plan(**values: Any) -> Plan:
    return make_plan(check_study({"base": "tiny", "auxiliaries": ["box"], "seeds": 1} | values))


@pytest.fixture
def opened(store: Path) -> Store:
    return Store.open(store)


def test_the_target_is_handed_on(opened: Store) -> None:
    target = check_tasks(_plan(), [opened])
    assert (target.name, target.is_target, target.main_figure) == ("segmentation", True, "iou_dataset")


@pytest.mark.parametrize(("kind", "figure"), [("edges", "f1"), ("denoising", "psnr"), ("distance", "mae_pixels")])
def test_a_target_without_shares_of_images_is_refused(kind: str, figure: str, opened: Store) -> None:
    with pytest.raises(InputError) as refused:
        check_tasks(_plan(settings=[f"tasks.other={{kind: {kind}}}", "target=other"]), [opened])
    assert str(refused.value) == (
        f"study: the target other is measured by {figure}, which has no values per image; expected a task that gives "
        "masks, classes or boxes"
    )


@pytest.mark.parametrize("kind", ["classification", "box"])
def test_classes_and_boxes_can_be_targets_too(kind: str, opened: Store) -> None:
    plan = _plan(auxiliaries=["edges"], settings=[f"tasks.other={{kind: {kind}}}", "target=other"])
    assert check_tasks(plan, [opened]).name == "other"


def test_an_auxiliary_without_a_training_label_is_refused(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[list[str], list[int]]] = []

    def lacking(tasks: dict[str, Any], loader: Any) -> list[str]:
        asked.append((sorted(tasks), sorted(opened.rows("train").tolist())))
        return ["box"]

    monkeypatch.setattr(checks, "without_labels", lacking)
    with pytest.raises(InputError, match=r"animals\.h5: no training sample has a label for box$"):
        check_tasks(_plan(auxiliaries=["box", "edges"]), [opened])
    assert [names for names, _ in asked] == [["box", "edges", "segmentation"]]  # of all arms


def test_shares_that_are_the_same_masks_are_refused(opened: Store) -> None:
    num_masks = int(opened.has_mask[opened.rows("train")].sum())
    half = num_masks // 2
    same = [half / num_masks, (half + 0.3) / num_masks]
    with pytest.raises(InputError) as refused:
        check_tasks(_plan(label_fractions=same), [opened])
    assert str(refused.value) == (
        f"study: label_fractions {same[0]:g} and {same[1]:g} both mean {half} masks of the training split; "
        "leave one out"
    )
    check_tasks(_plan(label_fractions=[half / num_masks, (half + 1) / num_masks, 1.0]), [opened])


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        (
            "data.size=999",
            r"arm data\.size=999: data\.size is 999, but .*animals\.h5 holds images of 32 px; leave it out",
        ),
        ("data.size=32", r"arm data\.size=32 is the same as target only with the data of .*animals\.h5: its settings"),
        ("data.augment=mild", r"arm data\.augment=mild is the same as target only with the data"),  # what auto means
        ("data.target_per_batch=4", r"arm data\.target_per_batch=4 is the same as target only with the data"),
    ],
)
def test_settings_that_these_data_make_impossible_or_idle_are_refused(setting: str, reason: str, opened: Store) -> None:
    masked = replace(opened, has_mask=np.ones_like(opened.has_mask))
    with pytest.raises(InputError, match=reason):
        check_tasks(_plan(auxiliaries=["box"], vary=[setting]), [masked])


def test_a_setting_that_changes_something_at_one_share_is_no_idle_one(opened: Store) -> None:
    masked = replace(opened, has_mask=np.ones_like(opened.has_mask))
    check_tasks(_plan(auxiliaries=["box"], vary=["data.target_per_batch=4"], label_fractions=[0.5, 1.0]), [masked])
    check_tasks(_plan(auxiliaries=["box"], vary=["data.size=16"]), [masked])


def test_a_setting_that_changes_something_in_one_fold_is_no_idle_one(opened: Store) -> None:
    masked = replace(opened, has_mask=np.ones_like(opened.has_mask))
    check_tasks(_plan(auxiliaries=["box"], vary=["data.target_per_batch=4"]), [masked, _lacking_a_mask(opened)])


def _lacking_a_mask(store: Store) -> Store:
    has_mask = np.ones_like(store.has_mask)
    has_mask[store.rows("train")[0]] = False
    return replace(store, has_mask=has_mask)


def test_labels_that_contradict_a_task_are_refused_before_anything_is_trained(
    opened: Store,
) -> None:
    plan = _plan(auxiliaries=["box-mask"])
    everywhere = np.full_like(opened.boxes, [0.0, 0.0, 1.0, 1.0])
    check_tasks(plan, [replace(opened, boxes=everywhere)])
    with pytest.raises(InputError) as refused:
        check_tasks(plan, [opened])  # whose boxes are those of heads
    assert "box-mask takes for granted that boxes surround all of the masks' foreground" in str(refused.value)
    assert str(refused.value).endswith("leave the task out of the study's auxiliaries")


def test_without_anything_to_test_on_there_is_no_verdict(opened: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    target = check_tasks(_plan(), [opened])
    refuse_without_test(target, [opened])
    monkeypatch.setattr(Store, "rows", lambda self, split: np.zeros(0, np.int64))
    with pytest.raises(InputError, match="no test sample has a label for segmentation, so no verdict is possible"):
        refuse_without_test(target, [opened])


@pytest.mark.parametrize(
    ("kept", "given"),
    [
        (Choices(), None),
        (Choices(), 4),
        (Choices(threads=2), None),
        (Choices(threads=2), 2),
        (Choices(precision="fp32"), 3),
    ],
)
def test_threads_may_be_left_out_or_the_same(kept: Choices, given: int | None) -> None:
    refuse_other_threads(kept, given, Path("studies/pets"))


def test_other_threads_are_refused() -> None:
    with pytest.raises(InputError) as refused:
        refuse_other_threads(Choices(threads=2), 1, Path("studies/pets"))
    assert str(refused.value).startswith("studies/pets: was begun with 2 thread(s) per run")
    assert str(refused.value).endswith("--threads is now 1; leave it out or give another --out")
