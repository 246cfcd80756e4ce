"""What the pages of a run and of a study say of gradients that were looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auxseg.report import report, study_page
from auxseg.report.charts import study as study_charts
from auxseg.report.charts.drawing import SERIES
from auxseg.report.charts.study import Course
from auxseg.report.runs.gradients import agreement
from auxseg.report.runs.record import read_record
from tests.report import made_runs as runs
from tests.report.html import Page
from tests.report.made_studies import make_answer, make_study

TASKS = ("segmentation", "classification", "box")


def look(step: int, box: float | None, classification: float, affinity: float | None = -0.004) -> dict[str, Any]:
    cosines = {"box": box, "classification": classification}
    return {
        "event": "gradients",
        "step": step,
        "norms": {task: {"all": 1.0, "stage 1": 0.8, "stage 2": 0.6} for task in TASKS},
        "cosines": {task: {"all": value, "stage 1": value, "stage 2": value} for task, value in cosines.items()},
        "affinities": {"box": affinity, "classification": 0.01},
        "seconds": 0.1,
    }


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """A run of 40 steps that was looked at three times; the last look has no cosine of box."""
    path = tmp_path / "run"
    runs.write_recipe(path, TASKS)
    looks = [look(1, -0.3, 0.5), look(21, 0.1, 0.7), look(31, None, 0.6, None)]
    runs.write_events(path, [*runs.training_events(TASKS, 40), *looks])
    return path


def test_shares_and_means_are_over_the_looks_that_have_a_value(watched: Path) -> None:
    found = agreement(read_record(watched))
    assert found is not None
    box, classification = found.pulls
    assert (box.task, box.num_looks, box.conflicts) == ("box", 2, 0.5)
    assert box.cosine == pytest.approx(-0.1)
    assert box.affinity == pytest.approx(-0.004)
    assert (classification.num_looks, classification.conflicts) == (3, 0.0)
    seconds = sum(event["seconds"] for event in runs.training_events(TASKS, 40) if event["event"] == "step")
    assert found.share_of_time == pytest.approx(0.3 / seconds)


def test_the_page_draws_every_stage_and_says_what_it_means(watched: Path) -> None:
    page = Page(report([watched]).read_text(encoding="utf-8"))
    assert page.faults == []
    assert len(page.ids) == len(set(page.ids))
    assert "Do the tasks pull together?" in page.headings
    assert "box 2 50% −0.10 −0.40%" in page.text  # noqa: RUF001
    assert "classification 3 0% +0.60 +1.00%" in page.text
    for word in ("everything shared", "stage 1", "stage 2", "box: cosine with segmentation", "effect of a step"):
        assert word in page.text
    charts = {path.name for path in (watched / "figures").iterdir()}
    assert {"cosine-box.svg", "cosine-classification.svg", "affinity.svg"} <= charts


def test_a_run_that_was_not_watched_has_no_such_section(tmp_path: Path) -> None:
    path = runs.make_full_run(tmp_path / "run")
    assert agreement(read_record(path)) is None
    assert "pull together" not in report([path]).read_text(encoding="utf-8")


OVER_TIME = {
    "steps": [1, 51, 101],
    "num_looks": [3, 3, 2],
    "conflicts": {"all": [0.0, 0.43, 1.0], "stage 1": [0.11, None, 0.81], "stage 2": [0.0, 0.0, 0.0]},
}


def explained(affinity: float | None, **more: Any) -> dict[str, Any]:
    """As a study.json of before conflicts were followed over the training, but for ``more``."""
    answer = make_answer()
    seen = {"cosines": {"all": 0.25, "stage 1": 0.4, "stage 2": -0.1}, "conflicts": 0.2, "num_looks": 10}
    for arm in answer["arms"]:
        arm["why"] = {name: {**seen, "affinity": affinity, **more} for name in arm["auxiliaries"]}
    return answer


def test_the_page_of_a_study_sets_affinity_against_the_verdicts(tmp_path: Path) -> None:
    source = study_page(make_study(tmp_path / "study", explained(0.003))).read_text(encoding="utf-8")
    page = Page(source)
    assert page.faults == []
    assert len(page.ids) == len(set(page.ids))
    assert "Why" in page.headings
    assert "box + edges edges 10 20% +0.25 +0.30% stage 1 +0.40, stage 2 −0.10" in page.text  # noqa: RUF001
    assert "mean affinity, percent" in page.text


def test_the_page_of_a_study_shows_conflicts_by_stage_over_the_training(tmp_path: Path) -> None:
    answer = explained(0.003, conflicts_by_group={"all": 0.2, "stage 1": 0.25, "stage 2": 0.0}, over_time=OVER_TIME)
    page = Page(study_page(make_study(tmp_path / "study", answer)).read_text(encoding="utf-8"))
    assert page.faults == []
    assert len(page.ids) == len(set(page.ids))
    for name in ("box", "edges", "noise"):
        assert page.text.count(f"{name}: percent in conflict") == 1
    assert "box + edges: percent in conflict" not in page.text
    assert "stage 1 +0.40, stage 2 −0.10 stage 1 25%, stage 2 0%" in page.text  # noqa: RUF001
    assert "In what percent of the looks box pulls against segmentation" in page.text
    assert "each number is of 2 to 3 looks" in page.text
    assert "In conflict over the training" not in page.text
    for word in ("everything shared", "stage 2", "51", "43", "81"):
        assert word in map(str.strip, page.words)


def test_the_charts_of_many_arms_are_folded_away(tmp_path: Path) -> None:
    answer = explained(0.003, over_time=OVER_TIME)
    answer["arms"] += [{**answer["arms"][0], "name": f"box {number}"} for number in range(4)]
    page = Page(study_page(make_study(tmp_path / "study", answer)).read_text(encoding="utf-8"))
    assert page.faults == []
    assert "In conflict over the training, 7 charts" in page.text
    assert "box 3: percent in conflict" in page.text


def test_conflict_has_another_colour_than_its_absence_and_nothing_where_nothing_is_known() -> None:
    def drawn(share: float | None) -> str:
        course = Course("box", "box", (1, 100001), (2, 2), {"all": (share, None)})
        return study_charts.conflict("c", "t", "c", course).svg

    conflict, agreement_, half, nothing = (drawn(share) for share in (0.9, 0.1, 0.5, None))
    assert SERIES[1] in conflict
    assert SERIES[1] not in agreement_
    assert SERIES[0] in agreement_
    assert SERIES[0] not in conflict
    assert ">50<" in half
    assert "opacity: 0;" in half or 'opacity: 0"' in half
    assert SERIES[0] not in nothing


def test_steps_below_the_stretches_do_not_run_into_each_other() -> None:
    steps = tuple(range(100_000, 1_300_000, 100_000))
    shares = {"all": (0.5,) * 12, "stage 1": (0.5,) * 12}
    svg = study_charts.conflict("c", "t", "c", Course("box", "box", steps, (1,) * 12, shares)).svg
    assert [f">{step}<" in svg for step in steps] == [True, False, False] * 4


def test_a_study_that_measured_no_affinity_still_says_what_was_in_conflict(tmp_path: Path) -> None:
    page = Page(study_page(make_study(tmp_path / "study", explained(None))).read_text(encoding="utf-8"))
    assert page.faults == []
    assert "Why" in page.headings
    assert "mean affinity, percent" not in page.text
    assert "box + edges edges 10 20% +0.25 – stage 1 +0.40" in page.text  # noqa: RUF001


def test_a_study_without_looks_has_no_why(tmp_path: Path) -> None:
    answer = make_answer()
    for arm in answer["arms"][:2]:
        arm["why"] = {}
    page = Page(study_page(make_study(tmp_path / "study", answer)).read_text(encoding="utf-8"))
    assert "Why" not in page.headings
