"""What a task has of its own: which features its head is given, and that nothing follows the head."""

from __future__ import annotations

import torch

from auxseg.models.branch import DenseBranch, HeadBranch, VectorBranch
from auxseg.models.decoders import UNetDecoderConfig
from auxseg.models.encoders import Encoder, Pyramid, UNetEncoderConfig
from auxseg.models.layers.heads import DenseHead, VectorHead
from auxseg.tasks.task import Dense, Vector


def _encoder() -> Encoder:
    return UNetEncoderConfig(channels=(4, 8)).build(width=1.0, norm="group", weights="none")


def _pyramid() -> Pyramid:
    return _encoder()(torch.rand(2, 3, 16, 24))


def _own_numbers(head: DenseHead | VectorHead) -> None:
    """Weights that are large enough to be seen: those that heads start with are almost zero."""
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter)


def test_a_dense_branch_is_its_head_on_its_decoder() -> None:
    decoder = UNetDecoderConfig(base=4).build(_encoder(), width=1.0, norm="group")
    branch = DenseBranch(decoder, DenseHead(decoder.channels, Dense(3)))
    _own_numbers(branch.head)
    pyramid = _pyramid()
    found = branch(pyramid)
    assert found.shape == (2, 3, 16, 24)
    assert torch.equal(found, branch.head.logits(decoder(pyramid)))
    assert found.min() < 0 < found.max()  # logits, which nothing has squashed


def test_a_vector_branch_reads_the_coarsest_level_alone() -> None:
    pyramid = _pyramid()
    branch = VectorBranch(VectorHead(pyramid.features[-1].shape[1], Vector(5)))
    _own_numbers(branch.head)
    features = [level.detach().requires_grad_() for level in pyramid.features]
    found = branch(Pyramid(tuple(features), pyramid.input_size))
    assert found.shape == (2, 5)
    torch.testing.assert_close(found, branch.head.layers(features[-1].mean((2, 3))))
    gradients = torch.autograd.grad(found.sum(), features, allow_unused=True)
    assert [gradient is not None for gradient in gradients] == [False, False, True]


def test_a_head_branch_takes_features_that_others_decoded() -> None:
    branch = HeadBranch(DenseHead(4, Dense(2)))
    _own_numbers(branch.head)
    features = torch.rand(2, 4, 6, 5)
    assert torch.equal(branch(features), branch.head.logits(features))
    assert len(list(branch.parameters())) == 2
