"""What is known before a study is trained: how many images can be tested on, and how figures vary."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np

from auxseg.data.loading.folds import dealt_rows
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.recipe import build_tasks
from auxseg.records.names import STUDY_FILE
from auxseg.records.study import StudyResult, read_study
from auxseg.run.labels import needs
from auxseg.statistics.simultaneous import FEWEST_SEEDS, USUAL, Spread
from auxseg.study.design.digests import arm_digest
from auxseg.study.design.plan import Plan
from auxseg.study.study import Study
from auxseg.tasks import Task

TABLE: Final = "what small networks showed on photographs of 64 px, because there is no study of these data yet"


@final
@dataclass(frozen=True)
class Known:
    """How figures vary, and from where that is known.

    ``mirrored`` says whether images were measured mirrored too, and ``num_folds`` of how many trainings a seed's figure
    was.
    """

    spread: Spread
    source: str
    mirrored: bool = False
    num_folds: int = 1

    def at(self, num_folds: int) -> Spread:
        """How figures vary over so many folds, whose trainings are taken to vary by themselves."""
        return dataclasses.replace(self.spread, run=self.spread.run * math.sqrt(self.num_folds / num_folds))


@final
@dataclass(frozen=True)
class Images:
    """How many images have what the target is measured by: in the test split, and among those that folds deal."""

    test: int
    dealt: int

    def tested(self, folds: int | None) -> int:
        """On how many a study tests."""
        return self.test if folds is None else self.dealt


def at_hand(study: Study, plan: Plan) -> tuple[Images, Known]:
    """How many images can be tested on, and how figures vary."""
    store = Store.open(study.data)
    recipe = plan.runs[0].recipe
    target = build_tasks(recipe, store.vocabulary)[recipe.target]
    figure = plan.figure or target.main_figure
    alike = Alike(store.content_hash, target.name, figure, study.config.base, arm_digest(plan, plan.arms[0]))
    known = known_spread(study.directory.path, alike, max(plan.label_fractions))
    dealt = dealt_rows(store, recipe.data.train_on)
    return Images(*(num_measured(target, store, rows) for rows in (store.rows("test"), dealt))), known


def num_measured(target: Task, store: Store, rows: np.ndarray) -> int:
    """How many images of some rows have what the target is measured by."""
    return len(needs(target, store.vocabulary).rows(store, rows, rows[store.has_mask[rows]]))


@final
@dataclass(frozen=True)
class Alike:
    """What another study has to share for its figures to say how those of this one vary.

    The data, the target and its figure, and the preset or recipe that it begins with; ``recipe`` is the digest of that
    of the target alone, which may differ.
    """

    content_hash: str
    target: str
    figure: str
    base: str
    recipe: str

    def fits(self, study: StudyResult) -> bool:
        """Whether a study asked about the same, with enough seeds to know how runs vary."""
        same = (study.data.content_hash, study.target, study.figure) == (self.content_hash, self.target, self.figure)
        return same and study.config.get("base") == self.base and study.seeds >= FEWEST_SEEDS


def known_spread(directory: Path, alike: Alike, label_fraction: float) -> Known:
    """From a study that is alike, in a directory or beside it; without any the usual one.

    The directory's own comes first, then those by the same recipe, then the newest.
    """
    other: Known | None = None
    for folder in (directory, *_newest_first(directory.resolve().parent)):
        study = _read(folder)
        if study is None or not alike.fits(study):
            continue
        nearest = min(study.answers, key=lambda answer: abs(answer.label_fraction - label_fraction))
        if nearest.spread is None or not nearest.spread.run > 0:
            continue
        rules, spread = study.rules, Spread(**vars(nearest.spread))
        found = Known(spread, f"the study {folder.name}", bool(rules.mirrored), rules.folds or 1)
        if alike.recipe in study.recipes.values():
            return found
        if other is None:
            other = dataclasses.replace(found, source=f"{found.source}, which has another recipe")
    return Known(USUAL, TABLE) if other is None else other


def _newest_first(folder: Path) -> list[Path]:
    found = [entry.parent for entry in folder.glob(f"*/{STUDY_FILE}")]
    return sorted(found, key=lambda path: -(path / STUDY_FILE).stat().st_mtime)


def _read(folder: Path) -> StudyResult | None:
    """A study's answer; ``None`` if there is none or it is damaged: a plan does not depend on it."""
    try:
        return read_study(folder) if (folder / STUDY_FILE).is_file() else None
    except InputError:
        return None
