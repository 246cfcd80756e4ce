"""Multi-task attention: one shared chain of stages, of which every task picks features by masks of its own.

Liu, Johns, Davison, "End-to-End Multi-Task Learning with Attention", CVPR 2019, https://arxiv.org/abs/1803.10704.
At stage j task t sees ``a = mask(u_j, x_t) * p_j``, where u_j and p_j are the stage's features after its first
convolution and after its last, and passes ``x_t = shrink(relu(norm_t(f_j(a))))`` on, f_j being a 3x3 convolution that
all tasks share. In the decoder ``x_t`` is first enlarged and convolved, and masks the shared decoder's step:
``x_t <- mask(u_j, f_j(x_t)) * p_j``.

Departures from the authors' code: the normalisation behind f_j is each task's own, see `Streams`; streams are pooled by
the maximum over as many pixels as the encoder's stride grows, and enlarged with aligned pixels rather than corners.

Shape legend: ``N`` images, ``H W`` the input size, ``C`` channels, ``h w`` the size at a stage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Literal, TypeVar, cast, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from auxseg.config import config
from auxseg.models.branch import Branch, DenseBranch, HeadBranch
from auxseg.models.decoders.decoder import Decoder
from auxseg.models.encoders.encoder import Encoder, Pyramid, Staged, as_stages
from auxseg.models.recompute import recompute
from auxseg.models.sharing.attention import Streams, build_streams
from auxseg.models.sharing.sharing import Builder, Sharing, SharingSettings
from auxseg.tasks.task import Dense

_Result = TypeVar("_Result")


@final
class MTAN(Sharing):
    """Streams over the encoder; with a ``decoder`` the dense tasks have streams over that one too, and heads alone.

    Without it each dense task decodes the levels that it attended to by a decoder of its own.
    """

    def __init__(
        self,
        encoder: Staged,
        streams: Streams,
        branches: Mapping[str, Branch],
        decoder: Decoder | None = None,
        decoder_streams: Streams | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.streams = streams
        self.decoder = decoder
        self.decoder_streams = decoder_streams
        self.by_task = nn.ModuleDict(branches)

    def forward(self, image: Float[Tensor, "N _ H W"], tasks: Sequence[str]) -> dict[str, Tensor]:
        """Drive the encoder and the streams of these tasks, then the decoder and its streams if a task needs them."""
        shared, own = self._encode(image, tasks)
        on_map = [task for task in tasks if isinstance(self.by_task[task], HeadBranch)]
        maps = self._decode(shared, {task: own[task].features[-1] for task in on_map}) if on_map else {}
        return {task: self.by_task[task](maps.get(task, own[task])) for task in tasks}

    def _encode(self, image: Tensor, tasks: Sequence[str]) -> tuple[Pyramid, dict[str, Pyramid]]:
        """The shared pyramid, and what each task attended to of it."""
        encoder = self.encoder
        levels: list[Tensor] = []
        leaving: list[Tensor] = []
        kept: list[Tensor | None] = []
        attended: dict[str, list[Tensor]] = {task: [] for task in tasks}
        features: dict[str, Tensor | None] = dict.fromkeys(tasks)
        x = image
        for stage in range(encoder.num_stages):
            u, level = self._run(encoder.run, stage, x)
            x, indices = encoder.down(stage, level)
            levels.append(level)
            leaving.append(x)
            kept.append(indices)
            for task in tasks:
                seen, features[task] = self._run(self._attend, task, stage, u, level, features[task])
                if isinstance(self.by_task[task], DenseBranch):
                    attended[task].append(seen)
        shared = encoder.assemble(levels, leaving, kept, image.shape[-2:])
        own: dict[str, Pyramid] = {}
        for task, last in features.items():
            assert last is not None
            finer = attended[task][: len(encoder.channels) - 1]
            own[task] = Pyramid((*finer, last), shared.input_size, shared.indices)
        return shared, own

    def _attend(
        self, task: str, stage: int, u: Tensor, level: Tensor, features: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """What the task sees of a stage, and what it passes on to the next: the same, after the last."""
        seen = self.streams.attend(task, stage, u, level, features)
        if stage == len(self.streams.convolutions):
            return seen, seen
        factor = self.encoder.strides[stage + 1] // self.encoder.strides[stage]
        return seen, self.streams.convolve(task, stage, seen, partial(F.max_pool2d, kernel_size=factor))

    def _decode(self, pyramid: Pyramid, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """The shared decoder, and what each task attends to of its last step."""
        assert self.decoder is not None
        x = pyramid.features[-1]
        for step in range(len(self.decoder.step_channels)):
            u, x = self._run(self.decoder.run, step, x, pyramid)
            features = {task: self._run(self._step, task, step, u, x, before) for task, before in features.items()}
        return features

    def _step(self, task: str, step: int, u: Tensor, p: Tensor, features: Tensor) -> Tensor:
        assert self.decoder_streams is not None
        convolved = self.decoder_streams.convolve(task, step, _enlarge(features, u.shape[-2:]))
        return self.decoder_streams.attend(task, step, u, p, convolved)

    def _run(self, function: Callable[..., _Result], *inputs: Any) -> _Result:
        return recompute(self, function, *inputs) if self.encoder.checkpointing else function(*inputs)

    def encoders(self) -> Mapping[str, Encoder]:
        """The one encoder."""
        return {"encoder": self.encoder}

    def branches(self) -> Mapping[str, Branch]:
        """The branches by task."""
        return cast(Mapping[str, Branch], dict(self.by_task.items()))

    def shared_parameters(self) -> list[nn.Parameter]:
        """The parameters of the encoder, of the streams' convolutions and of a shared decoder."""
        own = {id(parameter) for task in self.by_task for parameter in self.task_parameters(task)}
        return [parameter for parameter in self.parameters() if id(parameter) not in own]

    def task_parameters(self, task: str) -> list[nn.Parameter]:
        """The parameters of the task's streams and branch."""
        parts: list[nn.Module] = [self.streams.stream(task), self.by_task[task]]
        if self.decoder_streams is not None and task in self.decoder_streams.by_task:
            parts.append(self.decoder_streams.stream(task))
        return [parameter for part in parts for parameter in part.parameters()]

    @torch.no_grad()
    def attention_masks(
        self, image: Float[Tensor, "N _ H W"], tasks: Sequence[str]
    ) -> dict[str, dict[str, Float[Tensor, "N 1 _ _"]]]:
        """Each task's masks by stage, from the encoder's finest to the decoder's last, as means over the channels."""
        found: dict[str, dict[str, Tensor]] = {task: {} for task in tasks}
        handles = [
            attention.register_forward_hook(partial(_keep_mean, found[task], f"{place} {number}"))
            for place, streams in (("encoder stage", self.streams), ("decoder step", self.decoder_streams))
            for task in tasks
            if streams is not None and task in streams.by_task
            for number, attention in enumerate(streams.stream(task).attentions, start=1)
        ]
        try:
            self(image, tasks)
        finally:
            for handle in handles:
                handle.remove()
        return found


@config
class MTANConfig(SharingSettings):
    """Attention over the encoder's stages, or over those of one decoder that all dense tasks share as well.

    ``attention`` says which.
    """

    kind: Literal["mtan"] = "mtan"
    attention: Literal["encoder", "encoder-decoder"] = "encoder"

    def build(self, builder: Builder) -> MTAN:
        """Build the encoder, streams and branches. Raises `InputError` for an encoder without stages."""
        encoder = as_stages(builder.encoder(), "model.sharing.kind: mtan")
        streams = _encoder_streams(builder, encoder)
        dense = [task for task, output in builder.outputs.items() if isinstance(output, Dense)]
        if self.attention == "encoder" or not dense:
            return MTAN(encoder, streams, {task: builder.branch(task, encoder) for task in builder.outputs})
        decoder = builder.decoder("decoder", encoder)
        branches: dict[str, Branch] = {
            task: HeadBranch(builder.dense_head(task, decoder.channels))
            if task in dense
            else builder.branch(task, encoder)
            for task in builder.outputs
        }
        return MTAN(encoder, streams, branches, decoder, _decoder_streams(builder, encoder, decoder, dense))


def _encoder_streams(builder: Builder, encoder: Staged) -> Streams:
    """Attention at every stage, and a convolution from each level to the next of the pyramid."""
    channels = encoder.channels
    attentions = [
        (u, channels[stage] if stage else None, channels[stage]) for stage, u in enumerate(encoder.entry_channels)
    ]
    return build_streams(builder, "encoder", builder.outputs, attentions, list(pairwise(channels)))


def _decoder_streams(builder: Builder, encoder: Staged, decoder: Decoder, tasks: Sequence[str]) -> Streams:
    """Ahead of every step's attention, a convolution from the step before, the first from the encoder's last level."""
    channels = (encoder.channels[-1], *decoder.step_channels)
    attentions = [(u, p, p) for u, p in zip(decoder.enter_channels, decoder.step_channels, strict=True)]
    return build_streams(builder, "decoder", tasks, attentions, list(pairwise(channels)))


def _keep_mean(found: dict[str, Tensor], name: str, module: nn.Module, inputs: object, mask: Tensor) -> None:
    found[name] = mask.float().mean(1, keepdim=True)


def _enlarge(x: Float[Tensor, "N C _ _"], size: torch.Size) -> Float[Tensor, "N C h w"]:
    return x if x.shape[-2:] == size else F.interpolate(x, size=size, mode="bilinear")
