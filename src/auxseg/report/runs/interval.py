"""The interval of a run's figure over images: how far it may move with other images of the same kind."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from auxseg.report.runs.record import Record, main_figure
from auxseg.statistics import Figure, MeanFigure, RatioFigure
from auxseg.statistics.behrens_fisher import quantile
from auxseg.statistics.paired_differences import effective_images

LEVEL: Final = 0.05
"""The probability with which an interval misses."""
_TOLERANCE: Final = 1e-4
_NO_SPREAD: Final = 1e-9

Columns = Mapping[str, Sequence[float | None]]


def interval(record: Record) -> tuple[float, float] | None:
    """The 95 % t interval over the test images of the figure that the run is judged by.

    It rests on per_image.csv: on a column whose mean is the figure, or on the pixels of intersection and union whose
    ratio it is (`auxseg.statistics.RatioFigure`), with the degrees of freedom of as many images as would be as certain.
    ``None`` where there are no such columns, as versions before wrote none, or fewer than two images. Neither is there
    one for other splits, on which the model was trained or chosen, nor where all images agree: that they do not vary
    says nothing of others. Ends beyond 0 and 1 are cut off there.
    """
    is_tested = record.metrics is not None and record.metrics.split == "test"
    found = main_figure(record.metrics.figures, record.target) if record.metrics and is_tested else None
    if found is None or found[1] is None:
        return None
    for figure in _candidates(record):
        known = figure.known()
        values = figure.per_image(known)
        if len(values) > 1 and abs(values.mean() - found[1]) < _TOLERANCE:
            freedom = max(effective_images([figure], known), 2.0) - 1
            reach = quantile(LEVEL, 0.0, float(values.var(ddof=1)) / len(values), 1, freedom)
            if reach < _NO_SPREAD:
                return None
            low, high = found[1] - reach, found[1] + reach
            return (max(low, 0.0), min(high, 1.0)) if 0 <= found[1] <= 1 else (low, high)
    return None


def _candidates(record: Record) -> Iterator[Figure]:
    """What the figure may be made of."""
    own = {
        name.removeprefix(f"{record.target}."): values
        for name, values in record.table.numbers.items()
        if name.startswith(f"{record.target}.")
    }
    parts, wholes = (_below(own, kind) for kind in ("intersection.", "union."))
    if parts.size and parts.shape == wholes.shape:
        yield RatioFigure(parts, wholes)
    for values in own.values():
        yield MeanFigure(np.array([math.nan if value is None else value for value in values]))


def _below(columns: Columns, kind: str) -> np.ndarray:
    """The columns whose names begin so, side by side."""
    found = [values for name, values in columns.items() if name.startswith(kind)]
    return np.array(found, dtype=float).T
