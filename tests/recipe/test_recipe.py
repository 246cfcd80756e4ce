"""A whole run as one value: its length, its augmentation, and what of it changes no bit of a result."""

from __future__ import annotations

from typing import Any

import pytest

from auxseg.data.augment import MILD, NO_AUGMENTATION, AugmentConfig
from auxseg.recipe import load_recipe, to_values, what_matters, with_changes
from auxseg.recipe.recipe import DataConfig, TrainingConfig


@pytest.mark.parametrize(("epochs", "num_samples", "steps"), [(30, 270, 507), (1, 1, 1), (0.5, 64, 2), (2, 17, 3)])
def test_epochs_become_steps(epochs: float, num_samples: int, steps: int) -> None:
    recipe = load_recipe("tiny", {"training.epochs": epochs, "training.batch": 16})
    assert recipe.training.num_steps(num_samples) == steps


@pytest.mark.parametrize(
    ("validate_every", "num_samples", "steps"), [(1, 64, 4), (1, 65, 5), (2.5, 64, 10), (0.01, 64, 1), (0.5, 80, 2)]
)
def test_epochs_between_validations_become_steps(validate_every: float, num_samples: int, steps: int) -> None:
    training = TrainingConfig(steps=1, batch=16, validate_every=validate_every)
    assert training.steps_per_validation(num_samples) == steps
    assert training.steps_per_epoch(num_samples) == (5 if num_samples > 64 else 4)


def test_augmentation_is_mild_from_random_weights_and_strong_for_pretrained_ones() -> None:
    data = load_recipe("tiny").data
    assert data.augmentation(pretrained=False) == MILD
    assert data.augmentation(pretrained=True) == AugmentConfig()
    chosen = load_recipe("tiny", {"data.augment.flip": 0.25}).data
    assert chosen.augmentation(pretrained=False) == AugmentConfig(flip=0.25)


@pytest.mark.parametrize(("augment", "meant"), [("none", NO_AUGMENTATION), ("mild", MILD), ("strong", AugmentConfig())])
@pytest.mark.parametrize("pretrained", [True, False])
def test_an_augmentation_that_is_named_is_meant_whatever_the_weights(
    augment: Any, meant: Any, pretrained: bool
) -> None:
    assert DataConfig(augment=augment).augmentation(pretrained=pretrained) == meant


def test_steps_are_steps_whatever_the_data() -> None:
    assert [TrainingConfig(steps=7).num_steps(count) for count in (0, 1, 10**6)] == [7, 7, 7]


def test_some_settings_of_some_sections_are_replaced_and_nothing_else() -> None:
    recipe = load_recipe("tiny")
    changed = with_changes(recipe, training={"steps": 5, "batch": 2}, data={"size": 32})
    assert (changed.training.steps, changed.training.batch, changed.data.size) == (5, 2, 32)
    assert with_changes(
        changed,
        training={"steps": recipe.training.steps, "batch": recipe.training.batch},
        data={"size": recipe.data.size},
    ) == recipe  # fmt: skip
    assert recipe == load_recipe("tiny")
    with pytest.raises(TypeError, match="stpes"):
        with_changes(recipe, training={"stpes": 5})


@pytest.mark.parametrize(
    ("setting", "matters"),
    [
        ("model.checkpointing=true", False),
        ("data.workers=3", False),
        ("training.watch=25", False),
        ("training.steps=7", True),
        ("training.accumulate=2", True),
        ("training.precision=fp32", True),
        ("data.size=32", True),
        ("data.order=blocks", True),
        ("model.width=0.5", True),
        ("model.encoder.freeze=null", False),
        ("model.encoder.lora=null", False),
        ("seed=3", True),
        ("tasks.edges={kind: edges}", True),
        ("tasks.segmentation.class_weights=null", False),
        ("tasks.segmentation.class_weights=balanced", True),
        ("tasks.segmentation.class_weights.pole=2", True),
    ],
)
def test_only_what_changes_no_bit_does_not_matter(setting: str, matters: bool) -> None:
    plain, changed = (what_matters(to_values(load_recipe("tiny", each))) for each in ([], [setting]))
    assert (plain != changed) is matters


def test_the_size_of_blocks_matters_where_there_are_any() -> None:
    def values(order: str, block: int) -> dict[str, Any]:
        made = to_values(load_recipe("tiny", {"data.order": order}))
        return what_matters(made | {"data": made["data"] | {"block": block}})

    assert values("shuffled", 4) == values("shuffled", 8)
    assert values("blocks", 4) != values("blocks", 8)


def test_runs_of_versions_without_losses_for_rare_classes_are_found() -> None:
    """Their settings are not among what matters as long as they say nothing."""
    losses = {"cross_entropy": 1.0, "dice": 1.0}
    matters = what_matters(to_values(load_recipe("tiny")))["tasks"]["segmentation"]
    assert matters == {"kind": "segmentation", "losses": losses, "beta": 1.0}
    other = what_matters(to_values(load_recipe("tiny", ["tasks.segmentation.losses={focal: 1}"])))
    changed = load_recipe("tiny", ["tasks.segmentation.losses={focal: 1}", "tasks.segmentation.focal_gamma=1"])
    assert other != what_matters(to_values(changed))


def test_depth_that_is_kept_under_zoom_is_nothing_new() -> None:
    plain, kept, divided = (
        what_matters(to_values(load_recipe("tiny", ["tasks.depth={kind: depth}", *each])))["tasks"]["depth"]
        for each in ([], ["tasks.depth.on_zoom=keep"], ["tasks.depth.on_zoom=divide"])
    )
    assert plain == kept == {"kind": "depth", "layer": None, "losses": {"l1": 1.0}, "variance_focus": 0.5}
    assert divided == {**plain, "on_zoom": "divide"}


def test_a_layer_that_is_not_named_is_nothing_new() -> None:
    """As in recipes of versions before there were layers."""
    plain, named = (
        what_matters(to_values(load_recipe("tiny", each)))["tasks"]["segmentation"]
        for each in ([], ["tasks.segmentation.layer=parts"])
    )
    assert "layer" not in plain
    assert named == {**plain, "layer": "parts"}


def test_what_matters_leaves_the_values_as_they_are() -> None:
    values = to_values(load_recipe("tiny"))
    what_matters(values)
    assert values == to_values(load_recipe("tiny"))


def test_what_earlier_versions_did_not_know_matters_only_where_it_says_something() -> None:
    phases = "training.phases=[{name: a, share: 0.5}, {name: b, unfreeze: true}]"
    values = what_matters(to_values(load_recipe("tiny", [phases])))
    assert not {"freeze", "lora"} & values["model"]["encoder"].keys()
    assert ["unfreeze" in phase for phase in values["training"]["phases"]] == [False, True]


@pytest.mark.parametrize(
    ("task", "setting"),
    [
        ("{kind: distance}", "layer=cells"),
        ("{kind: classification}", "crops=drop"),
        ("{kind: tags}", "crops=drop"),
    ],
)
def test_settings_that_came_later_count_only_where_they_say_something(task: str, setting: str) -> None:
    plain = what_matters(to_values(load_recipe("tiny", [f"tasks.more={task}"])))["tasks"]["more"]
    changed = what_matters(to_values(load_recipe("tiny", [f"tasks.more={task}", f"tasks.more.{setting}"])))["tasks"]
    key, _, value = setting.partition("=")
    assert key not in plain
    assert changed["more"] == plain | {key: value}
