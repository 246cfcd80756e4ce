"""`auxseg predict`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional

from auxseg.cli.command import RecipeCommand, optional
from auxseg.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Predict(RecipeCommand):
    """Mask, class and box of photographs, with a trained run.

    Writes NAME.mask.png (class ids, in the photograph's own size), NAME.overlay.png, NAME.TASK.png for maps such as
    edges, and predictions.json in the form of a COCO data set.
    """

    model: Positional[Path]
    """The run directory."""

    images: Positional[Annotated[tuple[Path, ...], optional("IMAGE ...")]]
    """Photographs, or folders of them."""

    out: Path
    """Where to write; made if it does not exist."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""

    overwrite: bool = False
    """Replace what a former prediction left in OUT."""

    def run(self, console: Console) -> dict[str, Any]:
        """Predict them all; files that cannot be read are named and left out."""
        from rich.progress import track

        from auxseg.run import load
        from auxseg.run.predictions import PredictionWriter, find_images

        images = find_images(self.images)
        writer = PredictionWriter(self.out, overwrite=self.overwrite)
        model = load(self.model, self.device)
        failed: dict[str, str] = {}
        for path in track(images, "predicting", console=console, disable=not console.is_terminal):
            try:
                writer.add(model, path)
            except InputError as error:
                failed[str(path)] = str(error)
                console.print(f"left out: {error}", markup=False)
        page = writer.finish()
        console.print(f"{len(images) - len(failed)} of {len(images)} photographs: {page}")
        return {"predictions": str(page), "images": len(images) - len(failed), "failed": failed}
