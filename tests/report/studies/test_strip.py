"""The same images of the target alone and of the best arm."""

from __future__ import annotations

import json
from pathlib import Path

from auxseg.report import study_page
from auxseg.report.studies.strip import strip
from tests.report.html import Page
from tests.report.made_studies import make_study
from tests.report.studies.made_answers import answer, arm
from tests.report.studies.made_runs_of_studies import add_runs

ANSWER = answer(arm("edges", difference=-0.1), arm("box"), arm("noise", difference=0.2, is_control=True))


def test_the_arm_with_the_largest_gain_stands_below_the_target_alone(tmp_path: Path) -> None:
    directory = make_study(tmp_path / "study")
    add_runs(directory, ("target only", "edges", "box", "noise"), seeds=1)
    found = strip(directory, ANSWER)
    assert found is not None
    assert (found.arm, found.seed) == ("box", 0)
    assert [(alone.id, helped.id) for alone, helped in found.pairs] == [
        (f"same-{n}", f"same-{n}") for n in (1, 2, 3, 4)
    ]
    page = Page(study_page(directory).read_text(encoding="utf-8"))
    assert page.faults == []
    assert "The same test images, segmentation alone and with box" in page.text
    assert len([link for link in page.links if link.startswith("data:image/")]) == 8


def test_it_says_of_which_fold_the_images_are(tmp_path: Path) -> None:
    rules = {"margin": 0.005, "alpha": 0.05, "looks": 2, "higher_is_better": True}
    plain, folds = make_study(tmp_path / "plain"), make_study(tmp_path / "folds", rules=rules | {"folds": 5})
    for directory in (plain, folds):
        add_runs(directory, ("target only", "edges", "box", "noise"), seeds=1)
    text = Page(study_page(plain).read_text(encoding="utf-8")).text
    assert "Runs of seed 0. The arm" in text
    assert "spaced evenly through the test split." in text
    text = Page(study_page(folds).read_text(encoding="utf-8")).text
    assert "Runs of seed 0 in the first of 5 folds. The arm" in text
    assert "spaced evenly through the test images of this fold." in text


def test_only_images_that_both_have_are_shown(tmp_path: Path) -> None:
    directory = make_study(tmp_path / "study")
    add_runs(directory, seeds=2)
    file = directory / "runs" / "box-0" / "examples.json"
    examples = json.loads(file.read_text())
    file.write_text(json.dumps([example for example in examples if example["id"] != "same-2"]))
    found = strip(directory, ANSWER)
    assert found is not None
    assert [alone.id for alone, _ in found.pairs] == ["same-1", "same-3", "same-4"]
    file.unlink()
    later = strip(directory, ANSWER)
    assert later is not None
    assert later.seed == 1


def test_without_runs_or_auxiliaries_there_is_none(tmp_path: Path) -> None:
    directory = make_study(tmp_path / "study")
    assert strip(directory, ANSWER) is None
    add_runs(directory, ("target only",), seeds=1)
    assert strip(directory, ANSWER) is None
    assert strip(directory, answer()) is None
