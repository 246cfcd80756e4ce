"""Backbones of timm by name: what is known of them before they are made, and files that fit or do not."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from auxseg.errors import InputError
from auxseg.models.encoders.timm_making import about, create, load, refuse_unknown


def test_a_known_name_passes_and_an_unknown_one_gets_the_nearest() -> None:
    refuse_unknown("resnet18")
    with pytest.raises(InputError, match=r"knows no backbone 'resnet81'; the nearest names are .*resnet18"):
        refuse_unknown("resnet81")


@pytest.mark.parametrize(
    ("name", "is_dynamic", "has_one_size"),
    [("test_vit", True, True), ("resnet18", False, False), ("beit_base_patch16_224", False, True)],
)
def test_sizes_are_known_before_a_backbone_is_made(name: str, is_dynamic: bool, has_one_size: bool) -> None:
    accepted, one_size = about(name)
    assert ("dynamic_img_size" in accepted, one_size) == (is_dynamic, has_one_size)


def test_what_timm_cannot_build_is_said_in_its_words() -> None:
    with pytest.raises(InputError, match=r"timm cannot build resnet18\.nobody_in1k \(Invalid pretrained tag"):
        create("resnet18.nobody_in1k", pretrained=True)


def test_a_file_fills_a_backbone_or_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    donor = timm.create_model("test_vit")
    save_file(donor.state_dict(), tmp_path / "fits.safetensors")
    found = load("test_vit", tmp_path / "fits.safetensors", dynamic_img_size=True)
    assert torch.equal(found.state_dict()["pos_embed"], donor.state_dict()["pos_embed"])
    state = donor.state_dict()
    del state["norm.weight"]
    save_file(state, tmp_path / "lacks.safetensors")
    with pytest.raises(InputError, match=r"lacks\.safetensors does not fit test_vit: norm\.weight is missing"):
        load("test_vit", tmp_path / "lacks.safetensors", dynamic_img_size=True)
