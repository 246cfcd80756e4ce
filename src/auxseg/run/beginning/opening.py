"""Making, clearing and holding a run directory; a refusal reaches every process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
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
    step left an empty directory or none of its events; resuming it starts it. So does resuming one that was killed
    while it deleted a former run.
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


def begun(runs: Mapping[str, Run], *, resume: bool, overwrite: bool) -> dict[str, bool]:
    """Which of several runs are to be resumed; with ``resume`` those that have not begun are to be started.

    Raises `InputError` for every directory that `opened` would refuse for what it holds, so that nothing is trained
    before a refusal, and if none of the runs was begun that are to be resumed.
    """
    there = {name: resume and run.directory.is_dir() for name, run in runs.items()}
    for name, run in runs.items():
        _check(run, resume=there[name], overwrite=overwrite)
    if resume and not any(there.values()):
        raise InputError(f"{', '.join(runs)}: none of these runs was started, so there is none to resume")
    return there


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
        _check(run, resume=resume, overwrite=overwrite)
        if run.is_being_cleared or (not resume and run.recipe_file.is_file()):
            run.clear()
    except OSError as error:
        raise InputError(f"{directory}: cannot be a run directory ({error.strerror})") from None


def _check(run: Run, *, resume: bool, overwrite: bool) -> None:
    """Raise `InputError` for what the directory holds."""
    directory = run.directory
    if not directory.exists():
        return
    if not directory.is_dir():
        raise InputError(f"{directory}: cannot be a run directory (it is a file)")
    if run.is_being_cleared:
        return  # whoever was to overwrite it was killed, and what it holds is to go
    if not any(path.name != ".lock" and not path.match(".*.partial") for path in directory.iterdir()):
        return
    if not resume and not overwrite:
        raise InputError(f"{directory}: already exists; --resume continues the run, --overwrite starts again")
    if not run.recipe_file.is_file():
        refused = " to resume" if resume else ", so --overwrite will not delete it"
        raise InputError(f"{directory}: holds files but no run{refused}")
