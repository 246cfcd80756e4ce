"""How well rankings agree with full studies, on made-up results and beside scipy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from auxseg.records.values.writing import to_json
from auxseg.study.answers.agreement import agree, agreement

RECIPES = {name: f"digest of {name}" for name in ("target only", "box", "edges", "flip")}
MADE: dict[str, Any] = {"data": {"content_hash": "abc"}, "recipes": RECIPES}


def write(
    directory: Path, ranking: list[str], differences: dict[str, float], *, share: float = 1.0, **rules: bool
) -> Path:
    """A directory with a screening that ranked, and a study that measured."""
    (directory / "screen").mkdir(parents=True)
    candidates = [{"name": name, "difference": 0.1} for name in ranking]
    screen = {"answers": [{"label_fraction": share, "candidates": candidates}], "seconds": 12.0}
    arms = [
        {"name": name, "auxiliaries": [name], "is_control": name == "noise", "difference": difference}
        for name, difference in differences.items()
    ]
    both = {"name": "box + edges", "auxiliaries": ["box", "edges"], "is_control": False, "difference": 0.5}
    study = {
        "answers": [{"label_fraction": 1.0, "arms": [*arms, both]}],
        "rules": {"higher_is_better": True, **rules},
        "seconds": 100.0,
    }
    for path, values in ((directory / "screen" / "screen.json", screen), (directory / "study.json", study)):
        path.write_text(json.dumps({"format": 1, **MADE, **values}))
    return directory


def test_correlations_are_those_of_scipy(tmp_path: Path) -> None:
    values = {"box": 0.02, "edges": 0.03, "flip": -0.01, "noise": 0.9}
    (found,) = agreement([write(tmp_path / "a", ["box", "edges", "flip"], values)]).comparisons
    # Places 1, 2, 3 beside 2, 1, 3: 1 - 6 * (1 + 1) / (3 * 8) = 0.5, and (2 - 1) / 3 pairs.
    assert found.spearman == pytest.approx(0.5)
    assert found.kendall == pytest.approx(1 / 3)
    by_scipy: Any = stats.spearmanr([3, 2, 1], [0.02, 0.03, -0.01])
    assert found.spearman == pytest.approx(by_scipy.statistic)
    assert found.candidates == ("box", "edges", "flip")
    assert found.is_top_1 is False
    assert found.share_of_time == pytest.approx(0.12)


def test_several_studies_are_pooled_and_said(tmp_path: Path) -> None:
    values = {"box": 0.02, "edges": 0.03, "flip": -0.01}
    one = write(tmp_path / "a", ["edges", "box", "flip"], values)
    other = write(tmp_path / "b", ["flip", "box", "edges"], values)
    found = agreement([one, other])
    assert [each.spearman for each in found.comparisons] == pytest.approx([1.0, -1.0])
    assert found.top_1 == 1
    assert found.sentence == (
        "compared with full studies: rank correlation (Spearman's) +0.00 (-1.00 to +1.00), the first was the "
        "best in 1 of 2, for 12.0% of their time in training"
    )


def test_where_lower_is_better_the_order_turns(tmp_path: Path) -> None:
    directory = write(tmp_path / "a", ["box", "edges"], {"box": -0.02, "edges": 0.01}, higher_is_better=False)
    assert agreement([directory]).comparisons[0].spearman == pytest.approx(1.0)


def test_what_cannot_be_compared_is_left_out(tmp_path: Path) -> None:
    values = {"box": 0.02, "edges": 0.03}
    recipes = write(tmp_path / "other-recipes", ["box", "edges"], values)
    study = json.loads((recipes / "study.json").read_text())
    (recipes / "study.json").write_text(json.dumps(study | {"recipes": RECIPES | {"target only": "another"}}))
    data = write(tmp_path / "other-data", ["box", "edges"], values)
    (data / "study.json").write_text(json.dumps(study | {"data": {"content_hash": "def"}}))
    earlier = write(tmp_path / "earlier", ["box", "edges"], values)
    (earlier / "study.json").write_text(json.dumps({key: study[key] for key in study if key != "recipes"}))
    one = write(tmp_path / "one", ["box"], values)
    share = write(tmp_path / "share", ["box", "edges"], values, share=0.5)
    old = write(tmp_path / "old", ["box", "edges"], values)
    (old / "study.json").write_text(json.dumps(study | {"format": 99}))
    cut = write(tmp_path / "cut", ["box", "edges"], values)
    (cut / "screen" / "screen.json").write_text('{"format": 1, "answ')
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    found = agreement([recipes, data, earlier, one, share, old, cut, nothing])
    assert found.comparisons == ()
    assert "no full study of these candidates exists" in found.sentence


def test_a_candidate_with_another_recipe_is_left_out(tmp_path: Path) -> None:
    directory = write(tmp_path / "a", ["box", "edges", "flip"], {"box": 0.03, "edges": 0.02, "flip": 0.01})
    study = json.loads((directory / "study.json").read_text())
    (directory / "study.json").write_text(json.dumps(study | {"recipes": RECIPES | {"edges": "another"}}))
    (found,) = agreement([directory]).comparisons
    assert found.candidates == ("box", "flip")


def test_it_is_written_into_the_screening(tmp_path: Path) -> None:
    directory = write(tmp_path / "a", ["box", "edges"], {"box": 0.02, "edges": 0.03})
    before = json.loads((directory / "screen" / "screen.json").read_text())
    found = agree(directory)
    assert found is not None
    assert found.comparisons[0].spearman == pytest.approx(-1.0)
    assert json.loads((directory / "screen" / "screen.json").read_text()) == before | {"agreement": to_json(found)}
    (tmp_path / "b").mkdir()
    assert agree(tmp_path / "b") is None
    assert not list((tmp_path / "b").iterdir())
