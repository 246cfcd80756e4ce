"""What is refused before a network is read: formats, files, packages and options that do not go together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final, get_args

from auxseg.deploy.export.result import Format
from auxseg.errors import InputError, nearest
from auxseg.extras import need_extra

FORMATS: Final[tuple[str, ...]] = get_args(Format)
_SUFFIXES: Final[dict[str, str]] = {"onnx": ".onnx", "torch": ".pt2", "openvino": ".xml"}
_EXTRAS: Final = {"onnx": "export", "openvino": "openvino"}


@final
@dataclass(frozen=True)
class Request:
    """What is asked for, as far as it can be checked without a network."""

    out: Path
    format: Format
    tasks: tuple[str, ...] | None
    int8: bool
    data: Path | None
    calibration: int
    overwrite: bool

    def check(self) -> None:
        """Raise `InputError` for what cannot work."""
        if self.format not in FORMATS:
            raise InputError(f"--format {self.format}: expected one of {', '.join(FORMATS)}")
        self._check_out()
        if self.int8 and self.format != "onnx":
            raise InputError(f"--int8 cannot be combined with --format {self.format}; expected --format onnx")
        if self.int8 and self.data is None:
            raise InputError(
                "--int8 needs images to find the ranges of numbers on and to measure its cost; name a store with --data"
            )
        if self.calibration < 1:
            raise InputError(f"--calibration {self.calibration}: expected at least 1 image")
        if self.tasks is not None and not self.tasks:
            raise InputError("--tasks: expected at least one task")
        if self.format in _EXTRAS:
            need_extra(_EXTRAS[self.format], f"export --format {self.format}")

    def _check_out(self) -> None:
        suffix = _SUFFIXES[self.format]
        if self.out.suffix != suffix:
            raise InputError(f"--out {self.out}: expected a name that ends in {suffix} for --format {self.format}")
        if self.out.is_dir():
            raise InputError(f"--out {self.out} is a directory; expected the name of a file")
        for path in written(self.out, self.format):
            if os.path.lexists(path) and not self.overwrite:
                raise InputError(f"{path} already exists; --overwrite replaces it")
        folder = self.out.absolute().parent
        if not folder.is_dir():
            raise InputError(f"--out {self.out} cannot be written: {folder} is not a directory")
        if not os.access(folder, os.W_OK):
            raise InputError(f"--out {self.out} cannot be written: {folder} is read-only")


def written(out: Path, format: Format) -> tuple[Path, ...]:
    """All files of an export."""
    return (out, out.with_suffix(".bin")) if format == "openvino" else (out,)


def chosen(asked: Sequence[str] | None, answering: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The tasks to export, all that answer unless told. Raises `InputError` for one that is unknown or says nothing."""
    for name in asked or ():
        if name not in known:
            raise InputError(
                f"--tasks {name}: this model has no such task{nearest(name, known)}; it has {', '.join(known)}"
            )
        if name not in answering:
            raise InputError(
                f"--tasks {name}: this task says nothing about an image (a control, a task without training, or one "
                f"with a picture of its own); those that do are {', '.join(answering)}"
            )
    return tuple(dict.fromkeys(asked)) if asked is not None else tuple(answering)
