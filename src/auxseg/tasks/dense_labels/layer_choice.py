"""Which layer of the data a task reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from auxseg.data.layers import LayerForm
from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError, nearest

_F = TypeVar("_F", bound=LayerForm)


def choose_layer(
    task: str,
    layer: str | None,
    vocabulary: Vocabulary,
    kind: type[_F],
    what: str,
    *,
    may: Callable[[_F], bool] = lambda form: True,
    prefers: Callable[[_F], bool] = lambda form: True,
) -> tuple[str, _F]:
    """The layer that is named, or the first one that fits, with its form.

    Args:
        task: name of the task, for messages.
        layer: name of the layer, if the settings say one.
        vocabulary: what the data hold.
        kind: which kind of layer it has to be.
        what: the layer that is needed, in words, with its article.
        may: what must hold of a layer.
        prefers: what must also hold of one that is not named.

    Raises:
        InputError: if there is no such layer.
    """
    found = {name: form for name, form in vocabulary.layers.items() if isinstance(form, kind) and may(form)}
    if layer is None:
        chosen = next((name for name, form in found.items() if prefers(form)), None)
        if chosen is None:
            raise InputError(
                f"tasks.{task}: needs {what} as a layer, but the data have {_listed(vocabulary)}; "
                f"leave the task out by tasks.{task}=off"
            )
        return chosen, found[chosen]
    if layer not in vocabulary.layers:
        hint = nearest(layer, vocabulary.layers)
        raise InputError(f"tasks.{task}.layer: the data have no layer {layer!r}{hint}; they have {_listed(vocabulary)}")
    if layer not in found:
        raise InputError(f"tasks.{task}.layer: needs {what}, but {layer!r} is {vocabulary.layers[layer].in_words()}")
    return layer, found[layer]


def _listed(vocabulary: Vocabulary) -> str:
    return ", ".join(f"{name} ({form.in_words()})" for name, form in vocabulary.layers.items()) or "no layers"
