"""`auxseg export`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional

from auxseg.arguments import as_typed
from auxseg.cli.command import RecipeCommand, optional, use_threads
from auxseg.cli.refusals import refuse_no_models, refuse_no_store
from auxseg.counting import count

if TYPE_CHECKING:
    from rich.console import Console

    from auxseg.deploy.export import Exported, Parity


@dataclass(frozen=True)
class Export(RecipeCommand):
    """Write a trained network as one file for onnxruntime, OpenVINO or PyTorch without auxseg.

    The file takes images of any size and says itself how to use it: preprocessing, class names, provenance. Its outputs
    are compared with PyTorch's before it gets its name.
    """

    model: Positional[Path]
    """A run directory, a model directory, or a model on a Hub (hf://OWNER/NAME)."""

    out: Path
    """The file to write: .onnx, .pt2 (torch) or .xml (openvino, with a .bin beside it)."""

    format: Literal["onnx", "torch", "openvino"] = "onnx"
    """ONNX, a program of torch.export, or OpenVINO's own format."""

    tasks: Annotated[tuple[str, ...] | None, optional("TASK ...")] = None
    """Only these tasks; what no one of them needs is left out (default: all that say something about an image)."""

    int8: bool = False
    """Compute in eight bits (ONNX only): smaller and faster; needs --data, prints what it costs."""

    data: Annotated[Path | None, optional("PATH")] = None
    """A store: images to compare outputs on, and for --int8 those to calibrate and to measure on."""

    calibration: int = 100
    """How many training images --int8 is calibrated on."""

    threads: Annotated[int | None, optional("N")] = None
    """CPU threads (default: torch's choice)."""

    overwrite: bool = False
    """Replace OUT if it exists."""

    def run(self, console: Console) -> dict[str, object]:
        """Write the file and print how near it is to PyTorch, and what eight bits cost."""
        refuse_no_models([self.model])
        refuse_no_store(self.data)
        from auxseg.deploy.export import export
        from auxseg.records.values.writing import to_json

        use_threads(self.threads)
        with console.status(f"exporting {as_typed(self.model)}"):
            exported = export(
                self.model,
                self.out,
                format=self.format,
                tasks=self.tasks,
                int8=self.int8,
                data=self.data,
                calibration=self.calibration,
                overwrite=self.overwrite,
            )
        for line in _told(exported):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        return {
            "file": str(exported.path),
            "format": exported.format,
            "tasks": list(exported.tasks),
            "bytes": exported.num_bytes,
            "parity": to_json(exported.parity),
            "int8": to_json(exported.costs),
            "calibrated_on": exported.calibrated_on,
        }


def _told(exported: Exported) -> Sequence[str]:
    """What a person wants to know of the file."""
    lines = [f"beside PyTorch, {_near(parity)}" for parity in exported.parity]
    for cost in exported.costs:
        seen = ", which it was trained on" if cost.is_trained_on else ""
        lines.append(
            f"int8, {cost.task}: {cost.figure} {_figure(cost.int8)} instead of {_figure(cost.float32)} in float32 "
            f"({count(cost.num_images, f'{cost.split} image')}{seen}; calibrated on "
            f"{count(exported.calibrated_on, 'training image')})"
        )
    size = f"{exported.num_bytes / 2**20:.1f} MiB"
    return [*lines, f"{exported.format}: {exported.path}   {', '.join(exported.tasks)}   {size}"]


def _near(parity: Parity) -> str:
    number, height, width = parity.shape
    same = "" if parity.agreement is None else f"{100 * parity.agreement:.2f} % same class, "
    differences = ", ".join(f"{name} {value:.1e}" for name, value in parity.quantiles.items())
    return (
        f"{parity.task} of {count(number, 'image')} {height} x {width}: {same}differences {differences} of "
        f"{parity.scale:.2g} at most"
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
