"""From a prediction to the answer's JSON. Only `Answer`s are asked, so a plugin's answers are served like our own.

Shape legend: ``h w`` the photograph's own size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from jaxtyping import UInt8
from PIL import Image
from pydantic import JsonValue, TypeAdapter

from auxseg.data.sample import Vocabulary
from auxseg.deploy.serving import schema
from auxseg.deploy.serving.models import Attention, Served
from auxseg.deploy.serving.pictures import colour_of, encoded, heat_map, in_base64, mask_png, shrunk
from auxseg.drawing import Picture
from auxseg.errors import InputError
from auxseg.run.prediction.coco_predictions import rle
from auxseg.run.prediction.prediction import Prediction
from auxseg.tasks.answers import Answer

_KINDS: Final[tuple[schema.Kind, ...]] = ("mask", "classes", "box", "map", "vector")
_JSON: Final[TypeAdapter[dict[str, JsonValue]]] = TypeAdapter(dict[str, JsonValue])


@final
@dataclass(frozen=True)
class Wanted:
    """What an answer is to hold: masks in which form, and the longer side of pictures in pixels (0 for none)."""

    masks: schema.MaskForm = "png"
    pictures: int = 0


def answered(model: Served, prediction: Prediction, seconds: float, wanted: Wanted) -> schema.Answered:
    """The answer about a photograph. Raises `InputError` for probabilities and boxes that are not finite."""
    height, width = prediction.image.shape[:2]
    small = shrunk(prediction.image, wanted.pictures) if wanted.pictures else None
    return schema.Answered(
        model=model.name,
        width=width,
        height=height,
        seconds=seconds,
        answers={
            task: _task_answer(_finite(task, answer), model.vocabulary, prediction.image, small, wanted)
            for task, answer in prediction.answers.items()
        },
        photograph=None if small is None else encoded(small),
    )


def attended(model: Served, image: UInt8[np.ndarray, "h w 3"], found: Attention, side: int) -> schema.Attended:
    """Where tasks look: of each the finest stage of the encoder, and the last step of the decoder if it has one."""
    small = shrunk(image, side)
    tasks: dict[str, list[schema.Place]] = {}
    for task, places in found.items():
        _refuse_not_finite(task, (float(each.sum()) for each in places.values()))
        names = list(places)
        chosen = dict.fromkeys([names[0], *(name for name in names[-1:] if name.startswith("decoder"))])
        tasks[task] = [
            schema.Place(
                name=name,
                minimum=float(places[name].min()),
                maximum=float(places[name].max()),
                picture=encoded(heat_map(small, places[name])),
            )
            for name in chosen
        ]
    return schema.Attended(model=model.name, tasks=tasks)


def _task_answer(
    answer: Answer, vocabulary: Vocabulary, image: Picture, small: Picture | None, wanted: Wanted
) -> schema.TaskAnswer:
    ranked = None
    if answer.classes is not None:
        ranked = [
            schema.ClassProbability(name=name, probability=probability)
            for name, probability in sorted(answer.classes.items(), key=lambda item: -item[1])
        ]
    return schema.TaskAnswer(
        kinds=[kind for kind in _KINDS if getattr(answer, kind) is not None],
        mask=None if answer.mask is None else _mask(answer, answer.mask, vocabulary, wanted.masks),
        classes=ranked,
        box=answer.box,
        vector=None
        if answer.vector is None
        else [number if math.isfinite(number) else None for number in answer.vector],
        record=_JSON.validate_python(dict(answer.record)),
        picture=None if small is None else _picture(answer, image, small),
    )


def _mask(answer: Answer, mask: UInt8[np.ndarray, "h w"], vocabulary: Vocabulary, form: schema.MaskForm) -> schema.Mask:
    names = vocabulary.mask_classes
    pixels = Image.fromarray(mask).histogram()
    return schema.Mask(
        png=in_base64(mask_png(mask, len(names))) if form == "png" else None,
        classes=[
            schema.MaskClass(
                id=id_,
                category_id=vocabulary.category_ids[id_],
                name=name,
                score=answer.scores.get(name),
                pixels=pixels[id_],
                colour=colour_of(id_),
                rle=schema.RunLengths(**rle(mask == id_)) if form == "rle" else None,
            )
            for id_, name in enumerate(names)
        ],
    )


def _picture(answer: Answer, image: Picture, small: Picture) -> schema.Image | None:
    """What the page cannot draw by itself: a map, or what a task draws that gives neither mask, classes nor box."""
    if answer.drawn == "nowhere" or any(said is not None for said in (answer.mask, answer.classes, answer.box)):
        return None
    if answer.map is not None:  # is drawn at any size, see `Answer.draw`
        return encoded(answer.draw(small))
    return encoded(shrunk(answer.draw(image), max(small.shape[:2])))


def _finite(task: str, answer: Answer) -> Answer:
    """The answer, whose probabilities and corners are numbers: anything else comes from weights that are none."""
    _refuse_not_finite(task, (*answer.scores.values(), *(answer.classes or {}).values(), *(answer.box or ())))
    return answer


def _refuse_not_finite(task: str, numbers: Iterable[float]) -> None:
    if not all(map(math.isfinite, numbers)):
        raise InputError(
            f"the model's numbers for {task} are not finite, so its weights are damaged or its training diverged; "
            "serve another model"
        )
