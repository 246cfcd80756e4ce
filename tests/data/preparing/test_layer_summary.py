"""What `data inspect` says of layers, against the values themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from auxseg.data.layers import Layer
from auxseg.data.preparing.inspect import inspect, layer_rows
from auxseg.data.preparing.layer_summary import summarise_layers
from auxseg.data.preparing.prepare import prepare
from auxseg.data.store.store import Store
from tests.data.layered import LayeredSource


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    source = LayeredSource(missing=[(1, "depth"), (3, "depth")])
    return Store.open(prepare(source, tmp_path_factory.mktemp("store") / "a.h5", size=16, resize="letterbox").path)


def test_maps_have_a_range_and_masks_have_shares(store) -> None:
    rows = store.rows("train")
    summary = summarise_layers(store, rows)
    y0, y1, x0, x1 = store.inside(0)
    depth = store.read_layers(0)["depth"][y0:y1, x0:x1]
    found = summary["depth"]
    assert (found.num_samples, found.about) == (1, "a map of numbers, 1 channel, in m")
    assert found.known_share == pytest.approx(1 - np.isnan(depth).mean())
    assert (found.lowest, found.highest) == (np.nanmin(depth), np.nanmax(depth))
    parts = np.concatenate([store.read_layers(row)["parts"][y0:y1, x0:x1].ravel() for row in rows])
    shares = [(parts == id_).sum() / (parts != 255).sum() for id_ in range(3)]
    assert list(summary["parts"].class_shares.values()) == pytest.approx(shares)


def test_tags_boxes_and_overlapping_masks_are_counted_by_name(store) -> None:
    rows = store.rows("train")
    summary, values = summarise_layers(store, rows), [store.read_layers(int(row)) for row in rows]
    tags, boxes = np.stack([each["weather"] for each in values]), np.concatenate([each["things"] for each in values])
    assert list(summary["weather"].class_shares.values()) == pytest.approx((tags == 1).mean(0).tolist())
    assert (summary["weather"].counted, summary["weather"].known_share) == ("tags", 1)
    assert list(summary["things"].class_shares.values()) == pytest.approx(
        [(boxes[:, 4] == id_).mean() for id_ in (0, 1)]
    )
    assert (summary["things"].counted, summary["things"].num_counted) == ("boxes", len(boxes))
    planes = [store.layers["organs"].form.unpack(each["organs"]) for each in values]
    y0, y1, x0, x1 = store.inside(0)
    first = np.stack(planes)[:, 0, y0:y1, x0:x1]
    assert summary["organs"].class_shares["a"] == pytest.approx((first == 1).sum() / (first != 255).sum())
    told = {(name, what): said for name, what, said in layer_rows([inspect(store).splits["train"]])}
    assert told["things", "boxes"] == [f"{len(boxes)}"]
    assert told["weather", "known tags"] == ["100.0%"]


def test_a_split_without_the_layer_has_no_numbers(store) -> None:
    found = summarise_layers(store, store.rows("test"))["depth"]
    assert found.num_samples == 0
    assert all(math.isnan(value) for value in (found.known_share, found.lowest, found.highest))


def test_an_inspection_counts_samples_without_a_layer_and_is_json(store) -> None:
    inspection = inspect(store)
    assert inspection.splits["train"].missing["depth"] == 1
    plain = inspection.to_json()["splits"]
    assert isinstance(plain, dict)
    assert plain["test"]["layers"]["depth"]["lowest"] is None


def test_layers_that_do_not_fit_are_left_out_and_named(tmp_path) -> None:
    source = LayeredSource()
    sample = source.read(source.items()[0])
    wrong = {**sample.layers, "depth": Layer(sample.layers["depth"].form, -sample.layers["depth"].values)}
    object.__setattr__(sample, "layers", wrong | {"strange": wrong["parts"]})
    report = prepare(source, tmp_path / "a.h5", size=16)
    reasons = [reason for id_, reason in report.dropped if id_ == "drawn 0"]
    assert reasons[0].startswith("its layer 'depth' holds -")
    assert reasons[1] == "its layer 'strange' is none that the source announces, or of another form"
    assert Store.open(report.path).layers["depth"].present.tolist() == [False, True, True, True]
