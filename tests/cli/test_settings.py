"""Every key that --set takes, with what it means."""

from __future__ import annotations

import json

import pytest

from auxseg.cli.main import main
from auxseg.errors import InputError
from auxseg.recipe import Recipe, load_recipe
from auxseg.recipe.keys import Setting, settings_of
from auxseg.recipe.words import MEANT

SETTINGS = settings_of(Recipe)


def _named(key: str, kind: str | None = None) -> Setting:
    (found,) = [each for each in SETTINGS if each.key == key and (kind is None or kind in each.kinds)]
    return found


def test_every_setting_says_what_it_means() -> None:
    assert [each.key for each in SETTINGS if not each.meaning] == []
    assert [each.key for each in SETTINGS if not each.type] == []


def test_type_default_and_meaning_are_those_of_the_class() -> None:
    assert _named("training.batch").type == "integer from 1 to 65536"
    assert _named("training.batch").default == "16"
    assert "samples of one optimiser step" in _named("training.batch").meaning
    assert _named("training.steps").type == "integer from 1 to 1000000000 | null"
    assert _named("training.optimizer.rate", "sgd").default == "0.05"
    assert _named("training.optimizer.kind").type == "adam | adamw | sgd"
    assert _named("training.optimizer.kind").default == "adamw"
    assert _named("balancer.weights.NAME", "fixed").type == "number from 0"
    assert _named("data.augment.hue").meaning.startswith("largest turn of the hue")
    assert _named("model.encoder.kind").default == "none, must be given"


@pytest.mark.parametrize("setting", ["training.steps=3", "data.augment.hue=0.1", "model.width=0.5", "seed=4"])
def test_a_key_that_is_listed_can_be_set(setting: str) -> None:
    _named(setting.partition("=")[0])
    load_recipe("tiny-mtl", [setting])


def test_what_people_call_settings_leads_to_keys_that_exist() -> None:
    keys = {each.key for each in SETTINGS}
    assert [word for word, key in MEANT.items() if key not in keys] == []


def test_a_key_chooses_what_stands_under_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "balancer.weights", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["settings"]
    assert {each["key"] for each in found} == {"balancer.weights.NAME"}
    assert main(["settings", "tasks.box.hidden"]) == 0
    shown = capsys.readouterr().out
    assert "tasks.NAME.hidden   (kind: box)\n    integer from 0 to 65536; default: 64\n" in shown
    assert max(map(len, shown.splitlines())) <= 100


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("lr", "training.optimizer.rate"),
        ("trainig", "training"),
        ("training.batchs", "training.batch"),
        ("hue", "data.augment.hue"),
    ],
)
def test_a_key_that_does_not_exist_is_answered_with_the_nearest(
    key: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["settings", key]) == 2
    assert f"settings {key}: there is no such key (did you mean '{meant}'?)" in capsys.readouterr().err


def test_a_key_is_not_guessed_at() -> None:
    with pytest.raises(InputError):
        load_recipe("tiny", ["hue=0.1"])
