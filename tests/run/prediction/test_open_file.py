from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.errors import InputError
from auxseg.run.prediction.open_file import read_open_file
from auxseg.run.prediction.photograph import read_photograph


def _file(form: str, mode: str = "RGB", orientation: int = 1) -> io.BytesIO:
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, format=form, exif=exif)
    buffer.seek(0)
    return buffer


@pytest.mark.parametrize(
    ("form", "mode"),
    [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "P"), ("TIFF", "RGB"), ("WebP", "RGBA"), ("JPEG", "L")],
)
@pytest.mark.parametrize("exif", ["apply", "ignore"])
def test_an_open_file_is_read_as_a_path_is(tmp_path: Path, form: str, mode: str, exif: str) -> None:
    file = _file(form, mode, 6)
    (tmp_path / "photo").write_bytes(file.getvalue())
    expected = read_photograph(tmp_path / "photo", exif)
    assert (read_open_file(file, exif) == expected).all()
    assert expected.shape == ((30, 20, 3) if exif == "apply" else (20, 30, 3))


def test_pixels_are_counted_before_they_are_decoded() -> None:
    assert read_open_file(_file("PNG"), "apply", 600).shape == (20, 30, 3)
    with pytest.raises(InputError, match="the file has 30 x 20 pixels, over the limit of 599; make it smaller first"):
        read_open_file(_file("PNG"), "apply", 599)


@pytest.mark.parametrize("content", [b"", b"words", _file("JPEG").getvalue()[:200]])
def test_what_is_no_image_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match=r"^the file "):
        read_open_file(io.BytesIO(content), "apply")


def test_a_file_that_was_closed_meanwhile_is_refused() -> None:
    file = _file("JPEG")
    file.close()
    with pytest.raises(InputError, match="the file is damaged: I/O operation on closed file"):
        read_open_file(file, "apply")
