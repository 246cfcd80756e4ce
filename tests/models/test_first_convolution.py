"""The first convolution for other channels, against timm's own adaptation."""

from __future__ import annotations

import pytest
import torch
from timm.models import adapt_input_conv

from auxseg.errors import InputError
from auxseg.models import build_network, outline
from auxseg.models.first_convolution import adapted, see_channels
from auxseg.recipe import load_recipe
from auxseg.tasks.task import Dense

WEIGHT = torch.randn(8, 3, 5, 5, generator=torch.Generator().manual_seed(0))
OUTPUTS = {"mask": Dense(2)}


@pytest.mark.parametrize("channels", [1, 2, 4, 6, 7, 16])
def test_repeating_is_what_timm_does(channels: int) -> None:
    torch.testing.assert_close(adapted(WEIGHT, channels, "repeat"), adapt_input_conv(channels, WEIGHT))


@pytest.mark.parametrize("channels", [4, 9])
def test_repeated_weights_answer_to_grey_as_before(channels: int) -> None:
    """A picture with the same values in every channel gives what it gave in colour, where channels come in threes."""
    channels = channels // 3 * 3
    grey = torch.rand(1, 1, 9, 9)
    before = torch.conv2d(grey.expand(-1, 3, -1, -1), WEIGHT)
    after = torch.conv2d(grey.expand(-1, channels, -1, -1), adapted(WEIGHT, channels, "repeat"))
    torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("channels", [4, 16])
def test_new_channels_at_zero_change_nothing_at_first(channels: int) -> None:
    image = torch.rand(2, channels, 9, 9)
    found = torch.conv2d(image, adapted(WEIGHT, channels, "zeros"))
    torch.testing.assert_close(found, torch.conv2d(image[:, :3], WEIGHT))


@pytest.mark.parametrize("encoder", ["unet", "segnet", "residual", "{kind: timm, name: resnet18}"])
@pytest.mark.parametrize("channels", [1, 5])
def test_every_encoder_sees_every_channel(encoder: str, channels: int) -> None:
    settings = encoder if encoder.startswith("{") else f"{{kind: {encoder}}}"
    model = load_recipe("tiny", [f"model.encoder={settings}", "model.width=0.25"]).model
    network = build_network(model, OUTPUTS, 0, in_channels=channels).eval()
    assert network.mean.shape == (channels, 1, 1)
    image = torch.rand(1, channels, 32, 32, requires_grad=True)
    network(image)["mask"].square().sum().backward()
    assert image.grad is not None
    assert (image.grad.abs().sum((0, 2, 3)) > 0).all()


def test_random_weights_keep_the_spread_of_the_output_and_the_seed() -> None:
    model = load_recipe("tiny").model
    one, twin, other = (build_network(model, OUTPUTS, seed, in_channels=12) for seed in (0, 0, 1))
    colours = build_network(model, OUTPUTS, 0)
    first, same, different, three = (next(net.sharing.parameters()).detach() for net in (one, twin, other, colours))
    assert torch.equal(first, same)
    assert not torch.equal(first, different)
    assert float(first.square().sum((1, 2, 3)).mean()) == pytest.approx(
        float(three.square().sum((1, 2, 3)).mean()), 0.1
    )


def test_all_other_weights_are_those_of_the_network_for_colours() -> None:
    model = load_recipe("tiny").model
    three, five = (build_network(model, OUTPUTS, 0, in_channels=count).state_dict() for count in (3, 5))
    differing = {key for key in three if three[key].shape != five[key].shape or not torch.equal(three[key], five[key])}
    assert len(differing - {"mean", "std"}) == 1


def test_pretrained_weights_say_that_they_were_adapted() -> None:
    encoder = load_recipe("tiny").model.encoder.build(width=1.0, norm="batch", weights="none")
    encoder.provenance = "timm resnet18 (origin; licence mit)"
    see_channels(encoder, 4, "zeros")
    assert encoder.provenance == "adapted from 3 to 4 channels (zeros): timm resnet18 (origin; licence mit)"


def test_luminance_of_channels_without_colours_is_refused() -> None:
    with pytest.raises(InputError, match=r"model\.input: grey sees the luminance .* 5 channels"):
        outline(load_recipe("tiny", ["model.input=grey"]).model, OUTPUTS, in_channels=5)
    assert outline(load_recipe("tiny", ["model.input=grey"]).model, OUTPUTS, in_channels=1).in_channels == 1


def test_zeros_that_never_learn_are_refused() -> None:
    encoder = "{kind: timm, name: resnet18, adapt: zeros, freeze: all}"
    model = load_recipe("tiny", [f"model.encoder={encoder}", "model.weights=timm"]).model
    with pytest.raises(InputError, match=r"model\.encoder\.adapt: new channels that start at zero stay unseen"):
        outline(model, OUTPUTS, in_channels=4)
    assert outline(model, OUTPUTS).in_channels == 3
