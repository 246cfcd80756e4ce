"""What is particular to masks."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from segmentation_models_pytorch.losses import DiceLoss
from torch.nn import functional

from auxseg.data.sample import IGNORE, Vocabulary
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from auxseg.tasks import SegmentationConfig, SegmentationTask, task_loss
from auxseg.tasks.losses import MASK_LOSSES
from tests.tasks.examples import MANY_CLASSES, VOCABULARY, make_batch

LOGIT = 30.0


def _task(losses: dict[str, float] | None = None, *, vocabulary: Vocabulary = VOCABULARY) -> SegmentationTask:
    config = SegmentationConfig() if losses is None else SegmentationConfig(losses=losses)
    return config.build("mask", vocabulary)


def _certain(mask: torch.Tensor, num_classes: int) -> torch.Tensor:
    """Logits that leave no doubt about a mask."""
    ids = mask.long().masked_fill(mask == IGNORE, 0)
    return functional.one_hot(ids, num_classes).permute(0, 3, 1, 2).float() * LOGIT


def _mean_loss(task: SegmentationTask, logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return task_loss(task, logits, mask, {name: value.sum().item() for name, value in task.counts(mask).items()})


@pytest.mark.parametrize("vocabulary", [VOCABULARY, MANY_CLASSES])
def test_cross_entropy_agrees_with_torch(vocabulary: Vocabulary) -> None:
    num_classes = len(vocabulary.mask_classes)
    logits, mask = torch.randn(5, num_classes, 12, 12), make_batch(5, num_classes).mask
    expected = functional.cross_entropy(logits, mask.long(), ignore_index=IGNORE)
    torch.testing.assert_close(_mean_loss(_task({"cross_entropy": 1.0}, vocabulary=vocabulary), logits, mask), expected)


def test_bce_agrees_with_torch() -> None:
    logits, mask = torch.randn(5, 2, 12, 12), make_batch(5).mask
    known = mask != IGNORE
    log_odds = (logits[:, 1] - logits[:, 0])[known]
    expected = functional.binary_cross_entropy_with_logits(log_odds, mask[known].float())
    torch.testing.assert_close(_mean_loss(_task({"bce": 1.0}), logits, mask), expected)


def test_weighted_cross_entropy_agrees_with_torch() -> None:
    config = SegmentationConfig(losses={"cross_entropy": 1.0}, class_weights={"head": 5.0, "tail": 0.5})
    logits, mask = torch.randn(5, 4, 12, 12), make_batch(5, 4).mask
    weights = torch.tensor([1.0, 1.0, 5.0, 0.5])
    expected = functional.cross_entropy(logits, mask.long(), weights, ignore_index=IGNORE)
    torch.testing.assert_close(_mean_loss(config.build("mask", MANY_CLASSES), logits, mask), expected)


def test_settings_reach_their_losses() -> None:
    """Each setting moves the loss that it is called after, and no other."""
    names = [name for name in MASK_LOSSES if name != "bce"]
    logits, mask = torch.randn(2, 4, 12, 12), make_batch(2, 4).mask
    losses: dict[str, float] = dict.fromkeys(names, 1.0)
    before = SegmentationConfig(losses=losses).build("mask", MANY_CLASSES).loss(logits, mask)
    changes = {
        "focal_gamma": (1.0, {"focal"}),
        "tversky_alpha": (0.5, {"tversky"}),
        "tversky_beta": (0.5, {"tversky"}),
        "ohem_share": (0.5, {"ohem"}),
    }
    for key, (value, moved) in changes.items():
        config = replace(SegmentationConfig(losses=losses), **{key: value})
        after = config.build("mask", MANY_CLASSES).loss(logits, mask)
        assert {name for name in names if not torch.equal(before[name], after[name])} == moved


@pytest.mark.parametrize("name", [name for name in MASK_LOSSES if name not in ("bce", "ohem")])
def test_class_weights_reach_every_loss_but_that_of_hard_pixels(name: str) -> None:
    logits, mask = torch.randn(2, 4, 12, 12), make_batch(2, 4).mask
    plain, weighted = (
        SegmentationConfig(losses={name: 1.0}, class_weights=weights).build("mask", MANY_CLASSES)
        for weights in (None, {"tail": 3.0})
    )
    assert not torch.equal(plain.loss(logits, mask)[name], weighted.loss(logits, mask)[name])
    with pytest.raises(InputError, match=r"^tasks\.mask\.class_weights: losses\.ohem .* leave out one of the two$"):
        SegmentationConfig(losses={name: 1.0, "ohem": 1.0}, class_weights="balanced").build("mask", MANY_CLASSES)


def test_weights_of_classes_that_the_data_lack_are_refused() -> None:
    with pytest.raises(InputError, match=r"tasks\.mask\.class_weights.*'haed' \(did you mean 'head'\?\)"):
        SegmentationConfig(class_weights={"haed": 2.0}).build("mask", MANY_CLASSES)


def test_balanced_weights_are_those_of_the_training_pixels() -> None:
    counted = replace(MANY_CLASSES, pixels=(900, 90, 9, 1))
    losses = {"cross_entropy": 1.0}
    task = SegmentationConfig(losses=losses, class_weights="balanced").build("mask", counted)
    roots = [number**0.5 for number in counted.pixels]
    by_hand = SegmentationConfig(
        losses=losses,
        class_weights={
            name: 1000 / (root * sum(roots)) for name, root in zip(counted.mask_classes, roots, strict=True)
        },
    ).build("mask", MANY_CLASSES)
    mask = make_batch(2, 4).mask
    torch.testing.assert_close(task.counts(mask)["cross_entropy"], by_hand.counts(mask)["cross_entropy"])


def test_binary_dice_agrees_with_segmentation_models() -> None:
    logits, mask = torch.randn(5, 2, 12, 12), make_batch(5).mask
    reference = DiceLoss("binary", ignore_index=IGNORE)
    log_odds = (logits[:, 1] - logits[:, 0])[:, None]
    expected = torch.stack([reference(log_odds[[i]], mask[[i]][:, None].long()) for i in range(5)]).mean()
    torch.testing.assert_close(_mean_loss(_task({"dice": 1.0}), logits, mask), expected)


def test_dice_of_many_classes_agrees_with_segmentation_models_where_all_occur() -> None:
    logits, mask = torch.randn(5, 4, 12, 12), make_batch(5, 4).mask
    reference = DiceLoss("multiclass", ignore_index=IGNORE)
    expected = torch.stack([reference(logits[[i]], mask[[i]].long()) for i in range(5)]).mean()
    torch.testing.assert_close(_mean_loss(_task({"dice": 1.0}, vocabulary=MANY_CLASSES), logits, mask), expected)


def test_dice_averages_over_the_classes_that_occur() -> None:
    mask = torch.zeros(1, 4, 4, dtype=torch.uint8)
    mask[0, :2] = 2
    logits = _certain(torch.zeros_like(mask), 4)
    (loss,) = _task({"dice": 1.0}, vocabulary=MANY_CLASSES).loss(logits, mask)["dice"].tolist()
    assert loss == pytest.approx(((1 - 2 * 8 / (16 + 8)) + 1) / 2)


def test_an_image_without_foreground_has_cross_entropy_but_no_binary_dice() -> None:
    task, mask = _task(), torch.zeros(1, 4, 4, dtype=torch.uint8)
    logits = torch.zeros(1, 2, 4, 4, requires_grad=True)
    losses, counts = task.loss(logits, mask), task.counts(mask)
    assert losses["dice"].tolist() == counts["dice"].tolist() == [0.0]
    assert counts["cross_entropy"].tolist() == [16.0]
    assert losses["cross_entropy"].item() == pytest.approx(16 * math.log(2))


@pytest.mark.parametrize("vocabulary", [VOCABULARY, MANY_CLASSES])
def test_ignored_pixels_have_no_influence(vocabulary: Vocabulary) -> None:
    """Neither on the loss, nor on its gradient, nor on a figure."""
    num_classes = len(vocabulary.mask_classes)
    task, mask = _task(vocabulary=vocabulary), make_batch(4, num_classes).mask
    ignored = (mask == IGNORE)[:, None].expand(-1, num_classes, -1, -1)
    logits = torch.randn(4, num_classes, 12, 12)
    others = torch.where(ignored, torch.randn(logits.shape) * 50, logits).requires_grad_()
    losses, expected = task.loss(others, mask), task.loss(logits, mask)
    for name, loss in losses.items():
        torch.testing.assert_close(loss, expected[name])
        loss.sum().backward(retain_graph=True)
        assert others.grad is not None
        assert (others.grad[ignored] == 0).all()
    assert torch.equal(task.measure(others, mask)["confusion"], task.measure(logits, mask)["confusion"])


@pytest.mark.parametrize("vocabulary", [VOCABULARY, MANY_CLASSES])
def test_a_perfect_prediction(vocabulary: Vocabulary) -> None:
    task, mask = _task(vocabulary=vocabulary), make_batch(3, len(vocabulary.mask_classes)).mask
    logits = _certain(mask, len(vocabulary.mask_classes))
    assert _mean_loss(task, logits, mask).item() == pytest.approx(0, abs=1e-5)
    figures = task.figures(task.measure(logits, mask))
    assert (figures.pop("num_images"), figures.pop("num_empty")) == (3, 0)
    assert set(figures.values()) == {1.0}


def test_fault_12_empty_images_are_left_out_of_image_means_and_counted() -> None:
    task, truth = _task(), torch.zeros(3, 4, 4, dtype=torch.uint8)
    truth[0, :, :2] = 1
    prediction = torch.zeros_like(truth)
    prediction[0, :, 1:3] = 1
    prediction[2, 0, 0] = 1
    table = task.measure(_certain(prediction, 2), truth)
    figures = task.figures(table)
    assert (figures["num_images"], figures["num_empty"]) == (3, 1)
    assert figures["iou_image"] == pytest.approx((1 / 3 + 0) / 2)
    assert figures["dice_image"] == pytest.approx((1 / 2 + 0) / 2)
    assert figures["iou_dataset"] == pytest.approx(4 / 13)
    assert task.rows(table)["iou"] == [pytest.approx(1 / 3), None, 0.0]
    assert task.rows(table)["pixel_accuracy"][1] == 1.0
    rows = task.rows(table)
    name = task.class_names[1]
    intersection, union = sum(rows[f"intersection.{name}"]), sum(rows[f"union.{name}"])
    assert task.figures(table)["iou_dataset"] == pytest.approx(intersection / union)


def test_the_two_ious_keep_their_names() -> None:
    mask = make_batch(2).mask
    binary = _task()
    assert {"iou_dataset", "iou_image", "f1"} < set(binary.figures(binary.measure(torch.zeros(2, 2, 12, 12), mask)))
    several = SegmentationConfig(beta=0.5).build("mask", MANY_CLASSES)
    figures = several.figures(several.measure(torch.zeros(2, 4, 12, 12), mask))
    assert {"miou_dataset", "miou_image", "f0.5"} < set(figures)
    assert several.main_figure == "miou_dataset"


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_the_likeliest_class_is_the_first_of_equals(memory_format: torch.memory_format) -> None:
    task = _task(vocabulary=MANY_CLASSES)
    logits = torch.randint(0, 3, (4, 4, 12, 12)).float().contiguous(memory_format=memory_format)
    assert torch.equal(task.predict(logits).long(), torch.from_numpy(logits.numpy().argmax(1)))


@pytest.mark.parametrize("vocabulary", [VOCABULARY, MANY_CLASSES], ids=["two", "many"])
def test_masks_of_any_size_are_measured_as_outputs_are(vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auxseg.drawing.BAND_PIXELS", 100)  # several bands, the last of them smaller
    task, num_classes = _task(vocabulary=vocabulary), len(vocabulary.mask_classes)
    assert task.measures_masks
    truth = torch.randint(num_classes, (3, 37, 23), dtype=torch.uint8)
    truth[0, :9], truth[2] = IGNORE, IGNORE
    output = torch.randn(3, num_classes, 37, 23)
    expected = task.measure(output, truth)["confusion"]
    for row, predicted in enumerate(task.predict(output)):
        found = task.measure_mask(predicted.numpy(), truth[row].numpy())["confusion"]
        assert torch.equal(found, expected[row : row + 1])
        assert found.dtype == expected.dtype


def test_unknown_losses_are_refused_with_the_allowed_ones() -> None:
    with pytest.raises(InputError, match=r"tasks\.mask\.losses.*'dicee'.*'dice'.*cross_entropy, bce, dice"):
        _task({"dicee": 1.0})
    with pytest.raises(InputError, match=r"bce is for two mask classes, and there are 4; take cross_entropy$"):
        _task({"bce": 1.0}, vocabulary=MANY_CLASSES)


def test_data_without_masks_are_refused() -> None:
    with pytest.raises(InputError, match=r"tasks\.mask: needs masks of at least two classes"):
        _task(vocabulary=Vocabulary(Size.of(12), (), {}))


def test_classes_and_the_matrix_hold_the_pixels_of_all_images() -> None:
    truth = torch.tensor([[[0, 0, 1], [1, 2, IGNORE]], [[2, 2, 2], [0, 0, 0]]], dtype=torch.uint8)
    found = torch.tensor([[[0, 1, 1], [1, 0, 1]], [[0, 0, 0], [0, 0, 0]]], dtype=torch.uint8)
    task = _task(vocabulary=MANY_CLASSES)
    table = task.measure(_certain(found, len(MANY_CLASSES.mask_classes)), truth)
    names, counts = task.tables(table)["confusion"]
    assert tuple(names) == MANY_CLASSES.mask_classes
    assert counts[:3, :3].tolist() == [[4, 1, 0], [0, 2, 0], [4, 0, 0]]
    classes = task.classes(table)
    assert list(classes) == list(MANY_CLASSES.mask_classes)
    first, second, third, last = classes.values()
    assert (first["iou"], first["precision"], first["recall"]) == pytest.approx((4 / 9, 0.5, 0.8))
    assert (second["iou"], second["pixels"], second["predicted_pixels"]) == pytest.approx((2 / 3, 2, 3))
    assert (third["iou"], third["recall"], third["pixels"]) == (0, 0, 4)
    assert math.isnan(third["precision"])
    assert math.isnan(last["iou"])
