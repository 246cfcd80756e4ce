"""Writing a program of `torch.export`, which runs without this package."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import torch
from torch.export import ExportedProgram

from auxseg.deploy.export.description import measured
from auxseg.deploy.export.job import Job
from auxseg.deploy.export.parity import Images, Runner
from auxseg.deploy.export.request import Request
from auxseg.deploy.export.result import Exported
from auxseg.deploy.export.tracing import quiet, trace
from auxseg.errors import RunError, first_line
from auxseg.files import write_atomically

if TYPE_CHECKING:
    import numpy as np

_OF_THE_MACHINE: Final = ("stack_trace", "source_fn_stack", "from_node")
"""What nodes know of the code that made them, with its paths."""


def write(job: Job, request: Request) -> Exported:
    """Write a .pt2 file with its description beside the program; ``torch.export.load`` gives both."""
    program = trace(job.module)
    _drop_unused(program)
    _clean(program)
    tasks = job.module.tasks
    parity = job.compare(_runner(_loaded(_saved(program, {})), tasks))
    content = _saved(program, {**job.texts, **measured(parity, (), 0)})
    write_atomically(request.out, content)
    return Exported(request.out, "torch", tasks, len(content), parity)


def _drop_unused(program: ExportedProgram) -> None:
    """Leave out the weights of other tasks, which a traced program still takes as inputs."""
    graph, signature = program.graph_module.graph, program.graph_signature
    unused = [node for node in graph.nodes if node.op == "placeholder" and not node.users]
    names = {node.name for node in unused}
    specs = signature.input_specs
    for spec in [spec for spec in specs if spec.arg.name in names]:
        specs.remove(spec)
        program.state_dict.pop(spec.target or "", None)
    for node in unused:
        graph.erase_node(node)


def _clean(program: ExportedProgram) -> None:
    """Forget paths, and what torch asserts of the size that was traced, such as that nothing was cut off again."""
    graph = program.graph_module.graph
    for node in list(graph.nodes):
        for key in _OF_THE_MACHINE:
            node.meta.pop(key, None)
        if node.target is torch.ops.aten._assert_scalar.default:
            graph.erase_node(node)
    graph.eliminate_dead_code()
    program.graph_module.recompile()


def _saved(program: ExportedProgram, texts: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with quiet():
        try:
            torch.export.save(program, content, extra_files=texts)
        except Exception as error:  # of torch, for operators that have no written form
            raise RunError(f"torch.export cannot write this network ({first_line(error)})") from None
    return content.getvalue()


def _loaded(content: bytes) -> ExportedProgram:
    with quiet():
        return torch.export.load(io.BytesIO(content))


def _runner(program: ExportedProgram, tasks: tuple[str, ...]) -> Runner:
    module = program.module()

    def run(images: Images) -> dict[str, np.ndarray]:
        try:
            with torch.no_grad():
                outputs = module(torch.from_numpy(images))
        except Exception as error:  # of torch, such as a size that was fixed after all
            raise RunError(f"the traced network cannot be run ({first_line(error)})") from None
        return {name: output.numpy() for name, output in zip(tasks, outputs, strict=True)}

    return run
