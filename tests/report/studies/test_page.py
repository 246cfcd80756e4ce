"""The page of a study begins with its answer, shows what that rests on, and is whole and offline."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from auxseg.errors import InputError, RunError
from auxseg.report import is_study, study_page, wording
from auxseg.report.charts import study as study_charts
from auxseg.report.charts.study import Bar
from tests.report.html import Page
from tests.report.made_studies import MADE_WITH, VERDICTS, make_answer, make_arm, make_study

DIVERGED = {"arm": "box + edges", "seed": 2, "label_fraction": 1.0, "reason": "the loss of <box> is not finite"}


def source(directory: Path) -> str:
    return study_page(directory).read_text(encoding="utf-8")


def read(directory: Path) -> Page:
    return Page(source(directory))


def curve_colours(svg: str) -> set[str]:
    return set(re.findall(r"stroke: (#[0-9a-f]{6})", svg))


@pytest.mark.parametrize("num_answers", [1, 3])
def test_the_page_is_whole_and_needs_neither_network_nor_script(tmp_path: Path, num_answers: int) -> None:
    answers = [make_answer(share) for share in (1.0, 0.1, 0.05)[:num_answers]]
    page = read(make_study(tmp_path / "study", *answers, diverged=[DIVERGED]))
    assert page.faults == []
    assert "script" not in page.tags
    assert all(link.startswith("#") for link in page.links)
    assert len(page.ids) == len(set(page.ids))


def test_it_begins_with_the_answer_and_says_what_every_arm_rules_out(tmp_path: Path) -> None:
    page = read(make_study(tmp_path / "study"))
    said = "box helps segmentation: +1.1 points (95 % CI +0.7 to +1.5)."
    assert page.headings[0].split() == said.split(" ")
    first = page.text.partition("Every arm in full")[0]
    assert "box +1.1 +0.7 to +1.5 helps any loss, gains over 1.5" in first
    assert "edges −1.4 −1.9 to −0.9 hurts any gain, losses over 1.9" in first  # noqa: RUF001
    assert "box + edges +0.4 −0.4 to +1.2 not enough evidence gains over 1.2, losses over 0.4" in first  # noqa: RUF001
    assert "noise (control) +0.0 −0.3 to +0.3 no meaningful difference gains over 0.3, losses over 0.3" in first  # noqa: RUF001
    assert "Control. noise can teach nothing and changes nothing (+0.0 points), as it should." in first
    assert "The target alone reaches 80.1 %." in first


def test_every_sentence_of_the_answer_is_there_in_full(tmp_path: Path) -> None:
    text = read(make_study(tmp_path / "study")).text
    rest = "points of IoU (all pixels) (95% interval, adjusted), at weight 0.3 after 600 steps, 3 seeds, 100 images."
    assert f"box helps +1.10 {rest} box + edges not enough evidence +0.40 {rest} edges hurts -1.40 {rest}" in text
    assert "noise (control) no meaningful difference +0.04 points" in text


def test_names_are_text_on_the_page_of_a_study_too(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    answer = make_answer()
    answer["arms"][0]["name"] = evil
    page = read(make_study(tmp_path / "study", answer, target="<b>target</b>"))
    assert page.faults == []
    assert "script" not in page.tags
    assert page.headings[0].startswith(f"{evil} helps <b>target</b>: +1.1")


def test_everything_after_the_first_screen_is_folded(tmp_path: Path) -> None:
    page = read(make_study(tmp_path / "study"))
    before = source(tmp_path / "study").partition("<details>")[0]
    assert Page(before).headings[1:] == ["What to do next"]
    assert page.tags.count("details") == page.tags.count("summary") == 6


def test_a_study_of_nothing_but_controls_or_of_nothing_has_a_page(tmp_path: Path) -> None:
    control = make_answer()["arms"][2]
    for name, arms in (("controls", [control]), ("nothing", [])):
        page = read(make_study(tmp_path / name, {**make_answer(), "arms": arms}))
        assert page.faults == []
        assert page.headings[0] == "No auxiliary of segmentation was tested."


def test_what_the_sentence_says_stands_beside_the_verdict(tmp_path: Path) -> None:
    answer = make_answer()
    answer["arms"][3]["sentence"] = "box + edges: not enough evidence: a: b, without 2 runs that diverged"
    text = read(make_study(tmp_path / "study", answer)).text
    assert "box + edges not enough evidence a: b, without 2 runs that diverged." in text


def test_what_the_auxiliaries_reach_is_listed_by_seed(tmp_path: Path) -> None:
    answer = make_answer()
    assert "What the auxiliaries reach" not in read(make_study(tmp_path / "without", answer)).text
    reached = {"name_of_figure": "iou", "figure": 0.45, "figure_per_seed": {"0": 0.4, "1": 0.5, "2": None}}
    answer["arms"][0]["tasks"] = {"box": reached}
    text = read(make_study(tmp_path / "with", answer)).text
    assert "What the auxiliaries reach" in text
    assert f"box box iou 45.0 % 40.0 %, 50.0 %, {wording.NOTHING}" in text


def test_a_task_without_a_relative_change_is_named(tmp_path: Path) -> None:
    answer = make_answer()
    answer["arms"][3]["delta_m"]["left_out"] = ["edges"]
    assert "(without edges, whose figure is 0 alone)" in read(make_study(tmp_path / "study", answer)).text


def test_each_verdict_has_a_colour_and_is_defined_once(tmp_path: Path) -> None:
    html = source(make_study(tmp_path / "study"))
    definitions = html[html.index("What the verdicts mean") :]
    for verdict in VERDICTS:
        name = verdict.replace(" ", "-")
        assert f".{name} {{ color: var(--" in html
        assert definitions.count(f'<dt><b class="verdict {name}">{verdict}</b></dt>') == 1
    assert "The smallest difference that matters, 0.5 points" in definitions
    assert "at 5% per share, for two looks at the verdicts" in definitions


def test_tables_say_what_the_answer_rests_on(tmp_path: Path) -> None:
    text = read(make_study(tmp_path / "study", diverged=[DIVERGED])).text
    assert "box helps +1.10 +0.70 to +1.50 < 0.001" in text
    assert "box 0.3, edges 0.3 3 (without 2) 100 about 14 seeds" in text
    assert "0 80.0 % 81.1 % 78.6 % 80.0 % 80.4 %" in text
    assert "box 0.20 1.00 3.00" in text
    assert "−1.20% −3.00 to +0.60%" in text  # noqa: RUF001
    assert "1 run diverged" in text
    assert "box + edges 2 100% the loss of <box> is not finite" in text
    assert "600 steps each" in text
    assert "pets128.h5 (oxford-iiit-pet)" in text
    assert "controls: - noise" in text


def test_more_images_are_advised_where_seeds_would_not_do(tmp_path: Path) -> None:
    answer = make_answer()
    answer["arms"][3]["advice"] = {"seeds": 20, "images": 1600}
    text = read(make_study(tmp_path / "study", answer)).text
    assert "20 seeds and 1,600 test images: seeds alone are unlikely to decide with 100" in text


def test_once_no_look_is_left_a_new_study_is_advised(tmp_path: Path) -> None:
    answer = make_answer()
    assert "about 14 seeds" in read(make_study(tmp_path / "open", answer)).text
    assert "a new study" not in read(tmp_path / "open").text
    assert "a new study with about 14 seeds" in read(make_study(tmp_path / "closed", answer, looked_at=[3, 6])).text
    answer["arms"][3]["advice"] = {"seeds": 1001, "images": None}
    assert "more than 1,000 seeds: out of reach" in read(make_study(tmp_path / "far", answer)).text


def test_it_says_what_the_runs_were_made_with_and_whether_that_changed(tmp_path: Path) -> None:
    text = read(make_study(tmp_path / "study")).text
    assert "auxseg 0.1, torch 2.9, python 3.11; a processor (cpu, 2 threads each), bf16" in text
    assert "they may cause differences between arms" not in text
    newer = MADE_WITH | {"versions": MADE_WITH["versions"] | {"torch": "3.0"}}
    text = read(make_study(tmp_path / "mixed", made_with=[MADE_WITH, newer])).text
    assert "torch 3.0" in text
    assert "used 2 different versions, machines or settings" in text


def test_what_was_not_measured_is_said_and_not_drawn(tmp_path: Path) -> None:
    nothing = {
        "sentence": "box: not enough evidence: no difference measured (no interval)",
        "difference": None,
        "interval": [None, None],
        "per_seed": {},
        "figure_per_seed": {},
        "figure": None,
        "advice": {"seeds": None, "images": None},
        "variances": {"seed": None, "image": None, "rest": None},
    }
    one = {"interval": [None, None], "per_seed": {"0": 0.01}, "advice": {"seeds": None, "images": None}}
    arms = [
        make_arm("box", "not enough evidence", 0.01, 0.01) | nothing,
        make_arm("edges", "not enough evidence", 0.01, 0.01) | one,
    ]
    page = read(make_study(tmp_path / "study", {**make_answer(), "arms": arms}, seeds=1))
    assert page.faults == []
    assert "box not enough evidence no difference measured (no interval)." in page.text
    assert "at least 2 seeds and 2 test images" in page.text
    assert "One seed gives no interval" in page.text


def test_several_shares_have_a_forest_each_and_a_common_chart(tmp_path: Path) -> None:
    page = read(make_study(tmp_path / "study", make_answer(0.05), make_answer()))
    assert {"with 5% of the masks", "with all masks", "help against masks"} <= set(map(str.strip, page.words))
    assert "help against masks" not in read(make_study(tmp_path / "one")).words


def test_verdicts_are_drawn_in_their_colours() -> None:
    bars = [
        Bar(verdict, verdict, value, (value - 0.2, value + 0.2), (value,))
        for value, verdict in zip((1.0, -1.0, 0.0, 0.4), VERDICTS, strict=True)
    ]
    colours = [curve_colours(study_charts.forest("f", "t", "c", "u", 0.5, [bar]).svg) for bar in bars]
    assert len(set(map(frozenset, colours))) == len(VERDICTS)


def test_one_very_wide_interval_does_not_hide_the_others() -> None:
    narrow, wide = Bar("a", "helps", 1.0, (0.8, 1.2), (0.9, 1.1)), Bar("b", "hurts", -1.0, (-500.0, 500.0), (-1.0,))
    low, high = study_charts._range([narrow, wide], 0.5)
    assert -10 < low < -1
    assert 1.2 < high < 10
    assert study_charts._range([narrow, Bar("b", "hurts", -1.0, (-2.5, 0.5), ())], 0.5)[0] < -2.5


def test_the_same_study_gives_the_same_bytes(tmp_path: Path) -> None:
    directory = make_study(tmp_path / "study", make_answer(0.1), make_answer())
    assert source(directory) == source(directory)


def test_a_study_is_told_from_a_run(tmp_path: Path) -> None:
    assert is_study(make_study(tmp_path / "study"))
    assert not is_study(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "no finished study"),
        ("{", "study.json: expected JSON, found '{'"),
        ("[]", "study.json: the whole is a list of 0"),
        (json.dumps({"format": 99}), "written by another version of auxseg .format 99, expected 1"),
    ],
)
def test_what_is_no_study_is_refused(tmp_path: Path, text: str | None, expected: str) -> None:
    if text is not None:
        (tmp_path / "study.json").write_text(text)
    with pytest.raises(InputError, match=expected):
        study_page(tmp_path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    directory = make_study(tmp_path / "study")
    with pytest.raises(RunError, match="cannot write the report"):
        study_page(directory, directory / "study.json" / "page.html")


def test_what_was_chosen_on_validation_is_shown_with_what_was_tried(tmp_path: Path) -> None:
    tuned = [
        {"auxiliaries": [], "label_fraction": 1.0, "chosen": 2.0, "figures": {"1": 0.71, "2": 0.75}},
        {"auxiliaries": ["box", "edges"], "label_fraction": 1.0, "chosen": 0.1, "figures": {"0.1": 0.76, "1": None}},
    ]
    assert "What was chosen on validation" not in read(make_study(tmp_path / "plain")).headings
    page = read(make_study(tmp_path / "study", tuned=tuned, config={"tuning_seeds": 2}))
    assert "What was chosen on validation" in page.headings
    assert "target only 1: 71.0 %, 2: 75.0 % 2 times the base’s learning rate" in page.text  # noqa: RUF001
    assert "box + edges 0.1: 76.0 %, 1: diverged weight 0.1" in page.text
    assert "over 2 seeds that no verdict uses" in page.text


def test_the_validation_figure_has_its_own_name_where_arms_are_judged_by_another(tmp_path: Path) -> None:
    choice = {"auxiliaries": ["box"], "label_fraction": 1.0, "chosen": 0.1, "figures": {"0.1": 3.21}}
    for figure, expected in (("box_error", "box_error"), (None, "iou_image")):
        tuned = [choice | ({"figure": figure} if figure else {})]
        text = read(make_study(tmp_path / expected, figure="iou_image", tuned=tuned)).text
        assert f"Mean validation {wording.label(expected)} over" in text
        assert ("0.1: 321.0 %" in text) == (figure is None)


def test_with_folds_it_says_on_what_images_figures_are(tmp_path: Path) -> None:
    answer = make_answer()
    reached = {"name_of_figure": "iou", "figure": 0.45, "figure_per_seed": {"0": 0.4, "1": 0.5, "2": None}}
    answer["arms"][0]["tasks"] = {"box": reached}
    rules = {"margin": 0.005, "alpha": 0.05, "looks": 2, "higher_is_better": True}
    for folds, expected in ((5, "the test images, as the mean over folds: what"), (None, "the test split: what")):
        directory = make_study(tmp_path / f"{folds}", answer, rules=rules | ({"folds": folds} if folds else {}))
        text = read(directory).text
        assert f"main figure on {expected} its task learned" in text
        assert ("in 5 folds, always by networks that have not seen it" in text) == bool(folds)


def test_the_control_that_is_trained_longer_is_described(tmp_path: Path) -> None:
    answer = make_answer()
    said = "target only, trained 1.4 times as long (same compute as box + edges)"
    arm = {"name": "same-compute", "auxiliaries": [], "weights": {}, "description": said}
    answer["arms"][2] |= arm | {"sentence": f"{said}: no meaningful difference: +0.04 points"}
    text = read(make_study(tmp_path / "study", answer)).text
    assert f"{said} (control) no meaningful difference +0.04 points." in text
    assert f"600 steps each, {said}" in text
