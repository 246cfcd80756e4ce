"""screen.json: a ranking comes back as it was, and what is damaged is refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from auxseg.errors import InputError
from auxseg.records.agreement import Agreement
from auxseg.records.screen import RankedCandidate, Ranking, ScreenResult, read_screen, write_screen
from tests.records.made_events import DATA

SCREEN = ScreenResult(
    target="segmentation",
    figure="iou_dataset",
    seeds=2,
    steps=60,
    cost_in_steps=130.5,
    cost_of_study_in_steps=900.0,
    config={"base": "tiny", "auxiliaries": ["box", "edges"]},
    answers=(
        Ranking(
            1.0,
            (
                RankedCandidate(1, "box", {"2000": 0.1, "2001": 0.3}, 0.01, None, 0.2),
                RankedCandidate(2, "edges", {}, None, "edges, seed 2000: too steep", None),
            ),
        ),
    ),
    seconds=12.0,
    data=DATA,
    recipes={"target only": "x", "box": "y"},
)


@pytest.mark.parametrize("agreement", [None, Agreement(sentence="none exists yet")])
def test_a_ranking_comes_back_as_it_was(tmp_path: Path, agreement: Agreement | None) -> None:
    screen = dataclasses.replace(SCREEN, agreement=agreement)
    write_screen(tmp_path, screen)
    assert read_screen(tmp_path) == screen
    assert ("agreement" in json.loads((tmp_path / "screen.json").read_text())) == (agreement is not None)


def test_the_candidates_stand_in_the_order_of_their_ranks(tmp_path: Path) -> None:
    write_screen(tmp_path, SCREEN)
    (answer,) = json.loads((tmp_path / "screen.json").read_text())["answers"]
    assert [list(each) for each in answer["candidates"]] == [
        ["rank", "name", "per_seed", "affinity", "reason", "difference"]
    ] * 2


@pytest.mark.parametrize(("key", "value"), [("seconds", -1), ("answers", {}), ("data", None), ("format", 2)])
def test_a_damaged_ranking_is_refused_by_its_key(tmp_path: Path, key: str, value: object) -> None:
    write_screen(tmp_path, SCREEN)
    path = tmp_path / "screen.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(InputError, match=rf"screen\.json: {key}.*; run the screening's command again to rewrite it"):
        read_screen(tmp_path)
