"""Every key that --set takes, with what it means."""

from __future__ import annotations

import json

import pytest

from auxseg.cli.main import main
from auxseg.errors import InputError
from auxseg.recipe import load_recipe


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
    assert f"settings {key}: unknown key (did you mean '{meant}'?)" in capsys.readouterr().err


def test_a_key_is_not_guessed_at() -> None:
    with pytest.raises(InputError):
        load_recipe("tiny", ["hue=0.1"])
