"""The target's map refined by those of other tasks: it starts unrefined, and no gradient goes to the others."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from auxseg.errors import InputError
from auxseg.models import ModelConfig, Network, build_network
from auxseg.models.decoders import UNetDecoderConfig
from auxseg.models.encoders import UNetEncoderConfig
from auxseg.models.sharing import CrossStitchConfig, HardSharingConfig, MTANConfig, SharingConfig
from auxseg.tasks.task import Dense, Output, Vector

OUTPUTS: dict[str, Output] = {
    "segmentation": Dense(2),
    "distance": Dense(1),
    "edges": Dense(1),
    "classification": Vector(3),
}
PLAIN = ModelConfig(encoder=UNetEncoderConfig(channels=(8, 12)), decoder=UNetDecoderConfig())
REFINED = dataclasses.replace(PLAIN, refine_by=("distance", "edges"))
SCHEMES = pytest.mark.parametrize(
    "sharing", [HardSharingConfig(), HardSharingConfig(decoder="shared"), MTANConfig(), CrossStitchConfig()]
)


def built(config: ModelConfig) -> Network:
    return build_network(config, OUTPUTS, seed=0, target="segmentation").eval()


def moved(network: Network) -> Network:
    """As after some training: the last layer of the refinement is no longer zero."""
    assert network.refinement is not None
    torch.nn.init.normal_(network.refinement.out.weight, generator=torch.Generator().manual_seed(3))
    return network


@pytest.fixture
def pictures() -> Tensor:
    return torch.rand(2, 3, 20, 26, generator=torch.Generator().manual_seed(1))


@SCHEMES
def test_it_starts_as_the_network_without_it(sharing: SharingConfig, pictures: Tensor) -> None:
    plain, refined = (built(dataclasses.replace(each, sharing=sharing)) for each in (PLAIN, REFINED))
    torch.testing.assert_close(plain(pictures), refined(pictures), rtol=0, atol=0)


@SCHEMES
def test_alone_the_target_is_refined_as_it_is_beside_the_others(sharing: SharingConfig, pictures: Tensor) -> None:
    plain, refined = (built(dataclasses.replace(each, sharing=sharing)) for each in (PLAIN, REFINED))
    both, alone = moved(refined)(pictures), refined(pictures, ["segmentation"])
    assert list(alone) == ["segmentation"]
    torch.testing.assert_close(alone["segmentation"], both["segmentation"])
    others = plain(pictures)
    assert not torch.allclose(both.pop("segmentation"), others.pop("segmentation"))
    torch.testing.assert_close(both, others, rtol=0, atol=0)


def test_it_is_the_formula(pictures: Tensor) -> None:
    network = moved(built(REFINED))
    refinement = network.refinement
    assert refinement is not None
    plain = built(PLAIN)(pictures)
    hidden = torch.relu(refinement.join(torch.cat([plain[task] for task in ("segmentation", "distance", "edges")], 1)))
    expected = plain["segmentation"] + torch.einsum("nchw,kc->nkhw", hidden, refinement.out.weight[:, :, 0, 0])
    # The network pads to its stride before, and cuts after, so the convolution sees more at the border.
    torch.testing.assert_close(network(pictures)["segmentation"][..., :-1, :-1], expected[..., :-1, :-1])


def test_the_loss_of_the_target_moves_the_refinement_and_no_branch_of_another_task(pictures: Tensor) -> None:
    network = moved(built(REFINED)).train()
    network(pictures, ["segmentation"])["segmentation"].square().sum().backward()
    own = set(network.task_parameters("segmentation"))
    assert network.refinement is not None
    assert own >= set(network.refinement.parameters())
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.refinement.parameters())
    for task in ("distance", "edges"):
        for parameter in network.task_parameters(task):
            assert parameter not in own
            assert parameter.grad is None


def test_every_parameter_has_one_owner() -> None:
    network = built(REFINED)
    owned = [*network.shared_parameters(), *(p for task in OUTPUTS for p in network.task_parameters(task))]
    assert len(owned) == len(set(owned))
    assert set(owned) == set(network.parameters())
    joined, out = 9 * 4 * 16 + 16, 16 * 2 + 2
    assert network.parts()["refinement segmentation"] == joined + out


@pytest.mark.parametrize(
    ("refine_by", "target", "expected"),
    [
        (("distanze",), "segmentation", r"names 'distanze', expected tasks .* \(distance, edges\)"),
        (
            ("segmentation",),
            "segmentation",
            "names 'segmentation', expected tasks of this recipe, other than the target",
        ),
        (("classification",), "segmentation", "names 'classification', expected tasks .* map"),
        (("edges", "edges"), "segmentation", "names a task twice: edges, edges"),
        (("edges",), "classification", "the target 'classification' has no map to refine"),
    ],
)
def test_what_cannot_refine_is_refused(refine_by: tuple[str, ...], target: str, expected: str) -> None:
    with pytest.raises(InputError, match=f"^model.refine_by:? {expected}"):
        build_network(dataclasses.replace(PLAIN, refine_by=refine_by), OUTPUTS, seed=0, target=target)
