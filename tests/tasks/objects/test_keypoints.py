"""Key points: losses pixel by pixel, figures by hand, and answers in pixels of the photograph."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from auxseg.data.augment import mirror
from auxseg.data.geometry import Fit, fit
from auxseg.data.layers import PointsForm
from auxseg.data.loading.batch import Batch, layer_batch
from auxseg.data.sample import Vocabulary
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from auxseg.tasks import KeypointsConfig
from auxseg.tasks.answers.assembled import assembled
from auxseg.testing.examples import EXAMPLE_VOCABULARY, example_batch

SIZE = 24
NAMES = ("nose", "left eye", "right eye")
FORM = PointsForm(NAMES, (("left eye", "right eye"),))
VOCABULARY = Vocabulary(Size(SIZE, SIZE), EXAMPLE_VOCABULARY.mask_classes, {}, layers={"joints": FORM})
SIGMAS = {"nose": 0.03, "left eye": 0.05, "right eye": 0.1}
BOTH = KeypointsConfig(losses={"focal": 1.0, "mse": 1.0}, scale="box", sigmas=SIGMAS)
TASK, BY_BOX = KeypointsConfig().build("joints", VOCABULARY), BOTH.build("joints", VOCABULARY)
PRIOR = 2.19
POINTS = [(6.25, 7.5, 2), (15.5, 4.75, 1), (12.0, 18.0, 2)]
UNKNOWN = [(0.0, 0.0, 0)] * 3


def _batch(*samples: list[tuple[float, float, int]]) -> Batch:
    rows = [np.array(each, np.float32) for each in samples]
    return replace(
        example_batch(len(samples), VOCABULARY),
        layers={"joints": layer_batch(FORM, rows, Size(SIZE, SIZE))},
        box=torch.tensor([[0.25, 0.25, 0.5, 0.75]] * len(samples)),
    )


def _perfect(*samples: list[tuple[float, float, int]], shift: float = 0.0) -> torch.Tensor:
    """The output whose probabilities are Gaussians at the points, moved to the right."""
    moved = [[(x + shift, y, seen) for x, y, seen in each] for each in samples]
    heat = TASK.target(_batch(*moved))[:, :3].nan_to_num(1e-6).clamp(1e-6, 1 - 1e-6)
    return heat.logit() + PRIOR


def test_losses_are_the_formulas_pixel_by_pixel() -> None:
    target = BY_BOX.target(_batch(POINTS, [POINTS[0], *UNKNOWN[1:]], UNKNOWN))
    output = torch.randn(3, 3, SIZE, SIZE)
    focal, squares = [0.0] * 3, [0.0] * 3
    for image, known in enumerate((3, 1, 0)):
        for point in range(known):
            for y in range(SIZE):
                for x in range(SIZE):
                    p = 1 / (1 + math.exp(PRIOR - output[image, point, y, x].item()))
                    across, down, _ = POINTS[point]
                    heat = math.exp(-((x + 0.5 - across) ** 2 + (y + 0.5 - down) ** 2) / 8)
                    squares[image] += (p - heat) ** 2
                    if (x, y) == (int(across), int(down)):
                        focal[image] -= (1 - p) ** 2 * math.log(p)
                    else:
                        focal[image] -= (1 - heat) ** 4 * p**2 * math.log(1 - p)
    losses = BY_BOX.loss(output, target)
    assert losses["focal"].tolist() == pytest.approx(focal, rel=1e-4)
    assert losses["mse"].tolist() == pytest.approx(squares, rel=1e-4)
    assert BY_BOX.counts(target)["focal"].tolist() == [3, 1, 0]


def test_figures_are_those_of_a_shift_by_hand() -> None:
    """Twice off by 0, once by 1.5 pixels; the box is 6 x 12 pixels."""
    batch = _batch(POINTS, POINTS, [POINTS[0], *UNKNOWN[1:]], UNKNOWN)
    exact, shifted = _perfect(POINTS), _perfect(POINTS, shift=1.5)
    mixed = torch.cat([exact[:, :2], shifted[:, 2:]], dim=1)
    output = torch.cat([exact, mixed, exact, exact])
    figures = BY_BOX.figures(BY_BOX.measure(output, BY_BOX.target(batch)))
    similarity = math.exp(-(1.5**2) / (2 * 72 * (2 * 0.1) ** 2))
    assert figures == pytest.approx(
        {
            "mean_error": 0.5 / 3,
            "pck_10": (1 + 2 / 3 + 1) / 3,
            "pck_20": 1,
            "oks": (1 + (2 + similarity) / 3 + 1) / 3,
            "num_points": 7,
            "num_images": 3,
            "error.nose": 0,
            "error.left eye": 0,
            "error.right eye": 0.75,
        },
        abs=2e-3,
    )
    rows = BY_BOX.rows(BY_BOX.measure(output, BY_BOX.target(batch)))
    assert rows["num_points"] == [3, 3, 1, None]
    assert rows["mean_error"] == pytest.approx([0, 0.5, 0, None], abs=2e-3)


def test_the_scale_of_an_image_is_its_diagonal_without_padding() -> None:
    batch = _batch(POINTS)
    batch.inside[:, :3] = False
    table = TASK.measure(_perfect(POINTS, shift=2.8), TASK.target(batch))
    assert table["length"].tolist() == pytest.approx([math.hypot(SIZE, SIZE - 3)])
    assert TASK.figures(table)["pck_10"] == 1  # of 31.9 pixels


def test_an_answer_is_in_pixels_of_the_photograph() -> None:
    answer = TASK.answer(_perfect([POINTS[0], *UNKNOWN[1:]])[0], fit((SIZE, 2 * SIZE), SIZE, "squash"))
    assert answer.points is not None
    (point,) = answer.points
    assert (point.name, *np.round(point.place, 2)) == ("nose", 12.5, 7.5)
    assert answer.record == {"points": [{"name": "nose", "score": point.score, "point": list(point.place)}]}
    photograph = np.full((SIZE, 2 * SIZE, 3), 128, np.uint8)
    changed = np.argwhere((answer.draw(photograph) != 128).any(2)).mean(0)
    np.testing.assert_allclose(changed, [7, 12], atol=1)


def test_answers_about_bands_are_those_about_the_whole() -> None:
    output = _perfect(POINTS)[0]
    whole = TASK.answer(output, fit((SIZE, SIZE), SIZE, "squash"))
    bands = [(slice(top, top + 8), Fit((8, SIZE), Size(8, SIZE), (0, 8, 0, SIZE))) for top in range(0, SIZE, 8)]
    answers = [(rows, {"joints": TASK.answer(output[:, rows], place)}) for rows, place in bands]
    found = assembled(answers, (SIZE, SIZE), (), lambda name: [])["joints"]
    assert whole.points is not None
    assert found.points is not None
    places = {each.name: each.place for each in found.points}
    assert places.keys() == set(NAMES)
    for each in whole.points:
        np.testing.assert_allclose(places[each.name], each.place, atol=0.51)
    assert len(found.points) == 3


def test_mirrored_outputs_say_the_same_of_mirrored_pictures() -> None:
    batch = _batch(POINTS)
    mirrored = mirror(batch)
    output = (TASK.target(mirrored)[:, :3].clamp(1e-6, 1 - 1e-6)).logit() + PRIOR
    table = TASK.measure(TASK.mirrored_back(output), TASK.target(batch))
    assert table["error"].max() < 1e-2


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (KeypointsConfig(losses={"l1": 1.0}), "unknown loss 'l1'; allowed: focal, mse"),
        (KeypointsConfig(sigmas=SIGMAS), "oks takes the area of the sample's box; set tasks.joints.scale=box"),
        (KeypointsConfig(sigmas={**SIGMAS, "tail": 1.0}, scale="box"), "the data have no key point 'tail'"),
        (KeypointsConfig(sigmas={"nose": 1.0}, scale="box"), "a value is needed for every key point, and 'left eye'"),
        (KeypointsConfig(layer="other"), "the data have no layer 'other'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, reason) -> None:
    with pytest.raises(InputError, match=reason):
        settings.build("joints", VOCABULARY)
