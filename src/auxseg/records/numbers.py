"""The numbers that files of runs and studies may hold, within what can be counted, added up and drawn."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

Count: TypeAlias = Annotated[int, Field(ge=0, le=2**53)]
"""How many there are of something."""

Number: TypeAlias = Annotated[float, Field(ge=-1e100, le=1e100, allow_inf_nan=False)]
"""A figure, a loss or a weight: far more than float32 holds, and sums of it are finite."""

Seconds: TypeAlias = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
"""A duration."""

Figures: TypeAlias = dict[str, dict[str, Number | None]]
"""Figures of merit by task and name; the first figure of a task is the one it is judged by."""

Losses: TypeAlias = dict[str, Number | None]
"""Losses or their weights by task; ``None`` where there is none."""
