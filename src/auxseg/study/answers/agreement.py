"""How far the rankings of screenings agree with the full studies that were done of the same questions."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from auxseg.records.agreement import (
    Agreement,
    AnswerOutline,
    Comparison,
    ScreenOutline,
    StudyOutline,
    keep_agreement,
    read_screen_outline,
    read_study_outline,
)
from auxseg.study.design.arm import BASELINE


def agree(directory: Path) -> Agreement | None:
    """Measure the agreement in a study's directory and those beside it, and write it into the study's screen.json.

    ``None`` if there is no screening in the directory.
    """
    if read_screen_outline(directory) is None:
        return None
    found = agreement(sorted(entry for entry in directory.resolve().parent.iterdir() if entry.is_dir()))
    keep_agreement(directory, found)
    return found


def agreement(directories: Iterable[Path]) -> Agreement:
    """Compare the screening and the study in each of these directories, as far as they hold both.

    Both must have been made with the same data and the same recipe of the target alone, and of the candidates those
    count whose recipes are the same. There is a comparison for each directory and share of the masks in which two or
    more candidates were both ranked and fully trained.
    """
    comparisons = tuple(found for directory in directories for found in _compare(directory))
    hits = sum(found.is_top_1 for found in comparisons)
    return Agreement(comparisons=comparisons, top_1=hits, sentence=_sentence(comparisons, hits))


def _compare(directory: Path) -> Iterator[Comparison]:
    screen, study = read_screen_outline(directory), read_study_outline(directory)
    same = _same_arms(screen, study) if screen is not None and study is not None else set()
    if screen is None or study is None or BASELINE not in same:
        return
    from scipy import stats  # late: it takes long to import, and most studies have no screening

    sign = 1 if study.rules.higher_is_better else -1
    full = {answer.label_fraction: _differences(answer, sign) for answer in study.answers}
    for answer in screen.answers:
        differences = full.get(answer.label_fraction, {})
        ranked = [each.name for each in answer.candidates if each.difference is not None]
        names = [name for name in ranked if name in differences and name in same]
        values = [differences[name] for name in names]
        if len(set(values)) < 2:
            continue
        places = [-place for place in range(len(names))]
        spearman: Any = stats.spearmanr(places, values)
        kendall: Any = stats.kendalltau(places, values)
        yield Comparison(
            study=str(directory),
            label_fraction=answer.label_fraction,
            candidates=tuple(names),
            spearman=float(spearman.statistic),
            kendall=float(kendall.statistic),
            is_top_1=values[0] == max(values),
            share_of_time=screen.seconds / study.seconds,
        )


def _same_arms(screen: ScreenOutline, study: StudyOutline) -> set[str]:
    """The names under which both have the same recipe; none if their data differ, or an earlier version wrote them."""
    if screen.data != study.data:
        return set()
    return {name for name, digest in screen.recipes.items() if study.recipes.get(name) == digest}


def _differences(answer: AnswerOutline, sign: int) -> dict[str, float]:
    """Of every auxiliary alone beside the target; positive is better."""
    alone = [arm for arm in answer.arms if len(arm.auxiliaries) == 1 and not arm.is_control]
    return {arm.name: sign * arm.difference for arm in alone if arm.difference is not None}


def _sentence(comparisons: Sequence[Comparison], hits: int) -> str:
    if not comparisons:
        return "no full study of these candidates exists yet to compare this ranking with"
    correlations = [found.spearman for found in comparisons]
    spread = f" ({min(correlations):+.2f} to {max(correlations):+.2f})" if len(correlations) > 1 else ""
    times = [found.share_of_time for found in comparisons]
    return (
        "compared with full studies: rank correlation (Spearman's) "
        f"{statistics.fmean(correlations):+.2f}{spread}, the first was the best in {hits} of {len(comparisons)}, "
        f"for {100 * statistics.fmean(times):.1f}% of their time in training"
    )
