from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from scipy import stats

from auxseg.errors import InputError, RunError
from auxseg.report import report
from tests.report import made_runs as runs
from tests.report.html import Page


def page_of(*paths: Path) -> Page:
    return Page(report(list(paths)).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def complete(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The page of a run with three tasks and all that a run can have."""
    return page_of(runs.make_full_run(tmp_path_factory.mktemp("runs") / "multitask"))


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A run with one task, for a test to change."""
    return runs.make_full_run(tmp_path / "baseline", ("segmentation",))


def started(path: Path, steps: int = 40, tasks: tuple[str, ...] = ("segmentation",), **settings) -> Path:
    runs.write_recipe(path, tasks)
    runs.write_events(path, runs.training_events(tasks, steps, **settings))
    return path


def recipe_only(path: Path) -> Path:
    runs.write_recipe(path)
    return path


@pytest.mark.parametrize("make", [recipe_only, started, runs.make_full_run], ids=lambda make: make.__name__)
def test_page_is_well_formed_and_self_contained(tmp_path: Path, make) -> None:
    source = report([make(tmp_path / "run")]).read_text(encoding="utf-8")
    page = Page(source)
    assert page.faults == []
    assert "script" not in page.tags
    assert [link for link in page.links if not link.startswith(("#", "data:image/"))] == []
    assert re.findall(r"@import|url\((?!#)", source) == []
    assert len(page.ids) == len(set(page.ids))


def test_the_comparison_is_well_formed_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    one = runs.make_full_run(tmp_path / "one", ("segmentation",))
    paths = [one, started(tmp_path / "two"), recipe_only(tmp_path / "three")]
    page = page_of(*paths)
    assert page.faults == []
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert {"run-1", "run-2", "run-3"} <= set(page.ids)


def test_the_first_words_are_the_answer_and_what_it_was_measured_on(complete: Page) -> None:
    first = complete.text.partition("Figures")[0]
    low, high = stats.t.interval(
        0.95, 99, 0.86, stats.sem([runs.intersection(number, 0.86) / runs.UNION for number in range(100)])
    )
    assert (
        "segmentation reaches 86.0 % IoU (all pixels) on 100 test images "
        f"(95 % CI {100 * low:.1f} to {100 * high:.1f}) ." in first
    )
    assert "IoU (intersection over union) is the area where prediction and truth agree" in first
    assert "100 test images are few: on other images of the same kind the figure may be 1.2 points lower" in first
    assert "of step 493: the best of 30 validations by IoU (all pixels)" in first
    assert re.search(r"auxseg predict \S+multitask FOLDER --out predictions", first)


def test_every_part_of_the_page_is_there(complete: Page) -> None:
    text = complete.text
    assert complete.headings == [
        "multitask",
        "Figures",
        "Learning curves",
        "Images",
        *("Best", "In the middle", "Worst"),
        "Where it is right and wrong",
        "Time, memory and parameters",
        *("Time and memory", "Parameters"),
        "Loss weights",
        "Data",
        "Recipe",
        "Provenance",
        "Words on this page",
    ]
    assert "Share of images whose class is right." in text
    assert "bf16 channels_last · chosen 81.0 ms" in text
    assert "Constant: segmentation 1, classification 1, box 1." in text
    assert "kind: timm" in text
    assert "Evaluations 1 (test at step 493)" in text
    assert "since then" not in text
    assert "Training finished after 510 steps." in text
    assert "128 by 128 pixels, squashed to a square" in text
    assert "border pixels count as foreground" in text


def test_figures_are_called_as_people_call_them_and_keep_their_names_as_tooltips(full: Path) -> None:
    source = report([full]).read_text(encoding="utf-8")
    assert '<abbr title="iou_dataset">IoU (all pixels)</abbr>' in source
    assert '<abbr title="iou_image">IoU (per image)</abbr>' in source
    assert "iou_dataset" not in Page(source).text


def test_everything_after_the_first_screen_is_folded(complete: Page) -> None:
    assert complete.tags.count("details") == 10
    assert complete.tags.count("summary") == 10


def test_pictures_are_carried_inside(full: Path) -> None:
    page = page_of(full)
    assert len([link for link in page.links if link.startswith("data:image/jpeg;base64,")]) == 9 + 6
    (full / "figures" / "worst-2.png").unlink()
    page = page_of(full)
    assert len([link for link in page.links if link.startswith("data:image/jpeg;base64,")]) == 8 + 6
    assert "This image is missing from the run directory." in page.text


def test_names_are_text_and_never_markup(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    path = runs.make_full_run(tmp_path / "a & <b> $x$", ("segmentation",), first_id=evil)
    metrics = json.loads((path / "metrics.json").read_text())
    metrics["tables"] = {"breed.confusion": {"names": [evil, "猫 $\\alpha$"], "counts": [[3, 1], [0, 4]]}}
    (path / "metrics.json").write_text(json.dumps(metrics))
    source = report([path]).read_text(encoding="utf-8")
    page = Page(source)
    assert "script" not in page.tags
    assert page.faults == []
    assert evil in page.text
    assert "a & <b> $x$" in page.text
    assert "猫 $\\alpha$" in page.text


def test_a_run_that_has_not_begun(tmp_path: Path) -> None:
    text = page_of(recipe_only(tmp_path / "run")).text
    assert "Training has not begun." in text
    assert "There is no figure yet: the model has not been validated or evaluated." in text
    assert "Learning curves" not in text


def test_a_run_that_is_still_training_shows_its_validation(tmp_path: Path) -> None:
    path = started(tmp_path / "run", steps=40)
    with (path / "events.jsonl").open("a") as file:
        file.write('{"event": "step", "step": 41, "los')
    text = page_of(path).text
    assert "Training is not finished: 40 of 510 steps are done." in text
    assert "on 30 validation images" in text
    assert "The model was chosen by these validation figures, so they are optimistic." in text


def test_a_run_before_its_first_validation(tmp_path: Path) -> None:
    text = page_of(started(tmp_path / "run", steps=3)).text
    assert "There is no figure yet" in text
    assert "segmentation: loss" in text


def test_an_end_before_the_plan_is_told_with_its_reason(tmp_path: Path) -> None:
    path = started(tmp_path / "run", steps=40)
    runs.write_events(path, [*runs.training_events(("segmentation",), 40), runs.end_event(40, "early stopping")])
    assert "Training ended after 40 steps: early stopping." in page_of(path).text


def test_a_resumed_run_is_measured_by_its_new_plan(tmp_path: Path) -> None:
    path = started(tmp_path / "run", steps=40)
    resume = {"event": "resume", "time": "2026-11-21T08:00:00+00:00", "step": 34, "steps": 800}
    runs.write_events(path, [*runs.training_events(("segmentation",), 40), resume])
    text = page_of(path).text
    assert "40 of 800 steps are done" in text
    assert "Resumed at step 34" in text


def test_an_evaluation_of_an_older_checkpoint_is_pointed_out(full: Path) -> None:
    runs.write_evaluation(full, ("segmentation",), step=170)
    assert "belongs to the model of step 170; the run now keeps that of step 493" in page_of(full).text


def test_an_evaluation_on_other_data_is_pointed_out(full: Path) -> None:
    metrics = json.loads((full / "metrics.json").read_text())
    metrics["data"]["content_hash"] = "another"
    (full / "metrics.json").write_text(json.dumps(metrics))
    assert "evaluated on different data from those it was trained on" in page_of(full).text


def test_a_run_without_validation_split_has_its_test_figures(tmp_path: Path) -> None:
    path = runs.make_full_run(tmp_path / "run", ("segmentation",))
    events = runs.training_events(("segmentation",))
    runs.write_events(path, [event for event in events if event["event"] != "validation"])
    page = page_of(path)
    assert "on 100 test images" in page.text
    assert page.faults == []


def test_a_figure_that_could_not_be_measured_is_a_dash(full: Path) -> None:
    metrics = json.loads((full / "metrics.json").read_text())
    metrics["figures"]["segmentation"]["iou_dataset"] = None
    metrics["figures"]["segmentation"]["num_images"] = 97.0
    (full / "metrics.json").write_text(json.dumps(metrics))
    text = page_of(full).text
    assert "segmentation has no IoU (all pixels) on 97 test images." in text
    assert "num_images 97 –" in text  # noqa: RUF001


def test_loss_weights_that_vary_are_drawn(tmp_path: Path) -> None:
    text = page_of(started(tmp_path / "run", tasks=("segmentation", "box"), weight=lambda step: step / 10)).text
    assert "How the losses were weighted, averaged over the epoch that ends at each step." in text
    assert "Constant:" not in text


def test_steps_in_which_a_balancer_found_no_answer_are_counted(tmp_path: Path) -> None:
    path = started(tmp_path / "run", tasks=("segmentation", "box"), weight=lambda step: 0.25)
    events = [json.loads(line) for line in (path / "events.jsonl").read_text().splitlines()]
    for event in events:
        if event["event"] == "step" and event["step"] > 1:
            event["fallbacks"] = 3
    runs.write_events(path, events)
    assert "In 3 steps the balancer found no answer and followed the mean of the gradients." in page_of(path).text


def test_loss_weights_are_constant_also_where_labels_were_missing(tmp_path: Path) -> None:
    path = started(tmp_path / "run", tasks=("segmentation", "box"), weight=lambda step: 0.25)
    events = [json.loads(line) for line in (path / "events.jsonl").read_text().splitlines()]
    for event in events:
        if event["event"] == "step" and event["step"] % 3 == 0:
            del event["weights"]["box"], event["losses"]["box"]
    runs.write_events(path, events)
    assert "segmentation 1, box 0.25" in page_of(path).text


def test_charts_are_saved_beside_the_page_of_one_run(full: Path, tmp_path: Path) -> None:
    report([full], tmp_path / "elsewhere.html")
    assert list((full / "figures").glob("*.svg")) == []
    assert report([full]) == full / "report.html"
    names = {path.name for path in (full / "figures").glob("*.svg")}
    assert names == {
        "loss-segmentation.svg",
        "validation-segmentation.svg",
        "distribution.svg",
    }


def test_several_runs_are_compared_in_the_directory_that_holds_them(tmp_path: Path) -> None:
    paths = [
        runs.make_full_run(tmp_path / "a" / "x", ("segmentation",), 0.84),
        runs.make_full_run(tmp_path / "b" / "x"),
    ]
    place = report(paths)
    assert place == tmp_path / "report.html"
    text = Page(place.read_text(encoding="utf-8")).text
    assert "2 runs side by side" in text
    assert "a/x 84.0 % 100 test" in text
    assert "b/x 86.0 % +2.0 points 100 test 82.0 % 78.0 %" in text


def test_the_same_files_give_the_same_page(full: Path) -> None:
    assert report([full]).read_bytes() == report([full]).read_bytes()


def test_what_is_no_run_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent is not a run directory: expected a recipe\.yaml"):
        report([tmp_path / "absent"])
    with pytest.raises(InputError, match="at least one run directory"):
        report([])


def test_a_page_that_cannot_be_written_leaves_nothing_behind(full: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"cannot write the report .*report\.html: No such file or directory"):
        report([full], tmp_path / "absent" / "report.html")
    (full / "report.html").mkdir()
    before = sorted(os.listdir(full))
    with pytest.raises(RunError, match="cannot write the report"):
        report([full])
    assert sorted(os.listdir(full)) == before
