"""Rules for gradients that do not fit a recipe are refused when it is read."""

from __future__ import annotations

import pytest

from auxseg.errors import InputError
from auxseg.recipe import load_recipe


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (
            ["balancer.kind=krum", "tasks.box=off"],
            r"^tiny-mtl: balancer.kind is 'krum', which needs 3 tasks .* found 2",
        ),
        (
            [
                "balancer.kind=krum",
                "training.phases=[{name: a, share: 0.5}, {name: b, share: 0.5, tasks: [segmentation, box]}]",
            ],
            r"^tiny-mtl: in phase 'b' of training.phases, balancer.kind is 'krum', which needs 3 tasks .* found 2",
        ),
        (["balancer={kind: graddrop, scope: features}"], "^tiny-mtl: balancer.scope is 'features', but graddrop"),
        (
            ["balancer={kind: mgda, scope: features}", "model.sharing={kind: cross-stitch}"],
            "^tiny-mtl: balancer.scope is 'features', but with model.sharing.kind=cross-stitch",
        ),
        (["balancer={kind: mgda, weights: {box: -1}}"], "balancer.weights.box is -1"),
        (["balancer={kind: mgda, weights: {segmentation: 0}}"], "gives the target 'segmentation' no weight"),
        (
            ["training.precision=fp16", "balancer.kind=mgda"],
            r"training.precision is 'fp16' \(fp16 needs scaled losses, which change every balancer",
        ),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(settings: list[str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        load_recipe("tiny-mtl", settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["tasks.rot={kind: rotation}"], "rot looks at another picture than segmentation"),
        (["model.encoder.freeze=all", "model.weights=timm"], "the encoder is frozen"),
    ],
)
def test_gradients_at_features_that_tell_nothing_are_refused(settings: list[str], message: str) -> None:
    base = "mobilenet-unet-mtl" if "model.weights=timm" in settings else "tiny-mtl"
    with pytest.raises(InputError, match=message):
        load_recipe(base, ["balancer={kind: mgda, scope: features}", *settings])


def _phase_of_heads(tasks: str) -> list[str]:
    settings = "{name: all, share: 0.5}, {name: heads, share: 0.5, train: [classification, box], tasks: "
    return ["balancer={kind: mgda, scope: features}", f"training.phases=[{settings}{tasks}}}]"]


def test_gradients_at_features_that_a_phase_does_not_train_are_refused() -> None:
    with pytest.raises(InputError, match=r"phase 'heads' of training\.phases does not train the encoder"):
        load_recipe("tiny-mtl", _phase_of_heads("[classification, box]"))


def test_a_phase_of_one_task_has_nothing_to_combine_and_need_not_train_the_encoder() -> None:
    assert len(load_recipe("tiny-mtl", _phase_of_heads("[box]")).training.phases) == 2
