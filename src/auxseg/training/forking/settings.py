"""The settings of ForkMerge."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from auxseg.config import config


@config
class ForkMergeConfig:
    """Train a branch of the network with the target alone and one with each auxiliary, and merge them as it helps.

    They are merged at every validation, by the target's validation figure; ``candidates`` is how many weights are tried
    for each further branch (`auxseg.training.forking.fork`). A step takes as many passes as there are branches.
    """

    candidates: Annotated[int, Field(ge=1, le=100)] = 5
