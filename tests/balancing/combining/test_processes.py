"""Two processes that take half of every batch each end with the weights of one that takes it whole."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import torch
import torch.distributed as dist

from auxseg.balancing import Step
from tests.balancing.problem import COMBINING, NAMES, ROWS, Trainer, build
from tests.forked import warm_up

STEPS = 4
CHAOTIC = ("sdmgrad",)
"""Its long steps enlarge rounding."""


def _train(rank: int, folder: str) -> None:
    """All rules after each other, this process having its half of the rows."""
    dist.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=2)
    found = {}
    for kind in COMBINING:
        trainer = Trainer(build(kind))
        for step in range(STEPS):
            torch.manual_seed(rank)  # as dropout does: what a rule draws must be the same all the same
            _half_step(trainer, step, rank)
        found[kind] = trainer.weights()
    torch.save(found, Path(folder) / f"{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()


def _half_step(trainer: Trainer, number: int, rank: int) -> None:
    def reduce(tensors: object) -> None:
        assert isinstance(tensors, list)
        for tensor in tensors:
            dist.all_reduce(tensor)

    names = frozenset(NAMES[:2] if number == 2 else NAMES)
    trainer.balancer.begin_step(Step(number, 2, names, list(trainer.problem.parameters())))
    half = slice(rank * ROWS // 2, (rank + 1) * ROWS // 2)
    losses = {name: loss if name in names else loss * 0 for name, loss in trainer.problem.losses(number, half).items()}
    trainer.balancer.backward(losses)
    values = torch.stack([losses[name].detach() for name in sorted(names)])
    dist.all_reduce(values)
    trainer.balancer.finish(dict(zip(sorted(names), values.tolist(), strict=True)), reduce)
    trainer.optimizer.step()
    trainer.optimizer.zero_grad(set_to_none=True)


def test_two_processes_end_with_the_weights_of_one(tmp_path: Path) -> None:
    warm_up()
    context = multiprocessing.get_context("forkserver")
    processes = [context.Process(target=_train, args=(rank, str(tmp_path)), daemon=True) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    one, other = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    for kind in COMBINING:
        assert all(torch.equal(value, other[kind][name]) for name, value in one[kind].items()), kind
        if kind in CHAOTIC:
            continue
        whole = Trainer(build(kind))
        for step in range(STEPS):
            whole.step(step, labelled=NAMES[:2] if step == 2 else None)
        for name, value in whole.weights().items():
            torch.testing.assert_close(one[kind][name], value, rtol=1e-4, atol=1e-5, msg=kind)
