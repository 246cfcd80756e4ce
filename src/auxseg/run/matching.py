"""Other data than a model was trained on, in the model's own words: classes are matched by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
from jaxtyping import Int, UInt8

from auxseg.data.layers import InstancesForm, LayerForm, MapForm, PointsForm
from auxseg.data.sample import IGNORE, MISSING, Vocabulary
from auxseg.data.store.layers import StoredLayer, missing_layer
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.run.labels import needs
from auxseg.tasks import Task, layers_read

_UNNAMED: Final = "foreground"


def matched(store: Store, vocabulary: Vocabulary, tasks: Sequence[Task], target: str) -> Store:
    """The store with the class ids of a model's ``vocabulary``, as far as its ``tasks`` ask for classes.

    Classes are matched by name, so that another order does not matter, and a class that these data lack does not
    either; mask classes that have no names of their own are known by their numbers too. An auxiliary whose kind of
    label or layer they lack has nothing to be measured on. Only layers that tasks read are kept. Raises `InputError`
    for a class that the model does not know, naming it, for a label of the ``target`` that is not there, and for
    photographs that were fitted in another way.
    """
    if store.resize != vocabulary.resize:
        raise InputError(
            f"{store.path}: was prepared with --resize {store.resize}, but the model was trained on images fitted "
            f"with {vocabulary.resize}; prepare it again with --resize {vocabulary.resize}"
        )
    if store.channels != vocabulary.channels:
        raise InputError(
            f"{store.path}: its images have {store.channels.in_words()}, but the model was trained on "
            f"{vocabulary.channels.in_words()}; prepare them with --channels as those that it was trained on"
        )
    wanted = {task.name: needs(task, vocabulary) for task in tasks}
    lookup = None
    if any(need.mask for need in wanted.values()):
        names = _in_words_of(store.vocabulary, vocabulary)
        if names != vocabulary.mask_classes:
            lookup = _mask_ids(names, _places(store, names, vocabulary.mask_classes, "mask class"))
    classes = {label: np.full(len(store), MISSING, np.int32) for label in vocabulary.labels}
    for label in sorted(set().union(*(need.labels for need in wanted.values()))):
        if label in store.classes:
            classes[label] = _class_ids(store, label, vocabulary.labels[label])
        elif label in wanted[target].labels:
            raise InputError(
                f"{store.path}: has no label {label}, which {target} predicts; it has "
                f"{', '.join(store.vocabulary.labels) or 'none'}"
            )
    return dataclasses.replace(
        store,
        vocabulary=dataclasses.replace(vocabulary, exif=store.vocabulary.exif),
        classes=classes,
        mask_ids=lookup,
        layers={
            name: _layer(store, name, vocabulary.layers[name], wanted[target].layers)
            for name in sorted(layers_read(tasks))
        },
    )


def _layer(store: Store, name: str, form: LayerForm, of_target: Collection[str]) -> StoredLayer:
    """A layer in the model's words; one that nobody has, if the data lack it and the target does not need it."""
    if name not in store.layers:
        if name in of_target:
            raise InputError(
                f"{store.path}: has no layer {name}, which the target predicts; it has "
                f"{', '.join(store.layers) or 'none'}"
            )
        return missing_layer(form, len(store))
    layer = store.layers[name]
    if layer.form == form:
        return layer
    if type(layer.form) is not type(form) or isinstance(form, MapForm):
        raise InputError(
            f"{store.path}: its layer {name} is {layer.form.in_words()}, but the model knows {form.in_words()}"
        )
    what = "key point" if isinstance(form, PointsForm) else "class"
    _places(store, _names(layer.form), _names(form), f"{what} of the layer {name}")  # refuses strangers
    return dataclasses.replace(layer, form=form, stored_form=layer.form)


def _in_words_of(found: Vocabulary, model: Vocabulary) -> tuple[str, ...]:
    """The mask classes of data as the model calls them.

    Masks without names are read as ``background`` and ``foreground`` if they hold two ids, and as ``class 1``,
    ``class 2``, ... if they hold more, which is another name for the same number.
    """
    by_number = {
        name: f"class {number}"
        for name, number in zip(model.mask_classes, model.category_ids, strict=True)
        if name == _UNNAMED
    }
    known = {called: name for name, called in by_number.items()}
    names: list[str] = []
    for name, number in zip(found.mask_classes, found.category_ids, strict=True):
        called = f"class {number}" if name == _UNNAMED else name
        names.append(name if name in model.mask_classes else known.get(called, called))
    unknown = dict(zip(names, found.mask_classes, strict=True))
    return tuple(name if name in model.mask_classes else unknown[name] for name in names)


def _names(form: LayerForm) -> tuple[str, ...]:
    """What a layer calls its classes, tags or points; maps and instances have none."""
    return () if isinstance(form, MapForm | InstancesForm) else form.names


def _places(store: Store, names: Sequence[str], known: Sequence[str], what: str) -> list[int]:
    """Where each of the names stands among those that are known."""
    strangers = [name for name in names if name not in known]
    if strangers:
        raise InputError(
            f"{store.path}: has the {what} {', '.join(strangers[:5])}, which the model does not know; it knows "
            f"{', '.join(known[:20])}"
        )
    return [known.index(name) for name in names]


def _mask_ids(names: Sequence[str], places: Sequence[int]) -> UInt8[np.ndarray, 256]:
    ids = np.full(256, IGNORE, np.uint8)
    ids[: len(names)] = places
    return ids


def _class_ids(store: Store, label: str, known: Sequence[str]) -> Int[np.ndarray, " N"]:
    """Ids among the known classes; a class that no sample has may be unknown."""
    ids, names = store.classes[label], store.vocabulary.labels[label]
    if tuple(names) == tuple(known):
        return ids
    present = np.unique(ids[ids != MISSING])
    translated = np.full(len(names) + 1, MISSING, ids.dtype)  # MISSING, which is -1, finds itself at the end
    translated[present] = _places(store, [names[each] for each in present], known, f"{label}")
    return translated[ids]
