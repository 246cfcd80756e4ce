from __future__ import annotations

import pytest

from auxseg.errors import InputError
from auxseg.models.encoders import LoRAConfig, UNetEncoderConfig, frozen_by
from auxseg.recipe import load_recipe, to_values


def test_adapters_freeze_the_whole_encoder() -> None:
    assert frozen_by(UNetEncoderConfig()) is None
    assert frozen_by(UNetEncoderConfig(freeze=2)) == 2
    assert frozen_by(UNetEncoderConfig(freeze="all")) == "all"
    assert frozen_by(UNetEncoderConfig(lora=LoRAConfig())) == "all"


@pytest.mark.parametrize("frozen", ["all", 1])
def test_both_at_once_are_refused(frozen: int) -> None:
    with pytest.raises(InputError, match=rf"freeze is {frozen}, but model\.encoder\.lora freezes the whole encoder"):
        frozen_by(UNetEncoderConfig(freeze=frozen, lora=LoRAConfig()))  # pyright: ignore[reportArgumentType]


def test_a_recipe_of_nothing_frozen_says_so() -> None:
    encoder = to_values(load_recipe("tiny"))["model"]["encoder"]
    assert (encoder["freeze"], encoder["lora"]) == (None, None)


@pytest.mark.parametrize("value", ["some", "0", "-1", "1.5", "true", "65"])
def test_what_is_neither_all_nor_a_number_of_stages_is_refused_by_its_key(value: str) -> None:
    with pytest.raises(InputError, match=r"^[^\n]*model\.encoder\.freeze[^\n]*$"):
        load_recipe("tiny", [f"model.encoder.freeze={value}"])
