"""The numbers that files of runs and studies may hold, within what can be counted, added up and drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import Field

Count: TypeAlias = Annotated[int, Field(ge=0, le=2**53)]
"""How many there are of something."""

Number: TypeAlias = Annotated[float, Field(ge=-1e100, le=1e100, allow_inf_nan=False)]
"""A figure, a loss or a weight: far more than float32 holds, and sums of it are finite."""

Seconds: TypeAlias = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
"""A duration."""

Share: TypeAlias = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
"""A part of a whole, or a probability."""

Fraction: TypeAlias = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
"""A part that is not empty, such as the share of the masks."""

Figures: TypeAlias = Mapping[str, Mapping[str, Number | None]]
"""Figures of merit by task and name; the first figure of a task is the one it is judged by."""

Losses: TypeAlias = Mapping[str, Number | None]
"""Losses or their weights by task; ``None`` where there is none."""
