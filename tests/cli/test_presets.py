"""The list of presets: grouped, with numbers that are true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from auxseg.cli.main import main
from auxseg.cli.presets import _outline
from auxseg.presets import presets
from auxseg.recipe import load_recipe, to_values


def test_presets_are_grouped_with_size_time_and_score(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["presets"]) == 0
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    groups = [line.partition(":")[0] for line in lines if re.match(r"(start here|small|ancestors):", line)]
    assert groups == ["start here", "small", "ancestors"]
    assert "  tiny   0.6 M, 65.8 % IoU, 33 s" in lines
    assert max(map(len, lines)) <= 80
    assert [name for name in presets() if f"  {name}   " not in shown] == []
    assert shown.index("  mobilenet-unet ") < shown.index("  tiny ") < shown.index("  unet ")


def test_presets_as_json_have_what_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result["presets"]) == set(result["known"]) == set(presets())
    assert result["known"]["tiny"]["parameters"] == 635_986
    assert result["known"]["tiny"]["group"] == "small"


@pytest.mark.parametrize("name", sorted(presets()))
def test_a_preset_states_its_number_of_parameters(name: str) -> None:
    stated = re.search(r"^# parameters: (\d[\d,]*\d)", presets()[name].read_text(), re.M)
    assert stated
    assert stated[1] == f"{sum(_outline(load_recipe(name)).parts().values()):,}"


def test_a_recipe_of_ones_own_is_printed_with_its_parameters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(presets()["tiny"].read_text())
    assert main(["presets", str(path)]) == 0
    assert "#   total: 635,986" in capsys.readouterr().out


def test_a_recipe_that_freezes_says_how_many_parameters_are_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.yaml"
    frozen = to_values(load_recipe("mobilenet-unet", ["model.weights=w.safetensors", "model.encoder.freeze=all"]))
    path.write_text(yaml.safe_dump(frozen))
    assert main(["presets", str(path)]) == 0
    counts = dict(re.findall(r"^#   (.+): ([\d,]+)$", capsys.readouterr().out, re.M))
    numbers = {part: int(number.replace(",", "")) for part, number in counts.items()}
    assert numbers["trained"] == numbers["total"] - numbers["encoder"]
