"""The page of a data set is whole, offline, and begins with what looks wrong."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.preparing.inspect import inspect
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources.rooms.source import RoomsSource
from auxseg.data.store.store import Store
from auxseg.drawing import TRUTH_COLOUR
from auxseg.errors import RunError
from auxseg.report.stores import inspect_page
from auxseg.report.stores.inspect_page import write_inspect_page
from tests.data.pictures import DrawnSource, draw_sample
from tests.report.html import Page


def prepared(tmp_path: Path, size: int = 32, bad: tuple[str, ...] = ()) -> Store:
    samples = [draw_sample(index) for index in range(40)]
    samples[3] = replace(samples[3], id="copy <b>", image=samples[39].image, mask=None, boxes=())
    source = DrawnSource(samples, [*["train"] * 36, *["test"] * 4], bad)
    return Store.open(prepare(source, tmp_path / "drawn.h5", size=size, val_fraction=0).path)


def page_of(tmp_path: Path, store: Store) -> Page:
    write_inspect_page(store, inspect(store), tmp_path / "pages" / "page.html")
    return Page((tmp_path / "pages" / "page.html").read_text())


def pictures(page: Page) -> list[np.ndarray]:
    uris = [link.removeprefix("data:image/png;base64,") for link in page.links]
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(uri)))) for uri in uris]


def test_the_page_is_whole_and_needs_no_network(tmp_path):
    page = page_of(tmp_path, prepared(tmp_path))
    assert page.faults == []
    assert page.links
    assert all(link.startswith("data:image/png;base64,") for link in page.links)


def test_it_says_that_original_masks_are_kept(tmp_path):
    assert "also kept" not in page_of(tmp_path, prepared(tmp_path)).text
    kept = DrawnSource([draw_sample(index) for index in range(3)], ["train", "val", "test"])
    store = Store.open(prepare(kept, tmp_path / "kept.h5", size=32, original_masks=True).path)
    assert "masks also kept at the size of their images" in page_of(tmp_path, store).text


def test_it_begins_with_what_looks_wrong(tmp_path):
    page = page_of(tmp_path, prepared(tmp_path, bad=("drawn 5",)))
    assert page.headings[:2] == ["drawn.h5", "What looks wrong"]
    assert "copy <b> (train) and drawn 39 (test) are the same picture" in page.text
    assert "drawn 5: it is bad" in page.text
    assert page.text.index("are the same picture") < page.text.index("In numbers")


def test_it_shows_numbers_and_some_samples_of_every_split(tmp_path):
    page = page_of(tmp_path, prepared(tmp_path))
    assert "samples 36 0 4" in page.text
    assert "no mask" in page.text
    assert len(page.links) == 2 + inspect_page.SAMPLES_PER_SPLIT + 4


def test_masks_and_boxes_are_drawn(tmp_path):
    store = prepared(tmp_path)
    copy, original = pictures(page_of(tmp_path, store))[:2]
    assert not (copy == TRUTH_COLOUR).all(-1).any()
    assert (original == TRUTH_COLOUR).all(-1).any()
    image, _ = store.read(3)
    np.testing.assert_array_equal(copy, image)


def test_layers_are_drawn_below_their_sample(tmp_path):
    path = prepare(RoomsSource(3, 32), tmp_path / "rooms.h5", size=32).path
    page = page_of(tmp_path, Store.open(path))
    assert "Below each sample, from the left: depth, normals." in page.text
    assert "layer depth: a map of numbers, 1 channel, in m known pixels" in page.text
    assert len(page.links) == 3 * 3
    _, depth, normals = pictures(page)[:3]
    values = Store.open(path).read_layers(0)
    np.testing.assert_allclose(normals, 255 * (values["normals"].astype(float) + 1) / 2, atol=1)
    near, far = (depth.reshape(-1, 3)[pick(values["depth"])].astype(int) for pick in (np.argmin, np.argmax))
    assert near[1] > far[1], "yellow is greener than dark blue"


def test_large_pictures_are_shown_smaller(tmp_path):
    assert pictures(page_of(tmp_path, prepared(tmp_path, size=300)))[0].shape == (256, 256, 3)


def test_a_set_without_findings_says_so(tmp_path):
    samples = [draw_sample(index) for index in range(3)]
    path = prepare(DrawnSource(samples, ["train"] * 3), tmp_path / "good.h5", size=32, val_fraction=0).path
    assert "Nothing: no image is in two splits" in page_of(tmp_path, Store.open(path)).text


def test_findings_of_one_kind_stand_together_and_all_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(inspect_page, "MAX_SHOWN", 1)
    samples = [replace(draw_sample(index), mask=np.zeros((40, 50), np.uint8)) for index in range(3)]
    path = prepare(DrawnSource(samples, ["train"] * 3), tmp_path / "empty.h5", size=32).path
    page = page_of(tmp_path, Store.open(path))
    assert "empty mask (3)" in page.text
    assert "2 more" in page.text
    for index in range(3):
        assert f"the mask of drawn {index} is all background" in page.text
    assert len(page.links) == 1 + 3


def test_it_names_what_was_left_out_and_repaired(tmp_path):
    samples = [replace(draw_sample(0), dropped=("its <i>mask</i> is torn",), notes=("its colours were mended",))]
    path = prepare(DrawnSource(samples, ["train"]), tmp_path / "torn.h5", size=32, val_fraction=0).path
    page = page_of(tmp_path, Store.open(path))
    assert "label left out drawn 0: its <i>mask</i> is torn" in page.text
    assert "1 samples: its colours were mended" in page.text


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    store = prepared(tmp_path)
    with pytest.raises(RunError, match="cannot write the page"):
        write_inspect_page(store, inspect(store), store.path / "page.html")
