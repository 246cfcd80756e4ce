"""What evaluation and reports rely on: predictions, figures, rows and drawings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import torch

from auxseg.tasks.task import Table
from auxseg.testing.examples import erase
from auxseg.testing.task_case import ERASED, NUM_IMAGES, TaskCase

GREY: Final = 128


def predictions_have_the_form_of_targets(case: TaskCase) -> None:
    """Also those of one image; a dense target may hold further channels for the figures."""
    for num_images in (1, 3):
        target = case.task.target(case.batch)[:num_images]
        output = case.output[:num_images].float()
        if target.is_floating_point() and target.ndim == 4:
            target = target[:, : output.shape[1]]
        found = case.task.predict(output)
        case.require(
            (found.shape, found.dtype) == (target.shape, target.dtype), "predict gives what has the form of the target"
        )


def figures_and_rows_have_names(case: TaskCase) -> None:
    """Every figure is explained, and the figures that choose models and images exist."""
    table = case.task.measure(case.output, case.task.target(case.batch))
    figures, rows = case.task.figures(table), case.task.rows(table)
    case.require(all(len(values) == NUM_IMAGES for values in table.values()), "measure gives one value per image")
    case.require(all(len(column) == NUM_IMAGES for column in rows.values()), "rows give one value per image")
    case.require(case.task.main_figure in figures, "main_figure is one of the figures")
    case.require(set(case.task.explain()) == set(figures), "explain has a sentence for each figure and no other")
    case.require(all(isinstance(value, float) for value in figures.values()), "figures are floats")
    case.require(
        all(isinstance(value, float) for value in rows.get(case.task.row_figure, [None])),
        "row_figure is a column of rows with a float for every image with every label",
    )
    for names, counts in case.task.tables(table).values():
        case.require(counts.shape == (len(names), len(names)), "tables have a row and a column for every name")


def figures_by_image_are_made_of_the_named_columns(case: TaskCase) -> None:
    """Studies take their intervals from the images: from a column's mean, or from a ratio of totals."""
    task, table = case.task, case.task.measure(case.output, case.task.target(case.batch))
    figures, rows, named = task.figures(table), task.rows(table), task.figures_by_image()
    case.require(not (task.mean_figure and task.ratio_figure), "a main figure is a mean or a ratio, not both")
    case.require(next(iter(named), task.main_figure) == task.main_figure, "main_figure is the first by image")
    for name, columns in named.items():
        if isinstance(columns, str):
            made, said = _mean(rows.get(columns, [])), f"mean of the column {columns}"
        else:
            made, said = _ratio(rows, columns), f"ratio of the totals of the columns {' and '.join(columns)}"
        right = math.isclose(made, figures.get(name, math.nan), rel_tol=1e-6)
        case.require(right, f"the figure {name} is the {said}")


def _mean(column: Sequence[float | None]) -> float:
    known = [value for value in column if value is not None]
    return sum(known) / len(known) if known else math.nan


def _ratio(rows: Mapping[str, Sequence[float]], beginnings: tuple[str, str]) -> float:
    """The mean over classes of the ratio of totals; NaN if no class occurs."""
    parts, wholes = (
        [sum(values) for name, values in rows.items() if name.startswith(f"{beginning}.")] for beginning in beginnings
    )
    ratios = [part / whole for part, whole in zip(parts, wholes, strict=True) if whole]
    return sum(ratios) / len(ratios) if ratios else math.nan


def missing_labels_are_in_no_figure_and_no_row(case: TaskCase) -> None:
    """Neither as a zero nor as anything else."""
    task, target = case.task, case.task.target(case.partly)
    table = task.measure(case.output, target)
    known = task.measure(case.output[~ERASED], target[~ERASED])
    case.require(_same(task.figures(table), task.figures(known)), "a missing label is in no figure")
    for column in task.rows(table).values():
        missing = [column[place] for place in range(NUM_IMAGES) if ERASED[place]]
        case.require(all(value is None for value in missing), "rows have None where the label is missing")
    nothing = task.target(erase(case.batch, torch.ones(NUM_IMAGES, dtype=torch.bool)))
    for name, value in task.figures(task.measure(case.output, nothing)).items():
        is_count = name.startswith("num_")
        empty = value == 0 if is_count else math.isnan(value)
        case.require(empty, f"the figure {name!r} is {'0' if is_count else 'NaN'} where nothing is labelled")


def neither_order_nor_cutting_changes_a_figure(case: TaskCase) -> None:
    """Tables of any parts, put together in any order, have the figures of the whole."""
    task, target = case.task, case.task.target(case.partly)
    whole = task.measure(case.output, target)
    order = torch.randperm(NUM_IMAGES, generator=torch.Generator().manual_seed(0))
    cuts = zip(case.output[order].split(3), target[order].split(3), strict=True)
    joined = _join([task.measure(output, labels) for output, labels in cuts])
    case.require(_same(task.figures(joined), task.figures(whole)), "figures depend on neither order nor cutting")


def drawings_leave_the_picture_as_it_is(case: TaskCase) -> None:
    """And show something, where there is something."""
    picture = np.full((40, 60, 3), GREY, np.uint8)
    target, found = case.task.target(case.partly), case.task.predict(case.output.float())
    labelled, missing = int((~ERASED).nonzero()[0]), int(ERASED.nonzero()[0])
    for value, truth in ((target[labelled], True), (found[labelled], False)):
        drawn = case.task.draw(picture, value, truth=truth)
        case.require((drawn.shape, drawn.dtype) == (picture.shape, picture.dtype), "a drawing has the picture's size")
        case.require((drawn != GREY).any(), "a drawing shows something")
    for value in (None, target[missing]):
        drawn = case.task.draw(picture, value, truth=True)
        case.require((drawn == GREY).all(), "of a missing label nothing is drawn")
    case.require((picture == GREY).all(), "drawing leaves the picture that it is given as it is")


def _join(tables: list[Table]) -> Table:
    return {name: torch.cat([table[name] for table in tables]) for name in tables[0]}


def _same(one: dict[str, float], other: dict[str, float]) -> bool:
    return one.keys() == other.keys() and all(
        math.isclose(value, other[name], rel_tol=1e-9) or (math.isnan(value) and math.isnan(other[name]))
        for name, value in one.items()
    )


FIGURE_RULES: Final = (
    predictions_have_the_form_of_targets,
    figures_and_rows_have_names,
    figures_by_image_are_made_of_the_named_columns,
    missing_labels_are_in_no_figure_and_no_row,
    neither_order_nor_cutting_changes_a_figure,
    drawings_leave_the_picture_as_it_is,
)
