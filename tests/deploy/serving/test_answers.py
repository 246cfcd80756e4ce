"""Answers of any task become JSON: also those that only a plugin gives."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from auxseg.data.sample import Vocabulary
from auxseg.deploy.serving import schema
from auxseg.deploy.serving.answers import Wanted, answered, attended
from auxseg.deploy.serving.models import Served
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from auxseg.run.prediction.prediction import Prediction
from auxseg.tasks.answers import Answer

VOCABULARY = Vocabulary(Size.of(32), ("sky", "animal", "tree"), {}, category_ids=(7, 3, 9))


def _said(answer: Answer, **wanted: object) -> schema.TaskAnswer:
    model = Served("net", VOCABULARY, ("task",), (), lambda image, tasks: Prediction(image))
    prediction = Prediction(np.zeros((40, 60, 3), np.uint8), {"task": answer})
    return answered(model, prediction, 0.5, Wanted(**wanted)).answers["task"]  # pyright: ignore[reportArgumentType]


def _pixels(picture: schema.Image | None) -> np.ndarray:
    assert picture is not None
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture.data))))


def _white(picture: np.ndarray) -> np.ndarray:
    return np.full_like(picture, 255)


def test_a_mask_names_its_classes_with_the_numbers_of_the_data() -> None:
    mask = np.zeros((40, 60), np.uint8)
    mask[:10] = 2
    said = _said(Answer(draw=_white, mask=mask, scores={"sky": 0.9, "tree": 0.5}))
    assert said.mask is not None
    assert [(c.id, c.category_id, c.name, c.score, c.pixels) for c in said.mask.classes] == [
        (0, 7, "sky", 0.9, 1800),
        (1, 3, "animal", None, 0),
        (2, 9, "tree", 0.5, 600),
    ]
    assert said.kinds == ["mask"]
    assert said.picture is None
    without = _said(Answer(draw=_white, mask=mask), masks="none").mask
    assert without is not None
    assert without.png is None


def test_run_lengths_add_up_to_the_mask() -> None:
    mask = np.random.default_rng(0).integers(0, 3, (4, 5), np.uint8)
    said = _said(Answer(draw=_white, mask=mask), masks="rle").mask
    assert said is not None
    for each in said.classes:
        assert each.rle is not None
        flat = np.concatenate([np.full(n, k % 2, bool) for k, n in enumerate(each.rle.counts)])
        assert (flat.reshape(each.rle.size, order="F") == (mask == each.id)).all()


def test_numbers_that_are_not_finite_are_null() -> None:
    said = _said(Answer(draw=_white, vector=(1.5, float("nan"), float("inf"))))
    assert said.vector == [1.5, None, None]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(draw=_white, classes={"cat": float("nan"), "dog": 0.5}),
        Answer(draw=_white, box=(0.0, 0.0, float("inf"), 1.0)),
        Answer(draw=_white, mask=np.zeros((40, 60), np.uint8), scores={"sky": float("nan")}),
    ],
)
def test_probabilities_and_boxes_that_are_not_finite_are_refused(answer: Answer) -> None:
    with pytest.raises(InputError, match=r"^the model's numbers for task are not finite, .*; serve another model$"):
        _said(answer)


def test_what_a_plugin_draws_over_the_photograph_is_drawn_at_its_size_and_shown_smaller() -> None:
    sizes = []

    def draw(picture: np.ndarray) -> np.ndarray:
        sizes.append(picture.shape)
        return _white(picture)

    said = _said(Answer(draw=draw, vector=(3.0, 4.0)), pictures=30)
    assert sizes == [(40, 60, 3)]
    assert _pixels(said.picture).shape == (20, 30, 3)
    assert _pixels(said.picture).min() > 250
    assert _said(Answer(draw=draw, drawn="nowhere", vector=(1.0,)), pictures=30).picture is None


def test_a_map_is_drawn_at_the_size_in_which_it_is_shown() -> None:
    sizes = []

    def draw(picture: np.ndarray) -> np.ndarray:
        sizes.append(picture.shape)
        return _white(picture)

    _said(Answer(draw=draw, drawn="alone", map=lambda: np.zeros((1, 40, 60), np.float32)), pictures=30)
    assert sizes == [(20, 30, 3)]


def test_a_record_has_to_be_json() -> None:
    assert _said(Answer(draw=_white, vector=(1.0,), record={"vector": [1.0]})).record == {"vector": [1.0]}
    with pytest.raises(ValueError, match="JSON"):
        _said(Answer(draw=_white, vector=(1.0,), record={"vector": object()}))


def test_attention_is_shown_at_the_finest_stage_of_the_encoder_and_the_last_step_of_the_decoder() -> None:
    model = Served("net", VOCABULARY, ("task",), (), lambda image, tasks: Prediction(image))
    mask = np.linspace(0.2, 0.8, 16, dtype=np.float32).reshape(4, 4)
    names = ("encoder stage 1", "encoder stage 2", "decoder step 1", "decoder step 2")
    found = {"task": dict.fromkeys(names, mask), "other": {"encoder stage 1": mask}}
    said = attended(model, np.zeros((40, 60, 3), np.uint8), found, 30)
    assert [place.name for place in said.tasks["task"]] == ["encoder stage 1", "decoder step 2"]
    assert [place.name for place in said.tasks["other"]] == ["encoder stage 1"]
    place = said.tasks["task"][0]
    assert (place.minimum, place.maximum) == pytest.approx((0.2, 0.8))
    assert _pixels(place.picture).shape == (20, 30, 3)
    with pytest.raises(InputError, match="the model's numbers for task are not finite"):
        attended(model, np.zeros((40, 60, 3), np.uint8), {"task": {"encoder stage 1": mask * np.nan}}, 30)
