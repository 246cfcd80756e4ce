"""Writing a program of `torch.export`, which runs without this package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch
from torch.export import ExportedProgram

from auxseg.deploy.export.description import measured
from auxseg.deploy.export.job import Job
from auxseg.deploy.export.parity import Images, Runner
from auxseg.deploy.export.request import Request
from auxseg.deploy.export.result import Exported
from auxseg.deploy.export.tracing import quiet, reason, trace
from auxseg.errors import RunError
from auxseg.files import replacing

if TYPE_CHECKING:
    import numpy as np

_OF_THE_MACHINE: Final = ("stack_trace", "source_fn_stack", "from_node")
"""What nodes know of the code that made them, with its paths."""


def write(job: Job, request: Request) -> Exported:
    """Write a .pt2 file with its description beside the program; ``torch.export.load`` gives both."""
    program = trace(job.module)
    for node in program.graph.nodes:
        for key in _OF_THE_MACHINE:
            node.meta.pop(key, None)
    parity = job.compare(_runner(program, job.module.tasks))
    texts = {**job.texts, **measured(parity, (), 0)}
    with replacing(request.out) as partial, quiet():
        _save(program, partial, texts)
        num_bytes = partial.stat().st_size
    return Exported(request.out, "torch", job.module.tasks, num_bytes, parity)


def _save(program: ExportedProgram, path: Path, texts: dict[str, str]) -> None:
    """Through a file object, because torch insists on a suffix that the temporary name has not."""
    with path.open("wb") as file:
        torch.export.save(program, file, extra_files=texts)


def _runner(program: ExportedProgram, tasks: tuple[str, ...]) -> Runner:
    module = program.module()

    def run(images: Images) -> dict[str, np.ndarray]:
        try:
            with torch.no_grad():
                outputs = module(torch.from_numpy(images))
        except Exception as error:  # of torch, such as a size that was fixed after all
            raise RunError(f"the traced network cannot be run ({reason(error)})") from None
        return {name: output.numpy() for name, output in zip(tasks, outputs, strict=True)}

    return run
