"""What an agreement rests on is read of any version's files, and is written into a ranking without touching it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auxseg.records.agreement import (
    Agreement,
    Comparison,
    keep_agreement,
    read_screen_outline,
    read_study_outline,
)

FOUND = Agreement(
    comparisons=(Comparison("/studies/a", 1.0, ("box", "edges"), 1.0, 1.0, True, 0.1),), top_1=1, sentence="much"
)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The fewest values with which a study and its ranking can be compared."""
    candidates = [{"name": "box", "difference": 0.1}, {"name": "edges", "difference": None}]
    screen = {"format": 1, "answers": [{"label_fraction": 1.0, "candidates": candidates}], "seconds": 12.0}
    arm = {"name": "box", "auxiliaries": ["box"], "is_control": False, "difference": 0.2}
    answers = [{"label_fraction": 1.0, "arms": [arm]}]
    found = {"format": 1, "answers": answers, "rules": {"higher_is_better": True}, "seconds": 100.0}
    (tmp_path / "screen").mkdir()
    (tmp_path / "screen" / "screen.json").write_text(json.dumps(screen))
    (tmp_path / "study.json").write_text(json.dumps(found | {"data": {"content_hash": "abc"}}))
    return tmp_path


def test_the_fewest_values_do(study: Path) -> None:
    screen, found = read_screen_outline(study), read_study_outline(study)
    assert screen is not None
    assert found is not None
    assert [each.difference for each in screen.answers[0].candidates] == [0.1, None]
    assert (screen.data, screen.recipes, found.recipes) == (None, {}, {})
    assert found.answers[0].arms[0].auxiliaries == ("box",)


@pytest.mark.parametrize("content", [None, "", "{", '{"format": 2}', '{"format": 1, "answers": 3}'])
def test_what_cannot_be_compared_is_nothing(study: Path, content: str | None) -> None:
    for path in (study / "study.json", study / "screen" / "screen.json"):
        path.unlink() if content is None else path.write_text(content)
    assert (read_screen_outline(study), read_study_outline(study)) == (None, None)


def test_an_agreement_leaves_the_ranking_as_it_is(study: Path) -> None:
    path = study / "screen" / "screen.json"
    before = json.loads(path.read_text()) | {"of a newer version": [1]}
    path.write_text(json.dumps(before))
    keep_agreement(study, FOUND)
    after = json.loads(path.read_text())
    assert list(after) == [*before, "agreement"]
    assert {key: after[key] for key in before} == before
    assert after["agreement"]["comparisons"][0]["candidates"] == ["box", "edges"]
