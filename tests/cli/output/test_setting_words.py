"""Settings that are given as options are answered with the key that is meant; options are left alone."""

from __future__ import annotations

import dataclasses

import pytest

from auxseg.cli.output.setting_words import _OPTIONS, refuse_settings_as_options
from auxseg.cli.study.command import Study
from auxseg.cli.train import Train
from auxseg.errors import InputError
from auxseg.recipe.words import MEANT


def _said(*arguments: str) -> str:
    with pytest.raises(InputError) as refused:
        refuse_settings_as_options(arguments)
    return str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "option", "answer"),
    [
        (["--epochs", "5"], "--epochs", "training.epochs=5"),
        (["--epochs=5"], "--epochs", "training.epochs=5"),
        (["--batch-size", "8"], "--batch-size", "training.batch=8"),
        (["--batch_size=8"], "--batch_size", "training.batch=8"),
        (["--lr", "1e-3", "--epochs", "5"], "--lr", "training.optimizer.rate=1e-3"),
        (["--pretrained"], "--pretrained", "model.weights=VALUE"),
        (["--pretrained", "--json"], "--pretrained", "model.weights=VALUE"),
        (["--epochs="], "--epochs", "training.epochs=VALUE"),
        (["--rate", "-1"], "--rate", "training.optimizer.rate=-1"),
    ],
)
def test_the_answer_is_a_line_that_can_be_typed(arguments: list[str], option: str, answer: str) -> None:
    expected = f"train has no option {option}; --set changes settings of the recipe: --set {answer}"
    assert _said("train", "tiny", *arguments) == expected


def test_the_command_is_named() -> None:
    assert _said("study", "--steps", "5").startswith("study has no option --steps; ")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["train"],
        ["train", "tiny", "--data", "x.h5", "--seed", "1", "--threads=2"],
        ["train", "tiny", "--set", "epochs=5"],  # no option; answered where settings are read
        ["train", "epochs"],
        ["train", "--epoch", "5"],  # no word for a setting, so the command itself says so
        ["study", "--weights", "box=0.5", "--seeds", "3", "--workers", "2"],
        ["evaluate", "runs/a", "--batch", "5"],
        ["data", "synthesize", "--size", "32"],
    ],
)
def test_everything_else_is_left_to_the_command(arguments: list[str]) -> None:
    refuse_settings_as_options(arguments)


def test_weights_are_an_option_of_a_study_and_a_setting_of_a_training() -> None:
    assert _said("train", "--weights", "timm").endswith("--set model.weights=timm")


@pytest.mark.parametrize(("name", "command"), [("train", Train), ("study", Study)])
def test_every_option_of_a_command_that_sounds_like_a_setting_is_known(name: str, command: type[Train | Study]) -> None:
    options = {field.name for field in dataclasses.fields(command)}
    assert options & MEANT.keys() <= set(_OPTIONS[name]) <= options
