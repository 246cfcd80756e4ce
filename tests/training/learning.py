"""A network of a few hundred weights with all that trains it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from auxseg.balancing import EqualConfig
from auxseg.models import ModelConfig, build_network
from auxseg.models.decoders import UNetDecoderConfig
from auxseg.models.encoders import UNetEncoderConfig
from auxseg.models.layers.norms import Norm
from auxseg.tasks import ClassificationConfig, SegmentationConfig, Task
from auxseg.training.average import WeightAverage
from auxseg.training.learner import Learner
from auxseg.training.optimizer import SGDConfig, parameter_groups
from auxseg.training.phases import PhaseConfig, build_phases
from auxseg.training.runtime import Runtime
from auxseg.training.schedule import CosineConfig
from auxseg.training.teacher import Teacher, teacher_decay
from tests.tasks.examples import VOCABULARY

RATE = 0.5
NUM_STEPS = 10


def make_tasks() -> dict[str, Task]:
    """Masks, which are the target, and the species."""
    tasks: dict[str, Task] = {
        "mask": SegmentationConfig().build("mask", VOCABULARY),
        "species": ClassificationConfig(label="species", dropout=0.5).build("species", VOCABULARY),
    }
    tasks["mask"].is_target = True
    return tasks


def make_learner(
    *,
    tasks: dict[str, Task] | None = None,
    norm: Norm = "group",
    balancer: Any = None,
    phases: Sequence[PhaseConfig] = (),
    clip: float | None = None,
    watch: int | None = None,
    average: float = 0.0,
    seed: int = 0,
    trained: Sequence[str] | None = None,
) -> Learner:
    """A learner that takes plain gradient steps unless told otherwise, by the losses of ``trained`` or of all tasks."""
    tasks = make_tasks() if tasks is None else tasks
    encoder, decoder = UNetEncoderConfig(channels=(4, 8), first_kernel=3), UNetDecoderConfig(base=4)
    config = ModelConfig(encoder=encoder, decoder=decoder, norm=norm)
    network = build_network(config, {name: task.output for name, task in tasks.items()}, seed=0)
    settings = balancer or EqualConfig()
    built = build_phases(
        phases,
        NUM_STEPS,
        network,
        tasks if trained is None else {name: tasks[name] for name in trained},
        lambda names: settings.build(names, "mask", seed),
        CosineConfig(end=0.1).build,
    )
    optimizer = SGDConfig(rate=RATE, momentum=0.0, weight_decay=0.0)
    validated = WeightAverage(network, average)
    decay = teacher_decay(tasks.values(), average)
    of_teacher = validated if decay in (None, average) else WeightAverage(network, decay)
    groups = parameter_groups((network, *(phase.balancer for phase in built)), [], optimizer)
    return Learner(
        network,
        tasks,
        built,
        optimizer.build(groups),
        validated,
        Runtime("cpu"),
        precision="fp32",
        clip=clip,
        seed=seed,
        watch=watch,
        teacher=None if decay is None else Teacher(network, tasks, of_teacher),
    )


def weights_of(learner: Learner) -> dict[str, torch.Tensor]:
    """All that the network holds, as it is now."""
    return {name: value.clone() for name, value in learner.network.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Whether two networks have the same bits."""
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())
