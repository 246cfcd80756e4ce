"""What a node of a cluster does for a study: one job, after everything that it rests on was checked there.

A node that sees the study's directory works in it. One that does not works in a temporary folder, and what it made
travels back as the task's result; a store that it lacks travels there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, final

import torch

from auxseg.data.store.store import Store
from auxseg.errors import InputError, RunError
from auxseg.records.about import Origin
from auxseg.study.directory.provenance import origin
from auxseg.study.execution.archive import pack, unpack
from auxseg.study.execution.jobs import Job
from auxseg.tasks import run_plugin
from auxseg.training.lock import training_in

_LOCK_SECONDS: Final = 120.0
"""How long a run may still be held by a worker that was lost to the study but has not noticed yet."""

_ARCHIVE: Final = b"PK"
"""How the bytes begin that `pack` makes of a folder."""

Part = Literal["data", "run"]
"""What a node may lack: the store, or the run's directory as far as it goes."""


@final
@dataclass(frozen=True)
class Terms:
    """What holds for every job of a study, as the machine that asks sees it."""

    content_hash: str
    """Of the store."""
    origin: Origin
    threads: int
    has_gpu: bool
    """Whether the run has a GPU; without, it is kept from using one."""
    plugins: tuple[Path, ...]
    folder: Path
    """The working directory, from which paths in recipes may count."""
    token: Path
    """A file beside the runs, under a name that nothing else has: who sees it sees the study's directory."""


@final
@dataclass(frozen=True)
class Outcome:
    """What comes back from a node: what the work gave, or what is missing for it."""

    value: object = None
    missing: tuple[Part, ...] = ()
    archive: bytes | None = None
    """The run's directory, if the study's is not seen there."""
    failure: str | None = None
    """Why the training diverged, likewise."""


def work(job: Job, terms: Terms, has_run: bool, data: bytes | None, run: bytes | None) -> Outcome:
    """Do a job in this process, with what was sent: the bytes of the store, and the archive of the run's directory.

    ``has_run`` says whether the run has a directory already. Raises `RunError`, which names this node.
    """
    try:
        _begin(terms)
        _refuse_other_versions(terms.origin, origin(job.recipe["model"]["weights"]))
        with tempfile.TemporaryDirectory(prefix="auxseg-") as folder:
            return _work_in(Path(folder), job, terms, has_run, data, run)
    except (InputError, RunError, OSError) as error:
        raise RunError(f"node {socket.gethostname()}: {error}") from error


def _work_in(folder: Path, job: Job, terms: Terms, has_run: bool, data: bytes | None, run: bytes | None) -> Outcome:
    is_shared, has_data = terms.token.is_file(), job.data.exists()
    missing: list[Part] = []
    if not has_data and data is None:
        missing.append("data")
    if not is_shared and has_run and run is None:
        missing.append("run")
    if missing:
        return Outcome(missing=tuple(missing))
    if not has_data and data is not None:
        job = dataclasses.replace(job, data=folder / "data" / job.data.name)
        job.data.parent.mkdir()
        if data.startswith(_ARCHIVE):  # a store of several files
            unpack(data, job.data)
        else:
            job.data.write_bytes(data)
    _refuse_other_data(job.data, terms.content_hash)
    if is_shared:
        _wait_until_free(job.directory)
        return Outcome(job.do())
    job = dataclasses.replace(job, directory=folder / "run", failure=folder / "failed")
    if run is not None:
        unpack(run, job.directory)
    value = job.do()
    archive = pack(job.directory) if job.directory.is_dir() else None
    return Outcome(value, archive=archive, failure=job.failure.read_text("utf-8") if job.failure.is_file() else None)


def _begin(terms: Terms) -> None:
    if not terms.has_gpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    with contextlib.suppress(OSError):  # not every node has it
        os.chdir(terms.folder)
    torch.set_num_threads(terms.threads)
    for plugin in terms.plugins:
        run_plugin(plugin)


def _refuse_other_versions(expected: Origin, found: Origin) -> None:
    """Arms that were trained by different code would differ in more than their tasks."""
    for package, here, there in (
        ("auxseg", found.versions.auxseg, expected.versions.auxseg),
        ("torch", found.versions.torch, expected.versions.torch),
    ):
        if here != there:
            raise RunError(f"has {package} {here}, but the study was started with {there}; install the same version")
    if found.weights != expected.weights:
        raise RunError("the file of model.weights differs from that of the study; give every node the same")


def _refuse_other_data(path: Path, expected: str) -> None:
    found = Store.open(path).content_hash
    if found != expected:
        raise RunError(
            f"{path} holds other data: content hash {found[:12]}, while the study's has {expected[:12]}; give every "
            "node the same file"
        )


def _wait_until_free(directory: Path) -> None:
    """A worker on a node that was cut off may train for some seconds after its run was given to another."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while directory.is_dir():
        try:
            with training_in(directory):
                return
        except InputError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
