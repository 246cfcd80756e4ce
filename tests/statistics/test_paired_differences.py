"""Tables from runs: what is paired, what is left out, and ratios of totals against a jackknife."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from auxseg.errors import InputError
from auxseg.metrics import segmentation
from auxseg.statistics import Figure, MeanFigure, RatioFigure, differences, estimate


def _counts(rng: np.random.Generator, images: int, classes: int) -> torch.Tensor:
    """Confusion matrices of images of different size."""
    size = rng.integers(5, 200, (images, 1, 1))
    return torch.from_numpy(rng.poisson(size * (1 + 4 * np.eye(classes)) / classes))


def _ratio(counts: torch.Tensor, foreground: bool) -> RatioFigure:
    hits = counts.diagonal(dim1=-2, dim2=-1).double()
    unions = counts.sum(-1) + counts.sum(-2) - hits
    start = 1 if foreground else 0
    return RatioFigure(hits[:, start:].numpy(), unions[:, start:].double().numpy())


@pytest.mark.parametrize("classes", [2, 4])
def test_values_per_image_average_to_the_ratio_of_totals(classes: int) -> None:
    rng = np.random.default_rng(0)
    sides = [[_counts(rng, 12, classes) for _ in range(3)] for _ in range(2)]
    runs = [dict(enumerate(_ratio(counts, classes == 2) for counts in side)) for side in sides]
    figures = np.array([[segmentation.iou(counts.sum(0)).item() for counts in side] for side in sides])
    found = differences(*runs)
    assert found.table.shape == (3, 12)
    np.testing.assert_allclose(found.table.mean(1), figures[1] - figures[0])


@pytest.mark.parametrize("spread", [0.3, 1.5])
def test_values_of_a_ratio_are_those_of_a_jackknife(spread: float) -> None:
    rng = np.random.default_rng(1)
    wholes = rng.lognormal(0, spread, 40)
    parts = wholes * rng.uniform(0.4, 1.0, 40)
    left_out = (parts.sum() - parts) / (wholes.sum() - wholes)
    values = RatioFigure(parts[:, None], wholes[:, None]).per_image(np.full(40, True))
    assert values.mean() == pytest.approx(parts.sum() / wholes.sum())
    # Without image i the ratio moves by its value over I - 1, and these moves are centred.
    np.testing.assert_allclose(values - values.mean(), 40 * (left_out.mean() - left_out))


def test_effective_images_count_sizes_and_the_classes_that_are_uncertain() -> None:
    kept = np.full(4, True)
    equal = RatioFigure(np.array([[1.0], [2.0], [1.0], [2.0]]), np.full((4, 1), 4.0))
    assert equal.effective_images(kept) == pytest.approx(4)
    rare = RatioFigure(np.array([[2.0, 1], [2, 0], [2, 0], [2, 3]]), np.array([[4.0, 4], [4, 0], [4, 0], [4, 4]]))
    assert rare.effective_images(kept) == pytest.approx(2)  # the frequent class is certain, two images hold the other
    assert RatioFigure(np.ones((4, 1)), np.ones((4, 1))).effective_images(kept) == 4
    pairs = [{0: equal}, {0: rare.narrowed(np.array([True, False]))}]
    assert differences(*pairs).effective_images == pytest.approx(4)


def test_a_stray_class_of_one_run_counts_in_none() -> None:
    clean = RatioFigure(np.full((3, 2), [5.0, 0.0]), np.full((3, 2), [10.0, 0.0]))
    stray = RatioFigure(clean.parts, clean.wholes + np.array([[0, 0], [0, 1], [0, 0]]))
    np.testing.assert_array_equal(differences({0: clean, 1: clean}, {0: stray, 1: clean}).table, np.zeros((2, 3)))


def test_a_class_that_never_occurs_is_not_averaged() -> None:
    parts, wholes = np.array([[1.0, 0.0], [3.0, 0.0]]), np.array([[2.0, 0.0], [4.0, 0.0]])
    kept = np.full(2, True)
    assert RatioFigure(parts, wholes).per_image(kept).mean() == pytest.approx(4 / 6)
    assert np.isnan(RatioFigure(parts * 0, wholes * 0).per_image(kept)).all()


def test_a_run_in_which_no_class_occurs_is_missing() -> None:
    run, empty = (RatioFigure(np.full((4, 1), value), np.full((4, 1), 2 * value)) for value in (1.0, 0.0))
    found = differences({0: run, 1: run, 2: run}, {0: run, 1: empty, 2: run})
    assert (found.seeds, found.missing_in_arm) == ((0, 2), (1,))
    assert estimate(found.table).interval() == (0, 0)


def test_an_empty_image_counts_nothing_in_a_ratio() -> None:
    parts, wholes = np.array([[1.0], [0.0], [3.0]]), np.array([[2.0], [0.0], [4.0]])
    values = RatioFigure(parts, wholes).per_image(np.full(3, True))
    assert values[1] == pytest.approx(4 / 6)


def test_an_image_without_a_value_in_one_run_is_left_out_of_all() -> None:
    baseline = {0: MeanFigure(np.array([0.5, np.nan, 0.25, 0.5])), 1: MeanFigure(np.array([0.5, 0.5, 0.5, 0.5]))}
    arm = {0: MeanFigure(np.array([0.75, 1.0, 0.5, 0.5])), 1: MeanFigure(np.array([0.5, 0.5, 0.5, np.nan]))}
    found = differences(baseline, arm)
    np.testing.assert_array_equal(found.table, [[0.25, 0.25], [0.0, 0.0]])
    assert (found.num_left_out, found.seeds) == (2, (0, 1))


def test_an_unlabelled_image_is_left_out_of_a_ratio() -> None:
    run = RatioFigure(np.array([[1.0], [np.nan], [3.0]]), np.array([[2.0], [np.nan], [4.0]]))
    found = differences({0: run}, {0: run})
    np.testing.assert_array_equal(found.table, [[0.0, 0.0]])
    assert found.num_left_out == 1


def test_missing_and_diverged_runs_are_named_and_the_rest_is_kept() -> None:
    def run(value: float) -> Figure:
        return MeanFigure(np.full(3, value))

    found = differences({4: run(0.5), 1: run(0.5), 3: run(0.5)}, {1: run(0.75), 3: run(np.nan), 9: run(0.5)})
    assert (found.seeds, found.missing_in_arm, found.missing_in_baseline) == ((1,), (3, 4), (9,))
    np.testing.assert_array_equal(found.table, [[0.25] * 3])
    nothing = differences({0: run(0.5)}, {0: run(np.nan)})
    assert nothing.table.shape == (0, 0)
    assert (nothing.seeds, nothing.missing_in_arm) == ((), (0,))
    assert not estimate(nothing.table).has_interval
    assert differences({}, {}).table.shape == (0, 0)


def test_order_of_runs_does_not_matter_and_exchanged_sides_mirror() -> None:
    rng = np.random.default_rng(2)
    sides = [{seed: MeanFigure(rng.uniform(size=5)) for seed in (3, 1, 2)} for _ in range(2)]
    turned = [dict(reversed(side.items())) for side in sides]
    np.testing.assert_array_equal(differences(*turned).table, differences(*sides).table)
    np.testing.assert_array_equal(differences(sides[1], sides[0]).table, -differences(*sides).table)


def test_refuses_runs_of_different_images() -> None:
    with pytest.raises(InputError, match="same images, found 2 and 3 images"):
        differences({0: MeanFigure(np.ones(3))}, {0: MeanFigure(np.ones(2))})
