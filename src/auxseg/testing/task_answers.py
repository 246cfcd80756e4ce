"""What prediction relies on: answers about photographs of any size."""

from __future__ import annotations

import json
import math
from typing import Final

import numpy as np

from auxseg.data.geometry import Fit, fit
from auxseg.tasks.answers import Answer
from auxseg.tasks.task import Dense, blank_answer, form
from auxseg.testing.task_case import TaskCase

HEIGHT, WIDTH = 20, 34
"""A photograph that is larger than the stored picture and of another shape."""

CONTENTS: Final = ("mask", "classes", "tags", "box", "boxes", "points", "map", "vector")


def answers_are_in_the_photographs_own_coordinates(case: TaskCase) -> None:
    """Masks and maps have its size, boxes lie in it."""
    for resize in ("squash", "letterbox"):
        answer = _answer(case, _place(case, resize))
        case.require(any(getattr(answer, name) is not None for name in CONTENTS), "an answer says something")
        for values in _arrays(answer).values():
            case.require(values.shape[-2:] == (HEIGHT, WIDTH), "a mask or map has the size of the photograph")
        if answer.box is not None:
            x0, y0, x1, y1 = answer.box
            inside = 0 <= x0 <= x1 <= WIDTH and 0 <= y0 <= y1 <= HEIGHT
            case.require(inside, "a box lies in the photograph, in its pixels")
        for found in answer.points or ():
            x, y = found.place
            case.require(0 <= x <= WIDTH and 0 <= y <= HEIGHT, "points lie in the photograph, in its pixels")
        for found in answer.boxes or ():
            x0, y0, x1, y1 = found.box
            inside = 0 <= x0 <= x1 <= WIDTH and 0 <= y0 <= y1 <= HEIGHT
            case.require(inside, "boxes lie in the photograph, in its pixels")
    box, other = _answer(case, _place(case, "squash")).box, _answer(case, _place(case, "letterbox")).box
    if box is not None and other is not None:
        moved = _place(case, "letterbox").boxes_back(_place(case, "squash").boxes(np.array([box])))[0]
        expected = np.clip(moved, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
        case.require(np.allclose(expected, other, atol=1e-3), "a box is moved with the photograph's place in the store")


def padding_is_no_part_of_an_answer(case: TaskCase) -> None:
    """What the network says beside the photograph changes nothing."""
    if not isinstance(form(case.task.output), Dense):
        return
    place = _place(case, "letterbox")
    y0, y1, x0, x1 = place.inside
    output, other = case.output[0].float(), -case.output[0].float()
    other[:, y0:y1, x0:x1] = output[:, y0:y1, x0:x1]
    one, another = case.task.answer(output, place), case.task.answer(other, place)
    same = np.array_equal(one.draw(_photograph()), another.draw(_photograph())) and one.boxes == another.boxes
    same = same and one.points == another.points
    arrays, others = _arrays(one), _arrays(another)
    same = same and all(np.array_equal(values, others[name], equal_nan=True) for name, values in arrays.items())
    case.require(same, "what the network says of the padding is no part of an answer")


def answers_hold_what_they_name(case: TaskCase) -> None:
    """Ids and names are those of the data, probabilities add up to one, and a record is JSON."""
    answer, names = _answer(case, _place(case, "letterbox")), set(case.vocabulary.mask_classes)
    if answer.mask is not None:
        known = answer.mask.dtype == np.uint8 and int(answer.mask.max()) < len(names)
        case.require(known and set(answer.scores) <= names, "a mask holds ids and names of the data's mask classes")
        found = {case.vocabulary.mask_classes[id_] for id_ in np.unique(answer.mask)}
        case.require(not answer.scores or set(answer.scores) == found, "scores are those of the classes in the mask")
    if answer.probabilities is not None:
        case.require(np.allclose(answer.probabilities().sum(0), 1, atol=1e-3), "probabilities of a pixel add up to 1")
    if answer.classes is not None:
        total = math.fsum(answer.classes.values())
        case.require(math.isclose(total, 1, abs_tol=1e-3), "probabilities of classes add up to 1")
    shares = [
        *(answer.tags or {}).values(),
        *(found.score for found in (*(answer.boxes or ()), *(answer.points or ()))),
    ]
    case.require(
        all(0 <= share <= 1 for share in shares), "probabilities of tags and scores of boxes and points are in [0, 1]"
    )
    case.require(_is_json(answer), "a record holds values of JSON, without NaN and infinity")


def answers_are_the_same_every_time(case: TaskCase) -> None:
    """And of the same kinds for every photograph, so that files and categories are known beforehand."""
    place = _place(case, "letterbox")
    one, other, blank = _answer(case, place), _answer(case, place), blank_answer(case.task, case.vocabulary.size)
    same = all(
        getattr(one, key) == getattr(other, key)
        for key in ("classes", "tags", "box", "boxes", "points", "vector", "record")
    )
    arrays, again = _arrays(one), _arrays(other)
    same = same and all(np.array_equal(values, again[name], equal_nan=True) for name, values in arrays.items())
    case.require(same, "the same output gives the same answer")
    case.require(_kinds(one) == _kinds(blank), "a task gives the same kinds of answer for every photograph")


def drawing_an_answer_leaves_the_photograph_as_it_is(case: TaskCase) -> None:
    """It gives a new picture of the same size."""
    photograph, answer = _photograph(), _answer(case, _place(case, "letterbox"))
    drawn = answer.draw(photograph)
    same = (drawn.shape, drawn.dtype) == (photograph.shape, photograph.dtype)
    case.require(same, "the drawing of an answer has the photograph's size")
    case.require((photograph == _photograph()).all(), "drawing an answer leaves the photograph as it is")
    if answer.map is not None and all(said is None for said in (answer.mask, answer.classes, answer.box, answer.boxes)):
        small = np.ascontiguousarray(photograph[::2, ::2])
        case.require(answer.draw(small).shape == small.shape, "a map can be drawn onto a smaller photograph")


def masks_are_measured_as_outputs_are(case: TaskCase) -> None:
    """Where images are stored at their own size, figures at the original size are those at the stored size."""
    if not case.task.measures_masks:
        return
    size = case.vocabulary.size
    place = fit((size.height, size.width), size, "squash")
    expected = case.task.measure(case.output.float(), case.task.target(case.batch))
    for row, (output, true) in enumerate(zip(case.output.float(), case.batch.mask.numpy(), strict=True)):
        mask = case.task.answer(output, place).mask
        case.require(mask is not None, "a task that measures masks answers with a mask")
        assert mask is not None
        found = case.task.measure_mask(mask, true)
        same = {name: value[row : row + 1].tolist() for name, value in expected.items()}
        case.require(
            {name: value.tolist() for name, value in found.items()} == same,
            "measure_mask gives the row that measure gives of the same mask",
        )


def _photograph() -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 3), 128, np.uint8)


def _place(case: TaskCase, resize: str) -> Fit:
    return fit((HEIGHT, WIDTH), case.vocabulary.size, resize)


def _answer(case: TaskCase, place: Fit) -> Answer:
    return case.task.answer(case.output[0].float(), place)


def _arrays(answer: Answer) -> dict[str, np.ndarray]:
    made = {"mask": answer.mask, "map": answer.map and answer.map()}
    made["probabilities"] = answer.probabilities and answer.probabilities()
    return {name: values for name, values in made.items() if values is not None}


def _kinds(answer: Answer) -> tuple[object, ...]:
    return (answer.drawn, *(getattr(answer, name) is not None for name in CONTENTS))


def _is_json(answer: Answer) -> bool:
    try:
        return json.loads(json.dumps(dict(answer.record), allow_nan=False)) is not None
    except (TypeError, ValueError):
        return False


ANSWER_RULES: Final = (
    answers_are_in_the_photographs_own_coordinates,
    padding_is_no_part_of_an_answer,
    answers_hold_what_they_name,
    answers_are_the_same_every_time,
    drawing_an_answer_leaves_the_photograph_as_it_is,
    masks_are_measured_as_outputs_are,
)
