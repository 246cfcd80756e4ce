"""Which operations are left in a traced network."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence

import pytest
import torch

from auxseg.deploy.export.tracing import SomeTasks, quiet, trace
from auxseg.errors import RunError
from auxseg.models import build_network
from auxseg.tasks.task import Output
from tests.models.cases import MODELS, SEGMENTATION, THREE_TASKS


def _operations(model: str, outputs: Mapping[str, Output], tasks: Sequence[str]) -> list[str]:
    network = build_network(MODELS[model], outputs, 0, "segmentation").eval()
    program = trace(SomeTasks(network, tasks))
    return [str(node.target) for node in program.graph.nodes if node.op == "call_function"]


@pytest.mark.slow
@pytest.mark.parametrize("model", ["unet group", "unet group mtan", "mobilenet", "segnet mtan encoder-decoder"])
def test_one_task_of_several_computes_what_it_would_alone(model: str) -> None:
    alone = _operations(model, SEGMENTATION, ["segmentation"])
    assert _operations(model, THREE_TASKS, ["segmentation"]) == alone


def test_what_cannot_be_traced_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    network = build_network(MODELS["unet group"], SEGMENTATION, 0).eval()

    def refuse(*_: object, **__: object) -> None:
        raise ValueError("no rule for this\nmany lines follow")

    monkeypatch.setattr(torch.export, "export", refuse)
    with pytest.raises(RunError, match=r"^torch.export cannot trace this network \(no rule for this\)$"):
        trace(SomeTasks(network, ["segmentation"]))


def test_libraries_are_quiet_for_a_while_only() -> None:
    with quiet():
        warnings.warn("about its insides", stacklevel=1)
        assert not logging.getLogger("torch.onnx").isEnabledFor(logging.WARNING)
    assert logging.getLogger("torch.onnx").isEnabledFor(logging.WARNING)
