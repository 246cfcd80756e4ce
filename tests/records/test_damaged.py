"""Damaged files of runs and studies: read, or refused with one sentence, and never anything else."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from auxseg.errors import InputError
from auxseg.records.about import read_about, read_asked_target, read_planned
from auxseg.records.agreement import read_screen_outline, read_study_outline
from auxseg.records.events import read_events
from auxseg.records.metrics import read_metrics
from auxseg.records.pictures import read_examples, read_inspection
from auxseg.records.recipe import read_recipe
from auxseg.records.screen import read_screen
from auxseg.records.study import read_study
from auxseg.records.table import read_per_image
from auxseg.report import report, study_page
from auxseg.report.runs.record import read_record
from tests.records.mutations import DEEP, damaged, replaced
from tests.report import made_runs as runs
from tests.report import made_studies as studies
from tests.report.runs.test_gradients import OVER_TIME, explained

TASKS = ("segmentation", "box")
LOOK = {
    "event": "gradients",
    "step": 3,
    "norms": {},
    "cosines": {"box": {"all": 0.1, "stage 1": None}},
    "affinities": {"box": 0.1},
    "seconds": 0.1,
}
CLASSES = {"cat": {"iou": 0.5, "precision": 0.5, "recall": None, "pixels": 3, "predicted_pixels": 5}}
INSPECTION = {
    "images": [{"id": "dog", "pictures": {"box": "figures/best-1.png"}}],
    "tasks": list(TASKS),
    "matrices": {"stage 1": [[0.5, 0.5], [0.1, 0.9]]},
}
READERS: dict[str, Callable[[Path], Any]] = {
    "recipe.yaml": read_recipe,
    "events.jsonl": read_events,
    "metrics.json": read_metrics,
    "per_image.csv": lambda run: read_per_image(run).numbers,
    "examples.json": read_examples,
    "inspection.json": read_inspection,
}
ABOUT = {
    "format": 1,
    "content_hash": "abc",
    "origin": {"versions": {"auxseg": "1", "torch": "2", "python": "3"}, "device": "cpu", "weights": None},
    "choices": {
        "threads": 2,
        "precision": "fp32",
        "channels_last": False,
        "same_compute": {"arm": "box", "factor": 1.5, "recipe": "x"},
        "tuned": [
            {"auxiliaries": [], "label_fraction": 1.0, "chosen": 1, "figures": {"1": None}, "seconds": 1, "recipe": "x"}
        ],
    },
    "question": {"target": "segmentation", "label_fractions": [1.0], "base": {"seed": 0}, "margin": 0.005, "looks": 2},
    "judged": [{"auxiliaries": ["box"], "is_longer": False, "is_control": False, "recipe": {"seed": 0}}],
    "looked_at": [3],
}
PLANNED = [{"directory": "box-seed0", "arm": "box", "seed": 0, "label_fraction": 1.0}]
CANDIDATE = {"rank": 1, "name": "box", "per_seed": {"2000": 0.1}, "affinity": None, "reason": None, "difference": 0.1}
SCREEN = {
    "format": 1,
    "target": "segmentation",
    "figure": "iou_dataset",
    "seeds": 1,
    "steps": 60,
    "cost_in_steps": 130.0,
    "cost_of_study_in_steps": 900.0,
    "config": {"base": "tiny"},
    "answers": [{"label_fraction": 1.0, "candidates": [CANDIDATE]}],
    "seconds": 12.0,
    "data": runs.DATA,
    "recipes": {"box": "x"},
}


def make_run(path: Path) -> Path:
    runs.write_recipe(path, TASKS)
    start, step, *rest = runs.training_events(TASKS, steps=17)
    resume = {"event": "resume", "time": "t", "step": 1, "steps": 510}
    read = {"event": "evaluate", "time": "t", "split": "test", "step": 17}
    runs.write_events(path, [start, step, LOOK, resume, *rest[-2:], runs.end_event(17), read])
    runs.write_evaluation(path, TASKS, step=17)
    metrics = json.loads((path / "metrics.json").read_text())
    metrics["tables"] = {"segmentation.confusion": {"names": ["cat", "dog"], "counts": [[1, 2], [3, 40000]]}}
    (path / "metrics.json").write_text(json.dumps(metrics | {"classes": {"segmentation": CLASSES}}))
    (path / "inspection.json").write_text(json.dumps(INSPECTION))
    return path


def make_study(path: Path) -> Path:
    answer = explained(0.003, over_time=OVER_TIME, conflicts_by_group={"all": 0.2})
    tuned = {"auxiliaries": [], "label_fraction": 1.0, "chosen": 1.0, "figures": {"1": None, "2": 0.5}}
    diverged = {"arm": "box", "seed": 1, "label_fraction": 1.0, "reason": "infinite"}
    return studies.make_study(path, answer, tuned=[tuned], diverged=[diverged], agreement={"sentence": "much"})


def mutants(content: bytes, name: str) -> Iterator[bytes]:
    """Flipped bits, cut ends, and every value in turn by another."""
    yield from damaged(content, 20)
    yield from (b"", DEEP.encode(), b"\xff" * 99, b"\0" * 99)
    if name.endswith(".json"):
        yield from replaced(content)
    if name.endswith(".yaml"):
        yield from replaced(json.dumps(yaml.safe_load(content)).encode())  # JSON is YAML
    if name.endswith(".jsonl"):
        lines = content.splitlines()
        for number, line in enumerate(lines):
            others = lines[:number], lines[number + 1 :]
            yield b"\n".join([*others[0], *others[1]])
            yield b"\n".join([*others[0], next(iter(damaged(line, 1, number))), *others[1]])


def survives(read: Callable[[], Any]) -> bool:
    """Whether something is read; a refusal must be one short sentence."""
    try:
        read()
    except InputError as error:
        said = str(error)
    else:
        return True
    assert "\n" not in said
    assert len(said) < 600
    return False


@pytest.mark.parametrize("name", READERS)
def test_a_run_with_a_damaged_file_is_read_or_refused(tmp_path: Path, name: str) -> None:
    run = make_run(tmp_path / "run")
    file, read = run / name, READERS[name]
    assert survives(lambda: read(run))
    found = []
    for content in list(mutants(file.read_bytes(), name))[:: 3 if name == "recipe.yaml" else 1]:
        file.write_bytes(content)
        found.append(survives(lambda: read(run)))
    assert len(found) > 20
    assert all(found) if name == "events.jsonl" else not all(found)


def test_a_damaged_study_is_read_or_refused(tmp_path: Path) -> None:
    study = make_study(tmp_path / "study")
    file = study / "study.json"
    assert survives(lambda: read_study(study))
    found = []
    for content in list(mutants(file.read_bytes(), "study.json"))[::3]:
        file.write_bytes(content)
        found.append(survives(lambda: read_study(study)))
    assert 0 < sum(found) < len(found) / 2


@pytest.mark.parametrize(
    ("name", "values", "read"),
    [
        ("about.json", ABOUT, read_about),
        ("about.json", ABOUT, read_asked_target),
        ("planned.json", PLANNED, read_planned),
        ("screen/screen.json", SCREEN, read_screen_outline),
        ("screen.json", SCREEN, read_screen),
        ("study.json", studies.make_answer(), read_study_outline),
    ],
)
def test_other_damaged_files_of_a_study_are_read_or_refused(
    tmp_path: Path, name: str, values: Any, read: Callable[[Path], Any]
) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(values))
    assert survives(lambda: read(tmp_path))
    for content in mutants(file.read_bytes(), name):
        file.write_bytes(content)
        survives(lambda: read(tmp_path))


@pytest.mark.parametrize("seed", range(2))
def test_pages_are_written_of_all_that_is_read(tmp_path: Path, seed: int) -> None:
    """A few of the mutants that their readers let through, in full: what is drawn is the slow part."""
    draw = random.Random(seed)
    run, study = make_run(tmp_path / "run"), make_study(tmp_path / "study")
    name = draw.choice(["events.jsonl", "metrics.json", "examples.json", "inspection.json", "figures/best-1.png"])
    for file, read, page in (
        (run / name, lambda: read_record(run), lambda: report([run])),
        (study / "study.json", lambda: read_study(study), lambda: study_page(study)),
    ):
        candidates = list(mutants(file.read_bytes(), file.name))
        draw.shuffle(candidates)
        for content in candidates[:30]:
            file.write_bytes(content)
            if survives(read):
                assert page().is_file()
                break
