"""Making, clearing and holding a run directory; a refusal reaches every process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from auxseg.errors import InputError
from auxseg.run.directory import Run
from auxseg.training.lock import training_in
from auxseg.training.runtime import Runtime


@contextmanager
def opened(run: Run, runtime: Runtime, *, resume: bool, overwrite: bool) -> Iterator[None]:
    """Hold the run directory for training; the main process makes or clears it first.

    Raises `InputError` in every process if the directory is in use, cannot be written to, holds a run that is
    neither to be resumed nor overwritten, or holds none that could be resumed. A run that was stopped before its first
    step left an empty directory or none of its events; resuming it starts it.
    """
    with ExitStack() as stack:
        refusal: InputError | None = None
        if runtime.is_main:
            try:
                _open(run, stack, resume=resume, overwrite=overwrite)
            except InputError as error:
                refusal = error
        refusal = runtime.gather(refusal)[0]
        if refusal is not None:
            raise refusal
        yield


def _open(run: Run, stack: ExitStack, *, resume: bool, overwrite: bool) -> None:
    directory = run.directory
    if resume and not directory.is_dir():
        raise InputError(f"{directory}: there is no run to resume")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not os.access(directory, os.W_OK):
            raise PermissionError(0, "it is read-only")
        stack.enter_context(training_in(directory))
        for stale in directory.glob(".*.partial"):  # of a process that was killed while it wrote
            stale.unlink()
        contents = [path for path in directory.iterdir() if path.name != ".lock"]
        if contents and not resume:
            if not overwrite:
                raise InputError(f"{directory}: exists already; --resume goes on with it, --overwrite starts again")
            run.clear()
    except OSError as error:
        raise InputError(f"{directory}: cannot be a run directory ({error.strerror})") from None
    if resume and contents and not run.recipe_file.is_file():
        raise InputError(f"{directory}: holds files but no run to resume")
