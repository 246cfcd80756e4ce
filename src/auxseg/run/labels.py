"""Which labels a task learns from, how many samples have them, and which tasks therefore learn nothing.

Shape legend: ``R`` rows of the store, ``L`` of them whose mask is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np
import torch
from jaxtyping import Int64

from auxseg.data.layers import LayerForm
from auxseg.data.loading.batch import Batch, layer_batch
from auxseg.data.loading.loader import EvaluationLoader
from auxseg.data.sample import IGNORE, MISSING, SPLITS, Vocabulary
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.keyed import sample_keys
from auxseg.recipe import Recipe
from auxseg.records.values.size import Size
from auxseg.tasks import Task

_BATCH: Final = 16
_NUM_LOOKED_AT: Final = 64
"""How many samples tell whether data fit what a task takes for granted."""


@final
@dataclass(frozen=True)
class Needs:
    """The labels without any of which a task has nothing to learn from in a sample; a task may need none."""

    mask: bool
    box: bool
    labels: frozenset[str]
    layers: frozenset[str] = frozenset()

    def rows(self, store: Store, rows: Int64[np.ndarray, " R"], masked: Int64[np.ndarray, " L"]) -> np.ndarray:
        """Those of ``rows`` that have them all, as far as the store's index says; ``masked`` are those with a mask."""
        if self.mask:
            rows = rows[np.isin(rows, masked)]
        if self.box:
            rows = rows[~np.isnan(store.boxes[rows]).any(1)]
        for label in sorted(self.labels):
            rows = rows[store.classes[label][rows] != MISSING]
        for name in sorted(self.layers):
            rows = rows[store.layers[name].present[rows]]
        return rows


def needs(task: Task, vocabulary: Vocabulary) -> Needs:
    """Found by asking the task what it would make of a sample that lacks one label after the other."""
    whole = _sample(vocabulary)
    if not _has_label(task, whole):  # not even with all labels, which its own data will have to answer for
        return Needs(False, False, frozenset())
    none = {label: torch.full((1,), MISSING) for label in vocabulary.labels}
    return Needs(
        not _has_label(task, replace(whole, mask=torch.full_like(whole.mask, IGNORE))),
        not _has_label(task, replace(whole, box=torch.full_like(whole.box, torch.nan))),
        frozenset(
            label
            for label in vocabulary.labels
            if not _has_label(task, replace(whole, classes={**whole.classes, label: none[label]}))
        ),
        frozenset(
            name
            for name, form in vocabulary.layers.items()
            if not _has_label(task, replace(whole, layers={**whole.layers, name: _unknown(form, vocabulary.size)}))
        ),
    )


def labelled_samples(
    tasks: Mapping[str, Task],
    store: Store,
    rows: Int64[np.ndarray, " R"],
    masked: Int64[np.ndarray, " L"],
) -> dict[str, int]:
    """How many of ``rows`` have a label for each task; ``masked`` are those whose mask is used.

    It is counted in the store's index. A task of which the index promises samples is shown some of them, until one
    has a label indeed: a mask may be ignored in every pixel.
    """
    counts: dict[str, int] = {}
    for name, task in tasks.items():
        mine = needs(task, store.vocabulary).rows(store, rows, masked)
        loader = EvaluationLoader(store.with_layers(task.layers), mine, _BATCH)
        seen = any(_has_label(task, batch) for batch in loader)
        counts[name] = len(mine) if seen else 0
    return counts


def refuse_unlabelled(
    tasks: Mapping[str, Task], labelled: Mapping[str, int], store: Store, target: str, tell: Callable[[str], None]
) -> None:
    """Raise `InputError` for a task that no sample of the store has a label for, and for such a target.

    Of an auxiliary that only other splits have labels for ``tell`` is told instead: it learns nothing, but is measured.
    """
    if not labelled[target]:
        raise InputError(f"{store.path}: no training sample has a label for {target}, the target")
    everywhere = np.arange(len(store))
    for name in (name for name, count in labelled.items() if not count):
        found = needs(tasks[name], store.vocabulary).rows(store, everywhere, np.flatnonzero(store.has_mask))
        splits = [split for split in SPLITS if np.isin(store.rows(split), found).any()]
        why = f"{store.path}: no training sample has a label for the auxiliary {name}"
        if not splits or splits == ["train"]:
            raise InputError(f"{why}, which would learn nothing; leave it out with --set tasks.{name}=off")
        tell(
            f"{why} (only {' and '.join(splits)} have some): it learns nothing, and predictions leave it out; "
            f"--set tasks.{name}=off leaves it out of training too"
        )


def refuse_unfit(
    tasks: Mapping[str, Task], store: Store, rows: Int64[np.ndarray, " R"], way_out: str = "with --set tasks.{}=off"
) -> None:
    """Raise `InputError` for data of which most samples contradict what a task takes for granted (`Task.fits`).

    Looks at some of ``rows``, the samples that may be trained on with their masks, spread evenly. ``way_out`` says how
    to leave a task out.
    """
    chosen = rows[np.linspace(0, len(rows) - 1, min(_NUM_LOOKED_AT, len(rows))).astype(int)]
    for name, task in tasks.items():
        if not task.assumption or not len(chosen):
            continue
        told = [fit for batch in EvaluationLoader(store, chosen, _BATCH) for fit in task.fits(batch) if fit is not None]
        if told.count(False) > len(told) / 2:
            raise InputError(
                f"{store.path}: {name} takes for granted that {task.assumption}, but in {told.count(False)} of "
                f"{len(told)} samples it is not so; leave the task out {way_out.format(name)}"
            )


def untrained_tasks(recipe: Recipe, vocabulary: Vocabulary, labelled: Mapping[str, int] | None) -> frozenset[str]:
    """The tasks whose heads are as random as they were made: without a label in training, or of weight 0.

    ``labelled`` counts the training samples with a label by task. Model files of a version that did not write it know
    only of classes: a label of which no class has a training sample.
    """
    weights: Mapping[str, float] = getattr(recipe.balancer, "weights", {})
    idle = {name for name in recipe.tasks if weights.get(name) == 0}
    if labelled is not None:
        idle |= {name for name, count in labelled.items() if not count}
    else:
        unseen = {label for label, counts in vocabulary.counts.items() if not any(counts)}
        idle |= {name for name, task in recipe.tasks.items() if getattr(task, "label", None) in unseen}
    return frozenset(idle - {recipe.target})


def _has_label(task: Task, batch: Batch) -> bool:
    return any(bool(count.any()) for count in task.counts(task.target(batch)).values())


def _unknown(form: LayerForm, size: Size) -> torch.Tensor:
    return layer_batch(form, [form.blank(*size)], size)


def _sample(vocabulary: Vocabulary) -> Batch:
    """A sample with every label: noise, a mask of all classes, a box, the first class of every label."""
    size = vocabulary.size
    image = torch.rand(1, len(vocabulary.channels), *size, generator=torch.Generator().manual_seed(0))
    random = np.random.default_rng(0)
    num_classes, num_pixels = len(vocabulary.mask_classes), size.num_pixels
    mask = torch.full((1, *size), IGNORE, dtype=torch.uint8)
    if num_classes:
        mask = (torch.arange(num_pixels) * num_classes // num_pixels).to(torch.uint8).view(1, *size)
    return Batch(
        ids=("",),
        image=image,
        clean=image,
        mask=mask,
        box=torch.tensor([[0.25, 0.25, 0.75, 0.75]]),
        classes={label: torch.zeros(1, dtype=torch.long) for label in vocabulary.labels},
        inside=torch.ones(1, *size, dtype=torch.bool),
        keys=sample_keys(0, [0], [""]),
        layers={
            name: layer_batch(form, [form.example(size, random)], size) for name, form in vocabulary.layers.items()
        },
        forms=dict(vocabulary.layers),
        channels=vocabulary.channels,
    )
