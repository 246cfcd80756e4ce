"""Runs with a model that was never trained: quick to make, and all that a model directory is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from auxseg.data.sample import Vocabulary
from auxseg.data.store.store import Store
from auxseg.models import build_network
from auxseg.recipe import Recipe, build_tasks, dump_recipe, load_recipe, with_changes
from auxseg.records.event_log import EventLog
from auxseg.records.metrics import ClassFigures, Metrics, write_metrics
from auxseg.records.table import write_per_image
from auxseg.records.values.size import Size
from auxseg.run.directory import Run
from auxseg.run.model_file import ModelFacts
from auxseg.training.weights import save_weights
from tests.records.made_events import DATA, make_end, make_start, make_validation
from tests.run.conftest import SETTINGS

FOLDER = "/home/somebody/secret"
"""A path of the machine that nobody else is to see."""
STEP = 30
VOCABULARY = Vocabulary(
    Size.of(32),
    ("background", "animal"),
    {"species": ("cat", "dog")},
    counts={"species": (3, 1)},
    category_ids=(0, 17),
)
OF_ALL = ("training.precision=fp32", "training.channels_last=false", "model.weights=none")
LABELLED = {"segmentation": 20, "classification": 20, "box": 12}


def make_run(
    path: Path,
    *,
    vocabulary: Vocabulary = VOCABULARY,
    settings: Sequence[str] = (),
    pretrained: str = "none",
    weights: str = "random",
    content_hash: str = DATA.content_hash,
    is_finished: bool = True,
    labelled: dict[str, int] | None = None,
) -> Run:
    """A run whose network is as random as it was made; ``pretrained`` is what its recipe says of weights."""
    recipe = load_recipe("tiny-mtl", [*SETTINGS, "training.steps=40", "tasks.classification.label=species", *settings])
    labelled = LABELLED if labelled is None else labelled
    run = _save(path, recipe, ModelFacts(_saying(recipe, pretrained), vocabulary, STEP, labelled, content_hash), 0.5)
    log = EventLog(run.events_file)
    data = replace(DATA, path=f"{FOLDER}/pets.h5", content_hash=content_hash)
    untrained = tuple(name for name, number in labelled.items() if not number)
    command = f"auxseg train tiny-mtl --data {FOLDER}/pets.h5"
    log.append(make_start(command=command, weights={"encoder": weights}, data=data, untrained=untrained))
    log.append(make_validation(STEP, figures={"segmentation": {"iou_dataset": 0.625}}))
    if is_finished:
        log.append(make_end(40))
    return run


def untrained_run(directory: Path, data: Path, preset: str, settings: Sequence[str] = ()) -> Path:
    """A run of a preset with some settings, for the classes of a store."""
    recipe, store = load_recipe(preset, [*OF_ALL, *settings]), Store.open(data)
    labelled = dict.fromkeys(recipe.tasks, len(store))
    return _save(directory, recipe, ModelFacts(recipe, store.vocabulary, 0, labelled, store.content_hash)).directory


def _save(path: Path, recipe: Recipe, facts: ModelFacts, figure: float | None = None) -> Run:
    """The model and the recipe of a run: the network of ``recipe``, and what ``facts`` say of it."""
    path.mkdir(parents=True)
    run = Run(path)
    outputs = {name: task.output for name, task in build_tasks(recipe, facts.vocabulary).items()}
    save_weights(run.best_file, build_network(recipe.model, outputs, recipe.seed, recipe.target), facts.pack(figure))
    run.recipe_file.write_text(dump_recipe(facts.recipe))
    return run


def _saying(recipe: Recipe, pretrained: str) -> Recipe:
    """The recipe of a network that nothing was read for."""
    return with_changes(recipe, model={"weights": pretrained}) if pretrained != "none" else recipe


def write_figures(run: Run, **values: object) -> Metrics:
    """What an evaluation of the run on four images found."""
    metrics = Metrics(
        **{
            "split": "test",
            "num_images": 4,
            "checkpoint_step": STEP,
            "target": "segmentation",
            "data": replace(DATA, path=f"{FOLDER}/pets.h5"),
            "figures": {
                "segmentation": {"iou_dataset": 0.75, "iou_image": 0.7, "dice_image": 0.8, "num_images": 4.0},
                "classification": {"accuracy": 0.5, "num_images": 4.0},
                "box": {"iou": None, "num_images": 0.0},
            },
            "classes": {"segmentation": {"animal": ClassFigures(0.75, 0.9, 0.8, 100, 90)}},
            "seconds": 1.0,
            **values,
        }
    )
    intersections, unions = [70, 80, 75, 75], [100, 100, 100, 100]
    write_per_image(
        run.directory,
        {
            "id": ["a", "b", "c", "d"],
            "segmentation.intersection.animal": intersections,
            "segmentation.union.animal": unions,
        },
    )
    write_metrics(run.directory, metrics)
    return metrics
