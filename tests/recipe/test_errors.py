"""One sentence says which key is wrong, what was expected and what was found, with the word that was probably meant."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from auxseg.config import config
from auxseg.errors import InputError
from auxseg.recipe import load_recipe
from auxseg.recipe.errors import LONGEST_FOUND, sentence


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["model.widht=2"], "model.widht is not a setting (did you mean 'width'?)"),
        (["trainig.steps=2"], "trainig is not a setting (did you mean 'training'?)"),
        (["model.encoder.kind=unett"], "model.encoder.kind is 'unett' (did you mean 'unet'?)"),
        (["model.encoder.chanels=[8]"], "model.encoder.chanels is not a setting (did you mean 'channels'?)"),
        (["training.precision=bf61"], "training.precision is 'bf61'"),
        (["training.optimizer.kind=adm"], "training.optimizer.kind is 'adm'"),
        (["training.batch=0"], "training.batch is 0: input should be greater than or equal to 1"),
        (["model.width=-1"], "model.width is -1"),
        (["tasks.segmentation.lossess={}"], "tasks.segmentation.lossess is not a setting"),
        (["tasks.more={label: breed}"], "tasks.more.kind is missing"),
        (["tasks={}"], "tasks is {}, expected at least 1 entry"),
        (["tasks.segmentation.losses={}"], "tasks.segmentation.losses is {}, expected at least 1 entry"),
        (["tasks.segmentation.losses={dice: -1}"], "tasks.segmentation.losses.dice is -1"),
        (["balancer.gate={segmentation: 0}"], "greater than 0"),
        (["balancer.kind=dwaa"], "balancer.kind is 'dwaa' (did you mean 'dwa'?)"),
        (["balancer={kind: dwa, temprature: 2}"], "balancer.temprature is not a setting (did you mean 'temperature'?)"),
        (["balancer={kind: dwa, every: 0}"], "balancer.every"),
        (["balancer={kind: equal, weights: {segmentation: 1}}"], "balancer.weights is not a setting"),
        (["balancer={kind: uncertainty, form: kendal}"], "did you mean 'kendall'"),
        (["training=3"], "training is 3"),
        (["training.phases=[{name: a, shre: 1}]"], "training.phases.0.shre is not a setting (did you mean 'share'?)"),
        (["data.augment.scale=[2, 1]"], "data.augment"),
        (["model.width=1.0e+9"], "model.width is 1000000000: input should be less than or equal to 8"),
        (["training.batch=1.0e+12"], "training.batch is 1000000000000: input should be less than or equal to 65536"),
        (["training.steps=1.0e+30"], "training.steps is 1e+30"),
        (["training.epochs=.inf"], "training.epochs is inf"),
        (["training.validate_every=.inf"], "training.validate_every is inf"),
        (["model.encoder.channels=[1000000000]"], "model.encoder.channels.0 is 1000000000"),
        (["model.encoder={kind: residual, num_units: 1000000000}"], "model.encoder.num_units is 1000000000"),
        (["tasks.n={kind: noise, channels: 1000000000}"], "tasks.n.channels is 1000000000"),
        (["tasks.box={kind: box, grid: 100000}"], "tasks.box.grid is 100000"),
        ([f"tasks={{{', '.join(f't{n}: {{kind: flip}}' for n in range(65))}}}"], "at most 64"),
        (["seed=-1"], "seed is -1"),
        (["tasks.segmentation.class_weights=balansed"], "is 'balansed' (did you mean 'balanced'?)"),
        (["tasks.segmentation.class_weights=3"], "class_weights is 3; allowed: 'balanced', or a value for each name"),
        (["tasks.segmentation.class_weights=[1, 2]"], "or a value for each name, such as {pole: 3}"),
        (["data.augment=wild"], "(did you mean 'mild'?); allowed: 'auto', 'none', 'mild' or 'strong', or a mapping"),
        (["data.augment.scale=3"], "data.augment.scale is 3: expected a list of values in brackets"),
        (["data.augment.scale=[1]"], "data.augment.scale is [1]: expected at least 2 values"),
        (["model.sharing=mtan"], "is 'mtan': expected a mapping of settings; write model.sharing.kind=mtan"),
        (["model.sharing=3"], "is 3: expected a mapping of settings; known kinds: cross-stitch, hard, mtan, two-stage"),
        (["balancer=pcgrad"], "balancer is 'pcgrad': expected a mapping of settings; write balancer.kind=pcgrad"),
        (["data.crop=64"], "data.crop is 64: expected a mapping of settings"),
        (["data.crop.size=32x48"], "input should be a valid integer (windows are square)"),
        (["model.weights=null"], "input should be a valid string (none stands for random weights)"),
        (["tasks.segmentation.losses=focal"], "is 'focal': expected a mapping of names to values"),
        (["tasks.segmentation.class_weights={pole: -1}"], "tasks.segmentation.class_weights.pole is -1: input should"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(settings: list[str], expected: str) -> None:
    with pytest.raises(InputError) as error:
        load_recipe("tiny", settings)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_mistakes_inside_of_a_choice_are_named() -> None:
    with pytest.raises(InputError, match=r"data\.augment\.flp is not a setting \(did you mean 'flip'\?\)"):
        load_recipe("tiny", {"data.augment.flp": 0.25})


@config
class Round:
    kind: Literal["round"] = "round"
    radius: Annotated[float, Field(gt=0)] = 1.0


@config
class Square:
    kind: Literal["square", "block"] = "square"
    side: int = 2
    colours: tuple[str, ...] = ()


@config
class Drawing:
    shape: Annotated[Round | Square, Field(discriminator="kind")]
    tasks: Annotated[dict[str, Annotated[Round | Square, Field(discriminator="kind")]], Field(min_length=1)]
    inner: Square | Literal["none"] = "none"
    names: Annotated[tuple[str, ...], Field(min_length=2)] = ("a", "b")
    mode: Literal["fast", "slow"] = "fast"


def said(**changes: Any) -> str:
    values: dict[str, Any] = {"shape": {"kind": "round"}, "tasks": {"a": {"kind": "round"}}} | changes
    with pytest.raises(ValidationError) as error:
        TypeAdapter(Drawing).validate_python({key: value for key, value in values.items() if value is not ...})
    return sentence(error.value, Drawing)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"nmaes": 3},
            "nmaes is not a setting (did you mean 'names'?); allowed here: inner, mode, names, shape, tasks",
        ),
        ({"qq": 3}, "qq is not a setting; allowed here: inner, mode, names, shape, tasks"),
        (
            {"lr": 3},
            "lr is not a setting (did you mean 'training.optimizer.rate'?); allowed here: inner, mode, names, ",
        ),
        ({"batch-size": 3}, "batch-size is not a setting (did you mean 'training.batch'?); allowed here: inner, "),
        (
            {"shape": {"kind": "round", "raduis": 1}},
            "shape.raduis is not a setting (did you mean 'radius'?); allowed here: kind, radius",
        ),
        (
            {"shape": {"kind": "block", "lr": 1}},
            "shape.lr is not a setting; allowed here: colours, kind, side",
        ),
        (
            {"tasks": {"a": {"kind": "round", "raduis": 1}}},
            "tasks.a.raduis is not a setting (did you mean 'radius'?); allowed here: kind, radius",
        ),
        ({"shape": ...}, "shape is missing"),
        (
            {"shape": {"kind": "rund"}},
            "shape.kind is 'rund' (did you mean 'round'?); allowed: 'round', 'square', 'block'",
        ),
        (
            {"tasks": {"a": {"kind": "mine"}}},
            "tasks.a.kind is 'mine'; allowed: 'round', 'square', 'block'; a kind of your own needs --plugins FILE.py",
        ),
        (
            {"shape": {"side": 3}},
            "shape.kind is missing; it says which kind of shape this is; known kinds: round, square, block",
        ),
        (
            {"tasks": {"a": {}}},
            "tasks.a.kind is missing; it says which kind of a this is; known kinds: round, square, block",
        ),
        ({"mode": "fsat"}, "mode is 'fsat' (did you mean 'fast'?); allowed: 'fast' or 'slow'"),
        ({"mode": 3}, "mode is 3; allowed: 'fast' or 'slow'"),
        ({"names": ["a"]}, "names is ['a'], expected at least 2 entries"),
        ({"tasks": {}}, "tasks is {}, expected at least 1 entry"),
        ({"shape": {"kind": "round", "radius": 0}}, "shape.radius is 0: input should be greater than 0"),
        (
            {"shape": {"kind": "square", "colours": ["a", 3]}},
            "shape.colours.1 is 3: input should be a valid string",
        ),
        (
            {"inner": {"sied": 3}},
            "inner.sied is not a setting (did you mean 'side'?); allowed here: colours, kind, side",
        ),
    ],
)
def test_every_kind_of_mistake_has_its_sentence(changes: dict[str, Any], expected: str) -> None:
    found = said(**changes)
    assert found.startswith(expected)
    assert expected.endswith(" ") or found == expected


def test_a_long_value_is_cut() -> None:
    found = said(mode="x" * 1000)
    assert found == f"mode is '{'x' * (LONGEST_FOUND - 1)}...; allowed: 'fast' or 'slow'"


def test_what_is_no_mapping_at_all_is_called_the_recipe() -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(Drawing).validate_python(3)
    assert sentence(error.value, Drawing).startswith("the recipe is 3: expected a mapping of settings")
