"""The hash of a store covers what its samples hold; that of one file is pinned in `test_writer`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auxseg.data.channels import RGB
from auxseg.data.layers import METRES, BoxesForm, LayerForm, MapForm
from auxseg.data.preparing.record import Record
from auxseg.data.store.writing.content_hash import ContentHash
from auxseg.records.values.size import Size
from tests.data.store.writing.test_writer import SIZE, record

DEPTH: LayerForm = MapForm(unit=METRES)
THINGS: LayerForm = BoxesForm(("car", "person"))
ROW = np.array([[0, 0, 2, 2, 0, 0]], np.float32)


def layer_hash(form: LayerForm, *values: np.ndarray | None) -> Any:
    content = ContentHash(Size.of(SIZE), {"layer": form}, RGB)
    for number, each in enumerate(values):
        content.append(record(number, layers={} if each is None else {"layer": each}))
    complete: Any = content.complete({}, {})
    return complete["layers"]["layer"]["hash"]


def filled(value: float) -> np.ndarray:
    return np.full((SIZE, SIZE, 1), value, np.float32)


@pytest.mark.parametrize(
    ("form", "cases"),
    [
        (DEPTH, [(filled(2), None), (None, filled(2)), (filled(3), None), (filled(2),)]),
        (THINGS, [(ROW, None), (None, ROW), (ROW + 1, None), (ROW,), (ROW[:0], ROW), (np.vstack([ROW, ROW]),)]),
    ],
)
def test_that_of_a_layer_is_of_form_presence_and_values(form, cases):
    hashes = [layer_hash(form, *case) for case in cases]
    assert len(set(hashes)) == len(cases)
    assert layer_hash(form, *cases[0]) == hashes[0]
    assert layer_hash(MapForm(), filled(2)) != layer_hash(DEPTH, filled(2))


def test_it_can_be_asked_again_and_after_more_samples():
    """Splits and header are not kept, so what is known before the end does not move the rest."""

    def whole(*records: Record, ask: bool) -> str:
        content = ContentHash(Size.of(SIZE), {}, RGB)
        for each in records:
            content.append(each)
            if ask:
                content.finish(np.zeros(1, np.uint8), content.complete({}, {}))
        return content.finish(np.zeros(len(records), np.uint8), content.complete({"size": SIZE}, {}))

    assert whole(record(0), record(1), ask=True) == whole(record(0), record(1), ask=False)
