"""What an export tells of itself: how near its outputs are to PyTorch's, and what eight bits cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, final

Format = Literal["onnx", "torch", "openvino"]


@final
@dataclass(frozen=True)
class Parity:
    """How near one output is to that of PyTorch, on the same images.

    Attributes:
        task: whose output.
        shape: images, height and width of the input.
        images: where the images are from: ``generated``, or a split of the data.
        agreement: share of pixels, or of images, that get the same class; `None` for outputs that are no classes.
        quantiles: of the absolute differences between the raw outputs, by name: median, 99 %, 99.9 % and maximum.
        scale: the largest absolute value of PyTorch's output, to judge them by.
    """

    task: str
    shape: tuple[int, int, int]
    images: str
    agreement: float | None
    quantiles: Mapping[str, float]
    scale: float


@final
@dataclass(frozen=True)
class Cost:
    """A figure of merit in float32 and in eight bits, measured with the exported files themselves.

    ``is_trained_on`` says that the network was trained on these images too, so that both figures are too good.
    """

    task: str
    figure: str
    split: str
    is_trained_on: bool
    num_images: int
    float32: float | None
    int8: float | None


@final
@dataclass(frozen=True)
class Exported:
    """An exported network.

    Attributes:
        path: the file; of an OpenVINO network the .xml, beside which the .bin lies.
        format: in which it is.
        tasks: the names of its outputs.
        num_bytes: its size, with all that belongs to it.
        parity: of every task at every size that was tried.
        costs: what eight bits cost, for every task; empty for float32.
        calibrated_on: how many images the ranges of eight bits were found on, 0 for float32.
    """

    path: Path
    format: Format
    tasks: tuple[str, ...]
    num_bytes: int
    parity: tuple[Parity, ...]
    costs: tuple[Cost, ...] = ()
    calibrated_on: int = 0
