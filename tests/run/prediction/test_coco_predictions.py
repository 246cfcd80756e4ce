"""predictions.json: the data's own category ids, stable image ids, honest scores."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auxseg.data.exporting.run_lengths import rle
from auxseg.data.sample import Vocabulary
from auxseg.records.values.size import Size
from auxseg.run.prediction.coco_predictions import CocoPredictions
from auxseg.run.prediction.image_files import Photograph
from auxseg.run.prediction.prediction import Prediction
from auxseg.tasks import Answer

VOCABULARY = Vocabulary(Size.of(32), ("background", "leaf", "box", "stem"), {}, category_ids=(0, 7, 3, 90))
IMAGE = np.zeros((6, 8, 3), np.uint8)


def saying(**values: Any) -> Answer:
    return Answer(draw=lambda photograph: photograph, **values)


def predicted(ids: Sequence[int], **others: Answer) -> Prediction:
    """A mask with a row for each of these classes."""
    mask = np.zeros((6, 8), np.uint8)
    for row, id in enumerate(ids):
        mask[row] = id
    names = {VOCABULARY.mask_classes[id] for id in np.unique(mask)}
    scores = {name: 0.5 + len(name) / 100 for name in names}
    return Prediction(IMAGE, {"segmentation": saying(mask=mask, scores=scores), **others})


def written(
    photographs: dict[str, Prediction], vocabulary: Vocabulary = VOCABULARY, boxes: Sequence[str] = ("box", "head")
) -> dict[str, Any]:
    coco = CocoPredictions(vocabulary, boxes)
    for name, prediction in photographs.items():
        coco.add(Photograph(Path(f"photos/{name}.jpg"), name), prediction)
    return json.loads(coco.to_json())


def test_categories_have_the_numbers_of_the_data_whatever_is_found_first() -> None:
    expected = [(7, "leaf"), (3, "box"), (90, "stem"), (91, "box (task)"), (92, "head")]
    for content in (written({}), written({"a": predicted([3])}), written({"a": predicted([2, 1])})):
        assert [(each["id"], each["name"]) for each in content["categories"]] == expected
    annotations = written({"a": predicted([3, 1])})["annotations"]
    assert [each["category_id"] for each in annotations] == [7, 90]


def test_scores_are_those_of_each_class_and_absent_for_boxes() -> None:
    content = written({"a": predicted([3, 1], head=saying(box=(1.0, 2.0, 5.0, 6.0)))})
    leaf, stem, box = content["annotations"]
    assert (leaf["score"], stem["score"]) == (0.54, 0.54)
    assert leaf["bbox"] == [0, 1, 8, 1]
    assert "score" not in box
    assert (box["category_id"], box["bbox"], box["area"]) == (92, [1, 2, 4, 4], 16)


def test_a_mask_without_scores_is_kept_without_them() -> None:
    """A plugin need not be sure of anything."""
    mask = np.zeros((6, 8), np.uint8)
    mask[2:4] = 1
    (leaf,) = written({"a": Prediction(IMAGE, {"segmentation": saying(mask=mask)})})["annotations"]
    assert (leaf["category_id"], leaf["area"], leaf["bbox"]) == (7, 16, [0, 2, 8, 2])
    assert "score" not in leaf


def test_a_score_of_a_class_without_pixels_is_no_annotation() -> None:
    mask = np.zeros((6, 8), np.uint8)
    mask[0] = 3
    answer = saying(mask=mask, scores={"background": 0.9, "leaf": 0.2, "stem": 0.6})
    (stem,) = written({"a": Prediction(IMAGE, {"segmentation": answer})})["annotations"]
    assert (stem["category_id"], stem["score"]) == (90, 0.6)


def test_image_ids_do_not_depend_on_other_images() -> None:
    alone = written({"b": predicted([1])})["images"][0]["id"]
    among = {each["output"]: each["id"] for each in written({"a": predicted([]), "b": predicted([])})["images"]}
    assert among["b"] == alone
    assert len(set(among.values())) == 2
    assert 0 < alone < 2**48


def test_a_first_class_that_is_no_background_is_an_object() -> None:
    sky = replace(VOCABULARY, mask_classes=("sky", "leaf", "box", "stem"), category_ids=(1, 2, 3, 4))
    answer = saying(mask=np.zeros((6, 8), np.uint8), scores={"sky": 0.9})
    prediction = Prediction(IMAGE, {"segmentation": answer})
    with_background = written({"a": prediction}, sky, ())
    assert with_background["annotations"] == []
    content = written({"a": prediction}, replace(sky, has_background=False), ())
    assert [each["name"] for each in content["categories"]] == ["sky", "leaf", "box", "stem"]
    assert [(each["category_id"], each["area"]) for each in content["annotations"]] == [(1, 48)]


def test_what_coco_has_no_word_for_stands_under_the_tasks_name() -> None:
    content = written({"a": predicted([1]), "b": predicted([1], centre=saying(record={"x": 1.5}))})
    first, second = content["images"]
    assert "answers" not in first
    assert second["answers"] == {"centre": {"x": 1.5}}


def test_the_likeliest_class_is_named_beside_all_probabilities() -> None:
    (image,) = written({"a": predicted([1], kind=saying(classes={"cat": 0.25, "dog": 0.75}))})["images"]
    assert image["classes"] == {"kind": "dog"}
    assert image["class_probabilities"] == {"kind": {"cat": 0.25, "dog": 0.75}}


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools and NumPy 2
def test_cocos_own_evaluation_finds_the_classes_by_their_numbers(tmp_path: Path) -> None:
    coco: Any = importlib.import_module("pycocotools.coco")
    evaluation: Any = importlib.import_module("pycocotools.cocoeval")
    content = written({"a": predicted([3, 3, 1, 1]), "b": predicted([1, 1, 2, 2])}, boxes=())
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps(content))
    ground = coco.COCO(str(truth))
    evaluator = evaluation.COCOeval(ground, ground.loadRes(content["annotations"]), "segm")
    evaluator.evaluate()
    evaluator.accumulate()
    evaluator.summarize()
    assert evaluator.stats[0] == pytest.approx(1)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("seed", range(5))
def test_run_lengths_are_cocos(seed: int) -> None:
    coco: Any = importlib.import_module("pycocotools.mask")
    mask = np.random.default_rng(seed).random((7, 5)) < seed / 4
    encoded = rle(mask)
    np.testing.assert_array_equal(coco.decode(coco.frPyObjects(encoded, 7, 5)), mask)
    assert sum(encoded["counts"]) == mask.size
