"""Files that were written before, in `tests/records/written`, are read as they are and would be written the same.

They are those of one small run, which was resumed and evaluated, and of one small study, which tuned weights, trained a
control longer and had its candidates ranked beforehand; without weights and pictures. They are never written again: a
change that does not read them, or writes them in another way, is one that users would notice.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auxseg.records.about import Choices, read_about, read_planned, write_about, write_planned
from auxseg.records.agreement import keep_agreement, read_screen_outline, read_study_outline
from auxseg.records.event_log import EventLog
from auxseg.records.events import End, Evaluated, Gradients, Resume, Step, Validated, read_events
from auxseg.records.last_step import last_step
from auxseg.records.metrics import ClassFigures, read_metrics, write_metrics
from auxseg.records.pictures import read_examples, read_inspection, write_examples, write_inspection_file
from auxseg.records.recipe import read_recipe
from auxseg.records.screen import read_screen, write_screen
from auxseg.records.study import read_study, write_question, write_study
from auxseg.records.table import read_per_image
from auxseg.report import report, study_page
from auxseg.report.runs.record import read_record
from auxseg.study.answers.gradient_evidence import why

WRITTEN = Path(__file__).parent / "written"
RUN, STUDY = WRITTEN / "run", WRITTEN / "study"
TASKS = ("segmentation", "classification", "box")


def test_the_log_of_a_run_that_was_resumed_holds_every_step_once() -> None:
    events = read_events(RUN)
    assert (events.lost, len(events.whole)) == ((), 15)
    assert [step.step for step in events.of(Step)] == [1, 2, 3, 4, 5]
    assert [look.step for look in events.of(Gradients)] == [1, 3, 5]
    assert [(seen.step, seen.epoch, seen.best) for seen in events.of(Validated)] == [
        (3, 1.0, True),
        (4, 1.3333, True),
        (5, 1.6667, True),
    ]
    assert events.of(Resume) == (Resume(time="2026-11-26T04:59:16+00:00", step=4, steps=5),)
    (end,), (reading,) = events.of(End), events.of(Evaluated)
    assert (end.step, end.reason) == (5, "finished")
    assert (reading.split, reading.step, reading.data) == ("test", 5, "/data/animals.h5")
    assert events.has_ended
    assert last_step(RUN) == (5, 4), "as many steps as it was begun with"


def test_the_beginning_of_a_run_says_all_that_is_known_of_it() -> None:
    start = read_events(RUN).start
    assert start is not None
    assert (start.steps, start.steps_per_epoch, start.processes, start.threads) == (4, 3, 1, 1)
    assert (start.precision, start.channels_last, start.device, start.calibration) == ("fp32", False, "cpu", {})
    assert start.labelled == dict.fromkeys(TASKS, 18)
    assert (start.untrained, start.weights) == ((), {"encoder": "random"})
    assert sum(start.parameters.values()) == 30646
    assert start.data.splits == {"train": 18, "val": 2, "test": 4}
    assert (start.data.path, start.data.source, start.data.border) == ("/data/animals.h5", "synthetic", "none")


def test_a_step_and_a_validation_hold_their_figures() -> None:
    events = read_events(RUN)
    step, kept = events.of(Step)[0], events.kept
    assert step.losses == {
        "segmentation": 1.3293254375457764,
        "classification": 2.066157817840576,
        "box": 1.282375454902649,
    }
    assert step.weights == {"segmentation": 1.0, "classification": 0.2, "box": 0.5}
    assert (step.learning_rate, step.gradient_norm, step.phase) == (0.003, 0.659236490726471, "")
    assert kept is not None
    assert kept.step == 5
    assert list(kept.figures) == list(TASKS)
    assert next(iter(kept.figures["segmentation"])) == "iou_dataset"
    assert events.seconds_in_training == pytest.approx(
        sum(each.seconds for each in (*events.of(Step), *events.of(Validated)))
    )


def test_the_looks_of_a_run_are_evidence() -> None:
    found = why(read_events(RUN).of(Gradients), TASKS[1:])
    assert list(found) == ["classification", "box"]
    assert {seen.num_looks for seen in found.values()} == {3}
    assert set(found["box"].cosines) == {"all", "stage 1", "stage 2"}


def test_an_evaluation_is_read() -> None:
    metrics, table = read_metrics(RUN), read_per_image(RUN)
    assert metrics is not None
    assert (metrics.split, metrics.num_images, metrics.checkpoint_step) == ("test", 4, 5)
    assert (metrics.target, metrics.main_figure) == ("segmentation", "iou_dataset")
    assert metrics.figures["segmentation"]["iou_dataset"] == 0.004232164449818622
    assert metrics.tables["segmentation.confusion"].counts == ((2442, 9), (1638, 7))
    assert metrics.classes["segmentation"]["animal"] == ClassFigures(
        0.004232164449818622, 0.4375, 0.00425531914893617, 1645, 16
    )
    assert table.ids == tuple(f"synthetic-{number:06}" for number in (8, 9, 18, 19))
    assert table.numbers["classification.correct"] == (0.0, 0.0, 0.0, 1.0)
    assert [example.rank for example in read_examples(RUN)] == [*["best"] * 3, *["median"] * 3, *["worst"] * 3]
    inspection = read_inspection(RUN)
    assert inspection.tasks == TASKS
    assert list(inspection.matrices) == ["after stage 1", "after stage 2"]


def test_the_recipe_of_a_run_is_read() -> None:
    recipe = read_recipe(RUN)
    assert (recipe.target, recipe.tasks) == ("segmentation", TASKS)


def test_what_a_study_is_about_is_read() -> None:
    about, screened = read_about(STUDY), read_about(STUDY / "screen")
    assert about is not None
    assert screened is not None
    assert about.content_hash == screened.content_hash
    assert about.origin is not None
    assert (about.origin.versions.auxseg, about.origin.device, about.origin.weights) == ("0.1.0", "cpu", None)
    choices = about.choices
    assert (choices.precision, choices.channels_last, choices.threads) == ("fp32", False, 1)
    assert choices.same_compute is not None
    assert (choices.same_compute.arm, choices.same_compute.factor) == ("box + edges", 1.716)
    assert [each.auxiliaries for each in choices.tuned] == [(), ("box",), ("edges",), ("box", "edges")]
    assert screened.choices == Choices("fp32", False, 1)
    assert about.question is not None
    assert (about.question.margin, about.question.looks, about.question.tune_weights) == (0.005, 2, (0.1, 1.0))
    assert screened.question is not None
    assert (screened.question.margin, screened.question.tune_weights) == (None, ())
    assert [arm.auxiliaries for arm in about.judged] == [("box",), ("edges",), ("box", "edges"), ()]
    assert [arm.is_longer for arm in about.judged] == [False, False, False, True]
    assert (about.looked_at, screened.looked_at) == ((2,), ())
    assert len(read_planned(STUDY)) == 10


def test_the_answer_of_a_study_is_read() -> None:
    study = read_study(STUDY)
    (answer,) = study.answers
    assert (study.target, study.figure, study.steps, study.seeds) == ("segmentation", "iou_dataset", 40, 2)
    assert (study.rules.margin, study.rules.looks, study.rules.higher_is_better) == (0.005, 2, True)
    assert [arm.name for arm in answer.arms] == ["box", "edges", "box + edges", "same-compute"]
    box, _, both, longer = answer.arms
    assert box.difference == 9.897349031910696e-05
    assert box.per_seed == {"0": 0.004777400736948614, "1": -0.0045794537563104}
    assert (box.verdict, box.level, box.num_images) == ("not enough evidence", 0.00625, 4)
    assert box.advice is not None
    assert (box.advice.seeds, box.advice.images) == (211, 321)
    assert box.why["box"].over_time is not None
    assert set(box.why["box"].over_time.norms) == {"auxiliary", "target"}
    assert box.tasks["box"].name_of_figure == "iou"
    assert both.delta_m is not None
    assert (both.delta_m.tasks, both.delta_m.left_out) == (("segmentation", "box"), ("edges",))
    assert longer.description == "target only, trained 1.716 times as long (same compute as box + edges)"
    assert longer.is_control
    assert [each.chosen for each in study.tuned][:1] == [0.5]
    assert study.made_with[0].versions["auxseg"] == "0.1.0"
    assert set(study.recipes) == {"target only", "box", "edges"}


def test_a_ranking_is_read_and_agrees_as_far_as_it_was_said() -> None:
    screen, study, outline = read_screen(STUDY / "screen"), read_study_outline(STUDY), read_screen_outline(STUDY)
    assert [each.name for each in screen.answers[0].candidates] == ["edges", "box"]
    assert (screen.seeds, screen.steps) == (2, 6)
    assert screen.agreement is not None
    assert screen.agreement.comparisons[0].candidates == ("edges", "box")
    assert screen.agreement == read_study(STUDY).agreement
    assert study is not None
    assert outline is not None
    assert study.recipes == outline.recipes == screen.recipes


def rewrite_log(path: Path) -> None:
    log = EventLog(path / "events.jsonl")
    for event in read_events(RUN).whole:
        log.append(event)


def keep_agreement_again(path: Path) -> None:
    (path / "screen").mkdir()
    screen = read_screen(STUDY / "screen")
    assert screen.agreement is not None
    write_screen(path / "screen", screen)
    keep_agreement(path, screen.agreement)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("run/events.jsonl", rewrite_log),
        ("run/metrics.json", lambda path: write_metrics(path, known(read_metrics(RUN)))),
        ("run/examples.json", lambda path: write_examples(path, read_examples(RUN))),
        ("run/inspection.json", lambda path: write_inspection_file(path, read_inspection(RUN))),
        ("study/about.json", lambda path: write_about(path, known(read_about(STUDY)))),
        ("study/screen/about.json", lambda path: write_about(path, known(read_about(STUDY / "screen")))),
        ("study/planned.json", lambda path: write_planned(path, read_planned(STUDY))),
        ("study/study.json", lambda path: write_study(path, read_study(STUDY))),
        ("study/study.yaml", lambda path: write_question(path, read_study(STUDY).config)),
        ("study/screen/screen.json", lambda path: write_screen(path, read_screen(STUDY / "screen"))),
        ("study/screen/screen.json", keep_agreement_again),
    ],
)
def test_what_is_read_is_written_to_the_byte(name: str, write: Callable[[Path], None], tmp_path: Path) -> None:
    write(tmp_path)
    (written,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert written.name == Path(name).name
    assert written.read_bytes() == (WRITTEN / name).read_bytes()


def test_rewinding_keeps_the_bytes_of_what_is_kept(tmp_path: Path) -> None:
    lines = (RUN / "events.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "events.jsonl").write_bytes(b"".join(lines))
    assert EventLog(tmp_path / "events.jsonl").rewind(3) == ()
    kept = (tmp_path / "events.jsonl").read_bytes().splitlines(keepends=True)
    gone = [json.loads(line)["event"] for line in lines if line not in kept]
    assert gone == ["step", "validation", "step", "gradients", "validation", "end"]


def test_pages_are_made_of_them(tmp_path: Path) -> None:
    record = read_record(RUN)
    assert (record.events.loss, record.num_planned, record.resumed_at) == ("", 5, (4,))
    assert report([RUN], tmp_path / "run.html").is_file()
    assert study_page(STUDY, tmp_path / "study.html").is_file()


def known(value: Any) -> Any:
    assert value is not None
    return value
