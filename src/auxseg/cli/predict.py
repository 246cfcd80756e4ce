"""`auxseg predict`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional

from auxseg.cli.command import RecipeCommand, one_size, optional, use_threads
from auxseg.cli.refusals import refuse_no_images, refuse_no_models
from auxseg.counting import count
from auxseg.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Predict(RecipeCommand):
    """Predict masks, classes and boxes of images with a trained run or a packed model.

    Writes NAME.mask.png (class ids, in the image's own size), NAME.overlay.png, NAME.TASK.png for maps such as
    edges, and predictions.json in the form of a COCO data set, with the data's own category ids. Only files that an
    earlier prediction wrote are ever replaced.
    """

    model: Positional[Path]
    """A run directory, a model directory, a model on a Hub (hf://OWNER/NAME[@REVISION]), or an exported file
    (.onnx)."""

    images: Positional[Annotated[tuple[Path, ...], optional("IMAGE ...")]]
    """Images, or folders, which are searched with their subfolders."""

    out: Path
    """Where to write; made if it does not exist."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute."""

    exif: Literal["auto", "apply", "ignore"] = "auto"
    """Whether to turn images by their EXIF orientation; auto does the same as for the training data."""

    tta: Literal["none", "flip"] = "none"
    """flip averages what is said of an image and of its mirror image, in twice the time."""

    tiles: Annotated[tuple[int, ...] | None, optional("[SIZE]")] = None
    """Ask tile by tile at the image's own resolution, by tiles of so many pixels or as large as those trained on; runs
    with data.crop always are."""

    overlap: Annotated[float | None, optional("SHARE")] = None
    """Share of a tile that overlaps the next one (default: 0.5)."""

    threads: Annotated[int | None, optional("N")] = None
    """CPU threads (default: torch's choice)."""

    overwrite: bool = False
    """Replace an earlier prediction in OUT."""

    def run(self, console: Console) -> dict[str, object]:
        """Predict them all; files that cannot be read are named and left out."""
        refuse_no_images(self.images)
        refuse_no_models([self.model])
        from rich.progress import track

        from auxseg.data.channels import RGB
        from auxseg.deploy.predictors import open_predictor
        from auxseg.run.prediction.image_files import find_images, readable
        from auxseg.run.prediction.predictions import PredictionWriter, refuse_predictions

        use_threads(self.threads)
        found = find_images(self.images, arrays=True)
        refuse_predictions(self.out, overwrite=self.overwrite)
        model = open_predictor(self.model, self.device)
        num_arrays = 0
        if model.vocabulary.channels == RGB:  # of which arrays beside pictures are none
            pictures = find_images(self.images)
            num_arrays = len(found.photographs) - len(pictures.photographs)
            found = pictures
        images = found.photographs
        writer = PredictionWriter(
            model,
            self.out,
            images,
            overwrite=self.overwrite,
            exif=self.exif,
            tta=self.tta,
            tiles=one_size(self.tiles),
            overlap=self.overlap,
        )
        if num_arrays:
            said = f"{count(num_arrays, 'array')} (.npy) in folders of pictures"
            console.print(f"skipped: {said}; name arrays one by one to predict them", markup=False)
        if found.num_own:
            console.print(f"skipped: {count(found.num_own, 'picture')} written by auxseg predict")
        failed: dict[str, str] = {}
        try:
            for photograph in track(images, "predicting", console=console, disable=not console.is_terminal):
                try:
                    if remark := writer.add(photograph):
                        console.print(readable(remark), markup=False, soft_wrap=True)
                except InputError as error:
                    failed[readable(photograph.path)] = readable(str(error))
                    console.print(f"left out: {readable(str(error))}", markup=False, soft_wrap=True)
        finally:  # after Ctrl-C, or on a full disk, what is done stays of use
            page = writer.finish()
            for remark in writer.remarks:
                console.print(f"note: {readable(remark)}", markup=False, soft_wrap=True)
        console.print(f"{len(images) - len(failed)} of {len(images)} images: {page}", markup=False, soft_wrap=True)
        return {"predictions": str(page), "images": len(images) - len(failed), "failed": failed}
