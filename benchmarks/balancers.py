"""What a balancer costs: a training step by each, and by torchjd's mtl_backward, beside the summed loss.

Five tasks on a U-Net over ResNet-18 at 128 px, batches of 8, in turns on one batch. The peer takes the same step with
MGDA and PCGrad of torchjd on the encoder's output, a gradient per task through the whole encoder; heads get their own.
Memory is the peak of a second step, each in a process of its own: resident, or allocated on the GPU where there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import torch
from torch import Tensor, nn
from torchjd import aggregation
from torchjd.autojac import jac_to_grad, mtl_backward

from auxseg.config import config
from auxseg.data.loading.batch import Batch
from auxseg.data.store.store import Store
from auxseg.models.encoders.encoder import Pyramid
from auxseg.models.features import encoder_parameters
from auxseg.models.forward import forward
from auxseg.recipe import Recipe, load_recipe
from auxseg.tasks import task_loss
from auxseg.training.learner import Learner
from benchmarks.tools.apart import peak_of_step_apart
from benchmarks.tools.building import build_learner, build_loader
from benchmarks.tools.data import synthetic
from benchmarks.tools.timing import alternate

TASKS: Final = ("edges", "distance")
"""Beside the preset's mask, class and box; none has a picture of its own, which mtl_backward could not take."""
SUM: Final = "summed loss"
PEER: Final = "torchjd mtl_backward, "


@config
class Options:
    """Settings; ``kinds`` are kinds of balancers, with ``:features`` for that scope."""

    kinds: str = "dwa,famo,pcgrad,mgda,upgrad,pcd,pcgrad:features,mgda:features,upgrad:features,pcd:features"
    size: int = 128
    batch: int = 8
    rounds: int = 15
    peer: bool = True
    memory: bool = True


def main(options: Options) -> dict[str, Any]:
    """Time single steps on one batch, then measure their memory."""
    names = [SUM, *options.kinds.split(","), *(f"{PEER}{name}" for name in ("MGDA", "PCGrad") if options.peer)]
    rows: dict[str, dict[str, object]] = {name: {"balancer": name} for name in names}
    if options.rounds:
        timings = alternate({name: _side(options, name) for name in names}, options.rounds, warm_up=2)
        for name, timing in timings.items():
            rows[name] |= {"seconds per step": timing.median, "times the sum's": str(timing.over(timings[SUM]))}
    if options.memory:
        peaks = {name: peak_of_step_apart(_side, options, name) / 2**20 for name in names}
        for name, peak in peaks.items():
            rows[name] |= {"peak, MiB": round(peak), "MiB above the sum's": round(peak - peaks[SUM])}
    return {
        "rows": list(rows.values()),
        "tasks": len(_recipe(options, "{kind: equal}").tasks),
        "batch": f"{options.batch} of {options.size} px, fp32",
        "threads": torch.get_num_threads(),
    }


def _side(options: Options, name: str) -> Callable[[], object]:
    """A step of the summed loss, of a balancer or of the peer."""
    kind, _, scope = ("equal" if name == SUM or name.startswith(PEER) else name).partition(":")
    store = Store.open(synthetic(options.size, 100))
    recipe = _recipe(options, f"{{kind: {kind}, scope: {scope}}}" if scope else f"{{kind: {kind}}}")
    (batch,) = next(build_loader(recipe, store).steps(0, 1))
    learner, _ = build_learner(recipe, store, batch)
    if name.startswith(PEER):
        return _Peer(learner, name.removeprefix(PEER), batch)
    return lambda: learner.step([batch], 0)


def _recipe(options: Options, balancer: str) -> Recipe:
    settings = [
        "model.encoder={kind: timm, name: resnet18}",
        f"data.size={options.size}",
        f"training.batch={options.batch}",
        "training.precision=fp32",
        "training.channels_last=false",
        *(f"tasks.{kind}={{kind: {kind}}}" for kind in TASKS),
        f"balancer={balancer}",
    ]
    return load_recipe("mobilenet-unet-mtl", settings)


class _Peer:
    """The learner's network and optimiser in a loop with torchjd's mtl_backward, as its documentation has it."""

    def __init__(self, learner: Learner, name: str, batch: Batch) -> None:
        self.learner, self.batch = learner, batch
        self.aggregator: aggregation.Aggregator = getattr(aggregation, name)()
        self.encoder = encoder_parameters(learner.network)
        self.heads = [learner.network.task_parameters(task) for task in learner.tasks]
        self.features: list[Tensor] = []
        for encoder in learner.network.sharing.encoders().values():
            encoder.register_forward_hook(self._note)

    def _note(self, encoder: nn.Module, inputs: object, pyramid: Pyramid) -> Pyramid:
        """Let the heads read aliases: levels depend on each other, and mtl_backward would count that twice."""
        self.features = [each.view_as(each) for each in pyramid.features if each.requires_grad]
        aliases = iter(self.features)
        features = tuple(next(aliases) if each.requires_grad else each for each in pyramid.features)
        return replace(pyramid, features=features)

    def __call__(self) -> None:
        tasks, batch = self.learner.tasks, self.batch
        outputs = forward(self.learner.network, tasks, batch)
        losses = []
        for name, task in tasks.items():
            target = task.target(batch)
            totals = {term: float(count.sum()) for term, count in task.counts(target).items()}
            losses.append(task_loss(task, outputs[name], target, totals))
        mtl_backward(losses, self.features, tasks_params=self.heads, shared_params=self.encoder, parallel_chunk_size=1)
        jac_to_grad(self.encoder, self.aggregator)
        self.learner.optimizer.step()
        self.learner.optimizer.zero_grad(set_to_none=True)
        self.features = []  # whose memory would count in the next step
