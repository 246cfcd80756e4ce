"""Settings that every encoder has: which of its weights stand still, and low-rank adapters beside them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from auxseg.config import config
from auxseg.errors import InputError

MOST_STAGES = 64

Adapt = Literal["repeat", "zeros"]


@config
class LoRAConfig:
    """Low-rank adapters: a ``rank``, and ``alpha``, which scales what they add by ``alpha / rank``.

    See `auxseg.models.encoders.low_rank`.
    """

    rank: Annotated[int, Field(ge=1, le=1024)] = 8
    alpha: Annotated[float, Field(gt=0, le=10**4)] = 8.0


@config
class EncoderSettings:
    """``freeze`` keeps pretrained weights as they are: ``all`` of them, or those of the first stages, as a number.

    ``lora`` freezes all of them and trains low-rank adapters instead. ``adapt`` is for images of other channels than
    red, green and blue: pretrained weights of the first convolution are repeated over them, or new channels start at
    zero.
    """

    kind: str
    freeze: Literal["all"] | Annotated[int, Field(ge=1, le=MOST_STAGES)] | None = None
    lora: LoRAConfig | None = None
    adapt: Adapt = "repeat"


def frozen_by(settings: EncoderSettings) -> Literal["all"] | int | None:
    """What of the encoder stands still. Raises `InputError` if both settings say it."""
    if settings.lora is None:
        return settings.freeze
    if settings.freeze is not None:
        raise InputError(
            f"model.encoder.freeze is {settings.freeze}, but model.encoder.lora freezes the whole encoder already; "
            "set one of the two to null"
        )
    return "all"
