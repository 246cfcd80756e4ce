"""Damaged files, one after the other: case number so and so of a family is the same whenever it is made."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import final

import numpy as np

from benchmarks.tools.damage.families import Family, Kind, Line
from benchmarks.tools.damage.flips import flipped
from benchmarks.tools.damage.guard import MARKUP
from benchmarks.tools.damage.outcome import Ending, Outcome, classify
from benchmarks.tools.damage.trees import Change
from benchmarks.tools.damage.whole import auxseg
from benchmarks.tools.damage.zygote import Zygote


@final
@dataclass(frozen=True)
class Case:
    """A damaged file and the command that reads it, and what became of that."""

    family: str
    number: int
    file: Path
    change: str
    line: Line
    outcome: Outcome
    ending: Ending


@final
@dataclass(frozen=True)
class Cases:
    """Makes and tries the cases of a family out of whole files, in a folder that is made anew for every case."""

    family: Family
    whole: Path
    folder: Path
    seed: int
    _changes: dict[tuple[Path, str], Sequence[Change]] = field(default_factory=dict)

    def run(self, zygote: Zygote, number: int) -> Case:
        """Try one. Changes to what a text says and to bytes take turns."""
        kind, line = self._kind(number)
        turn = number // len(self.family.kinds)
        rng = np.random.default_rng([self.seed, zlib.crc32(self.family.name.encode()), number])
        files = sorted(path.relative_to(self.whole) for path in self.whole.glob(kind.files))
        file = files[int(rng.integers(len(files)))]
        content = (self.whole / file).read_bytes()
        if kind.changes is None or turn % 2:
            change, damaged = flipped(content, rng)
        else:
            changes = self._structural(kind, file, content)
            change, make = changes[self._order(len(changes), file)[turn // 2 % len(changes)]]
            damaged = make()
        self._lay_out(file, damaged)
        ending = zygote.run(self.folder, auxseg, *line)
        ending = replace(ending, guarded=(*ending.guarded, *injected(self.folder)))
        return Case(self.family.name, number, file, change, line, classify(ending), ending)

    def _kind(self, number: int) -> tuple[Kind, Line]:
        kind = self.family.kinds[number % len(self.family.kinds)]
        turn = number // len(self.family.kinds) // 2  # a damage of either sort for every command
        return kind, kind.lines[turn % len(kind.lines)]

    def _structural(self, kind: Kind, file: Path, content: bytes) -> Sequence[Change]:
        assert kind.changes is not None
        if (file, kind.files) not in self._changes:
            self._changes[file, kind.files] = kind.changes(content)
        return self._changes[file, kind.files]

    def _order(self, number: int, file: Path) -> np.ndarray:
        return np.random.default_rng([self.seed, zlib.crc32(str(file).encode())]).permutation(number)

    def _lay_out(self, file: Path, damaged: bytes) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for part in self.family.parts:
            source, target = self.whole / part, self.folder / part
            shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)
        (self.folder / file).write_bytes(damaged)


def injected(folder: Path) -> list[str]:
    """Pages of which a planted text has become a part, as lines for `Ending.guarded`."""
    pages = [path for path in sorted(folder.rglob("*.html")) if MARKUP.encode() in path.read_bytes()]
    return [f"{Outcome.CODE.value}: markup in {page.relative_to(folder)}" for page in pages]
