"""Two stages: auxiliary encoders learn their own tasks first, the target's network then reads what they see.

Every task has an encoder. Those of the auxiliary tasks are trained with their heads alone; the target reads their
features beside its own, but never changes them: that is the lateral connection of Rusu et al., "Progressive Neural
Networks", 2016, https://arxiv.org/abs/1606.04671, here with one number per feature map in the way of cross-stitch units
(Misra, Shrivastava, Gupta, Hebert, CVPR 2016, https://arxiv.org/abs/1604.03539) instead of a layer. Which losses are
trained when is said by ``training.phases``; a recipe without phases is refused, because all tasks would learn at once.

Shape legend: ``N`` images, ``H W`` the input size; ``S`` streams, ``L`` levels, ``T`` encoders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, cast, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from auxseg.config import config
from auxseg.errors import InputError
from auxseg.models.branch import Branch, DenseBranch
from auxseg.models.decoders.decoder import Decoder
from auxseg.models.encoders.encoder import Encoder, Pyramid
from auxseg.models.sharing.sharing import Builder, Sharing, SharingSettings

FROM_OTHERS: Final = 0.1
"""How much of every other encoder's features is mixed in at the start; of its own, a stream takes 1."""


@final
class Mixing(nn.Module):
    """A pyramid per stream: ``sum_t a[s, l, t] p_t[l]`` over the encoders t, at every level l that a decoder reads.

    Stream s belongs to encoder s and starts with 1 of its features and a little of the others'. The sizes and the
    pooling indices, where a decoder needs them, are those of the first encoder.
    """

    def __init__(self, num_streams: int, levels: Sequence[int], num_encoders: int) -> None:
        super().__init__()
        self.levels = tuple(levels)
        start = [[1.0 if t == s else FROM_OTHERS for t in range(num_encoders)] for s in range(num_streams)]
        self.shape = (num_streams, len(self.levels), num_encoders)  # S L T
        # A vector, because matrices are decayed, and shares must not be pulled to zero.
        self.weights = nn.Parameter(torch.tensor(start)[:, None].repeat(1, len(self.levels), 1).flatten())

    def forward(self, pyramids: Sequence[Pyramid]) -> list[Pyramid]:
        """Mix the encoders' pyramids into one per stream."""
        first, mixed = pyramids[0], []
        for weights in self.weights.view(self.shape):
            features = list(first.features)
            for level, row in zip(self.levels, weights, strict=True):
                features[level] = sum(
                    (share * pyramid.features[level] for share, pyramid in zip(row[1:], pyramids[1:], strict=True)),
                    start=row[0] * first.features[level],
                )
            mixed.append(Pyramid(tuple(features), first.input_size, first.indices))
        return mixed


@final
class TwoStageSharing(Sharing):
    """An encoder per task; the target's branch decodes a mixture of all encoders' features.

    With ``decoders``, one for every auxiliary encoder, each stream is decoded by itself, and the decoded features are
    mixed once more before the target's head.
    """

    def __init__(
        self, target: str, encoders: Mapping[str, Encoder], branches: Mapping[str, Branch], decoders: Sequence[Decoder]
    ) -> None:
        super().__init__()
        self.target = target
        self.by_encoder = nn.ModuleDict({task: encoders[task] for task in sorted(encoders, key=lambda t: t != target)})
        self.by_task = nn.ModuleDict(branches)
        self.decoders = nn.ModuleList(decoders)
        branch = branches[target]
        levels = branch.decoder.levels if isinstance(branch, DenseBranch) else (len(encoders[target].channels) - 1,)
        self.mixing = Mixing(1 + len(decoders), levels, len(encoders))
        self.decoded = nn.Parameter(torch.full((len(decoders),), FROM_OTHERS)) if decoders else None

    def forward(self, image: Float[Tensor, "N _ H W"], tasks: Sequence[str]) -> dict[str, Tensor]:
        """Run the encoders that these tasks need, then their branches."""
        needed = [task for task in self.by_encoder if self.target in tasks or task in tasks]
        pyramids = {task: self._encode(task, image, learns=task in tasks) for task in needed}
        outputs = {task: self.by_task[task](pyramids[task]) for task in tasks if task != self.target}
        if self.target in tasks:
            outputs[self.target] = self._fuse([_kept_from_learning(pyramids, task, self.target) for task in needed])
        return {task: outputs[task] for task in tasks}

    def _encode(self, task: str, image: Float[Tensor, "N _ H W"], *, learns: bool) -> Pyramid:
        with torch.set_grad_enabled(learns and torch.is_grad_enabled()):
            return self.by_encoder[task](image)

    def _fuse(self, pyramids: Sequence[Pyramid]) -> Tensor:
        own, *others = self.mixing(pyramids)
        if self.decoded is None:
            return self.by_task[self.target](own)
        branch = cast(DenseBranch, self.by_task[self.target])
        decoded = [decoder(pyramid) for decoder, pyramid in zip(self.decoders, others, strict=True)]
        shares = zip(self.decoded, decoded, strict=True)
        return branch.head(sum((share * features for share, features in shares), start=branch.decoder(own)))

    def encoders(self) -> Mapping[str, Encoder]:
        """The encoders, the target's first."""
        return {f"encoder {task}": cast(Encoder, encoder) for task, encoder in self.by_encoder.items()}

    def branches(self) -> Mapping[str, Branch]:
        """The branches by task."""
        return cast(Mapping[str, Branch], dict(self.by_task.items()))

    def shared_parameters(self) -> list[nn.Parameter]:
        """None: the target reads the auxiliary encoders, but does not move them."""
        return []

    def task_parameters(self, task: str) -> list[nn.Parameter]:
        """The task's encoder and branch; the mixtures, and the decoders of their streams, are the target's."""
        own = [*self.by_encoder[task].parameters(), *self.by_task[task].parameters()]
        if task != self.target:
            return own
        decoded = [] if self.decoded is None else [self.decoded]
        return [*own, *self.mixing.parameters(), *self.decoders.parameters(), *decoded]


def _kept_from_learning(pyramids: Mapping[str, Pyramid], task: str, target: str) -> Pyramid:
    """The pyramid as the target reads it: through those of other tasks no gradient goes back."""
    pyramid = pyramids[task]
    if task == target:
        return pyramid
    return Pyramid(tuple(level.detach() for level in pyramid.features), pyramid.input_size, pyramid.indices)


@config
class TwoStageConfig(SharingSettings):
    """An encoder per task, and a target that mixes what all of them see.

    ``decoders`` says whether the target decodes one mixture (``one``), or one per encoder (``each``), at the cost of as
    many decoders.
    """

    needs_phases = True
    target_reads_auxiliaries = True

    kind: Literal["two-stage"] = "two-stage"
    decoders: Literal["one", "each"] = "one"

    def build(self, builder: Builder) -> TwoStageSharing:
        """Build an encoder and a branch per task, and what mixes them. Raises `InputError` without auxiliaries."""
        target = builder.target
        if len(builder.outputs) < 2:
            raise InputError(
                "model.sharing: two-stage lets the target read the encoders of auxiliary tasks, expected at least one "
                f"task besides {target}, found none; add a task or set model.sharing.kind to hard"
            )
        encoders = {task: builder.encoder(f"encoder {task}") for task in builder.outputs}
        branches = {task: builder.branch(task, encoders[task]) for task in builder.outputs}
        decoders: list[Decoder] = []
        if self.decoders == "each" and isinstance(branches[target], DenseBranch):
            others = [task for task in encoders if task != target]
            decoders = [builder.decoder(f"decoder {target} of {task}", encoders[task]) for task in others]
        return TwoStageSharing(target, encoders, branches, decoders)
