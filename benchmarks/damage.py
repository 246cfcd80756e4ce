"""Damaged files of thirteen families, each read by a command: tracebacks, hangs, memory, processes and code.

`files` are spread evenly over the families, or over those of `families`; `seed` draws the damage. Every command runs in
a forked process, which is ended when it computes for over 10 s, is kept from starting processes and from executing
what a file holds, and may hold 2 GiB beside what the imports do. `keep` is a folder in which the file of every fault
is kept with its command and what that said. `workers` commands run at the same time.
"""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from auxseg.config import config
from auxseg.errors import InputError, RunError
from benchmarks.tools.damage.cases import Case, Cases
from benchmarks.tools.damage.families import FAMILIES, Family
from benchmarks.tools.damage.outcome import Outcome, place
from benchmarks.tools.damage.whole import make
from benchmarks.tools.damage.zygote import Zygote, zygote


@config
class Options:
    """Settings."""

    families: tuple[str, ...] = ()
    files: Annotated[int, Field(ge=1)] = 10_000
    first: Annotated[int, Field(ge=0)] = 0
    seed: Annotated[int, Field(ge=0)] = 0
    workers: Annotated[int, Field(ge=1)] = 1
    keep: Path | None = None


def main(options: Options) -> dict[str, Any]:
    """Damage and read them all, and count what became of it."""
    families = _chosen(options.families)
    cases = run_cases(families, options)
    rows = [
        {"family": family.name, **_counts([case for case in cases if case.family == family.name])}
        for family in families
    ]
    return {
        "rows": [*rows, {"family": "all", **_counts(cases)}],
        "faults": [_described(case) for case in cases if case.outcome.is_fault],
        "seed": options.seed,
        "processor seconds of all": sum(case.ending.processor_seconds for case in cases),
        "processor seconds of the slowest": max(case.ending.processor_seconds for case in cases),
        "MiB of the largest": max(case.ending.peak_bytes for case in cases) / 2**20,
    }


def _chosen(names: Sequence[str]) -> list[Family]:
    known = {family.name: family for family in FAMILIES}
    for name in names:
        if name not in known:
            raise InputError(f"bench damage: there is no family {name!r}; there are {', '.join(known)}")
    return [known[name] for name in names or known]


def run_cases(families: Sequence[Family], options: Options) -> list[Case]:
    """All cases of these families."""
    shares = [len(range(index, options.files, len(families))) for index in range(len(families))]
    with tempfile.TemporaryDirectory(prefix="auxseg-damage-") as folder, ExitStack() as stack:
        whole = Path(folder) / "whole"
        whole.mkdir()
        zygotes = [stack.enter_context(zygote()) for _ in range(options.workers)]
        ending = zygotes[0].run(whole, make, *{part for family in families for part in family.parts}, seconds=300)
        if ending.status:
            raise RunError(f"the whole files cannot be made: {ending.stderr.strip()[-2000:]}")

        def some(worker: int) -> list[Case]:
            return list(_some(families, shares, options, worker, whole, zygotes[worker]))

        with ThreadPoolExecutor(options.workers) as pool:
            found = [case for cases in pool.map(some, range(options.workers)) for case in cases]
    return sorted(found, key=lambda case: ([family.name for family in families].index(case.family), case.number))


def _some(
    families: Sequence[Family], shares: Sequence[int], options: Options, worker: int, whole: Path, mother: Zygote
) -> Iterator[Case]:
    """The cases of one worker, the families in turns, so that a run that is stopped has seen all of them."""
    folder = whole.parent / f"case-{worker}"
    makers = [Cases(family, whole, folder, options.seed) for family in families]
    for number in range(options.first + worker, options.first + max(shares), options.workers):
        for cases, share in zip(makers, shares, strict=True):
            if number < options.first + share:
                case = cases.run(mother, number)
                if options.keep is not None and case.outcome.is_fault:
                    _keep(case, folder, options.keep)
                yield case


def _keep(case: Case, folder: Path, keep: Path) -> None:
    target = keep / case.family / f"{case.outcome.value}-{case.number:05d}"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy2(folder / case.file, target / case.file.name)
    (target / "stderr").write_text("\n".join((*case.ending.guarded, case.ending.stderr)), errors="replace")
    (target / "command").write_text(f"auxseg {shlex.join(case.line)}\n# {case.file}: {case.change}\n")


def _described(case: Case) -> dict[str, Any]:
    return {
        "family": case.family,
        "number": case.number,
        "outcome": case.outcome.value,
        "file": str(case.file),
        "change": case.change,
        "command": f"auxseg {shlex.join(case.line)}",
        "where": place(case.ending.stderr),
    }


def _counts(cases: Sequence[Case]) -> dict[str, int]:
    counted = Counter(case.outcome for case in cases)
    return {"files": len(cases), **{outcome.value: counted[outcome] for outcome in Outcome}}
