"""onnxruntime, with as many threads as torch has, and the name of the input of what auxseg exports."""

from __future__ import annotations

from typing import Any, Final

import torch

INPUT: Final = "image"
"""The name of the graph's input: float32 ``batch x channels x height x width``, in [0, 1]."""


def open_session(content: bytes) -> Any:
    """An inference session on the CPU. Raises what onnxruntime raises for a graph that it cannot load."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # errors are raised, and said once
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
