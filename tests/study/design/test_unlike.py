"""What else than its settings tells an arm from the target alone is said, and nothing where there is nothing."""

from __future__ import annotations

import pytest

from auxseg.study.design.config import check_study
from auxseg.study.design.plan import make_plan
from auxseg.study.design.unlike import unlike


def said(*settings: str, auxiliaries: tuple[str, ...] = ()) -> list[str]:
    arm = {"name": "other", "auxiliaries": list(auxiliaries), "settings": list(settings)}
    return list(unlike(make_plan(check_study({"base": "tiny", "arms": [arm], "seeds": 3}))))


@pytest.mark.parametrize(
    "setting", ["training.steps=12", "training.optimizer.rate=0.01", "data.target_per_batch=8", "data.augment=mild"]
)
def test_what_pairs_in_every_respect_is_not_mentioned(setting: str) -> None:
    assert said(setting) == []


def test_another_network_pairs_the_order_of_the_data_alone() -> None:
    (sentence,) = said("model.width=0.5")
    assert sentence.startswith("other: another network or other initial weights, so a seed pairs the order")


def test_another_size_has_the_same_images_but_not_the_same_pixels() -> None:
    (sentence,) = said("data.size=48")
    assert sentence == "other: images have another size, so the same image is compared, but not the same pixels."


def test_a_refinement_starts_as_the_network_without_it() -> None:
    assert said("model.refine_by=[edges]", auxiliaries=("edges",)) == []
