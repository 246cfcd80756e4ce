"""What arms cost stands beside their verdicts."""

from __future__ import annotations

from pathlib import Path

from auxseg.records.study import read_study
from auxseg.report import study_page
from auxseg.report.studies.costs import listed_costs
from tests.report.html import Page
from tests.report.made_studies import make_answer, make_study

ALONE = {"seconds_per_step": 0.5, "peak_memory_bytes": 600 * 2**20}
MORE = {"seconds_per_step": 0.9, "peak_memory_bytes": 1536 * 2**20}


def _study(directory: Path) -> Path:
    answer = make_answer()
    answer["baseline"]["cost"] = ALONE
    answer["arms"][0]["cost"] = MORE
    return make_study(directory, answer)


def test_time_and_memory_stand_beside_the_verdict(tmp_path: Path) -> None:
    first = Page(study_page(_study(tmp_path / "study")).read_text("utf-8")).text.partition("Every arm in full")[0]
    assert "box +1.1 +0.7 to +1.5 helps any loss, gains over 1.5 0.90 s (1.8 times), 1.50 GiB" in first
    assert "gains over 1.2, losses over 0.4 not known" in first
    assert "The target alone takes 0.50 s, 600 MiB." in first
    assert "resident in the process that trained" in first


def test_they_are_one_line_on_the_terminal(tmp_path: Path) -> None:
    (answer,) = read_study(_study(tmp_path / "study")).answers
    start = "a step and peak memory: target only 0.50 s, 600 MiB; box 0.90 s (1.8 times), 1.50 GiB; edges not known"
    assert listed_costs(answer).startswith(start)


def test_a_study_that_noted_none_says_nothing_of_it(tmp_path: Path) -> None:
    directory = make_study(tmp_path / "study")
    assert "peak memory" not in Page(study_page(directory).read_text("utf-8")).text
    assert listed_costs(read_study(directory).answers[0]) == ""
