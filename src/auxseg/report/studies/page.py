"""The page of a study: the question, the answer, and what it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from auxseg.counting import count, in_points
from auxseg.records.arm_result import ArmResult
from auxseg.records.names import ABOUT_FILE, STUDY_FILE
from auxseg.records.study import Answer, StudyResult, read_study
from auxseg.report import wording
from auxseg.report.charts import study as study_charts
from auxseg.report.charts.drawing import Chart
from auxseg.report.environment import save_page, template_environment
from auxseg.report.studies.chart_data import POINTS, bars, courses, points
from auxseg.report.studies.costs import said_cost, sentence_on_costs
from auxseg.report.studies.gains import Gain, gain
from auxseg.report.studies.headline import control_sentences, headline, in_order, standing
from auxseg.report.studies.recommendation import recommend
from auxseg.report.studies.strip import strip
from auxseg.report.studies.unfinished_page import unfinished_page
from auxseg.statistics.simultaneous import CALIBRATION, Statement
from auxseg.strict_yaml import write_yaml

_IOU: Final = "the area where mask and truth agree, divided by the area that either covers"
_OF_EACH: Final = ", of each image, then averaged"
_MEANINGS: Final = {
    "iou_dataset": _IOU,
    "miou_dataset": _IOU,
    "iou_image": f"{_IOU}{_OF_EACH}",
    "miou_image": f"{_IOU}{_OF_EACH}",
    "dice_image": f"twice the area where mask and truth agree, divided by the sum of their areas{_OF_EACH}",
}
_STATEMENTS: Final = {
    Statement.HELPS: "The interval lies above zero: it gains.",
    Statement.HURTS: "The interval lies below zero: it loses.",
    Statement.NO_MEANINGFUL_DIFFERENCE: "The interval lies within plus or minus the margin: neither would matter.",
    Statement.NOT_WORTH_IT: "The interval ends below the margin: it cannot gain as much as would matter.",
    Statement.DOES_NO_HARM: "The interval begins above minus the margin: it cannot lose as much as would matter.",
    Statement.OPEN: "None of these: more seeds or test images are needed.",
}
_LOOKS: Final = {1: "one look at the verdicts", 2: "two looks at the verdicts"}


@final
@dataclass(frozen=True)
class Shown:
    """What is shown of the answer at one share of the masks."""

    answer: Answer
    headline: str
    standing: list[tuple[str, str]]
    masked: str
    controls: list[str]
    costs: str
    rows: list[tuple[ArmResult, Gain]]
    forest: Chart
    narrow: Chart


def study_page(directory: Path, out: Path | None = None) -> Path:
    """Write one self-contained HTML page about a study, ``report.html`` in its directory, and return its path.

    Of a finished study study.json is read, and its runs for pictures and for the recommended command; without them the
    page lacks these. Of another study it says what there is so far. Raises `InputError` if there is no study,
    `RunError` if the page cannot be written.
    """
    if not (directory / STUDY_FILE).exists() and (directory / ABOUT_FILE).is_file():
        return unfinished_page(directory, out)
    study = read_study(directory)
    higher = study.rules.higher_is_better
    # Most masks first: this is the answer that the page begins with.
    answers = sorted(study.answers, key=lambda answer: -answer.label_fraction)
    shown = [_shown(study, in_order(answer, higher_is_better=higher), higher) for answer in answers]
    environment = template_environment()
    environment.filters |= {
        "cost": said_cost,
        "exact": _points,
        "labelled": wording.labelled,
        "p": _p_value,
        "percent": _percent,
        "points": wording.points,
        "seconds": wording.seconds,
        "spread": _spread,
    }
    page = environment.get_template("studies/page.html.j2").render(
        study=study,
        name=directory.resolve().name,
        shown=shown,
        meaning=_MEANINGS.get(study.figure, ""),
        figure=wording.label(study.figure),
        advice=recommend(study, shown[0].answer, directory, higher_is_better=higher),
        strip=strip(directory, shown[0].answer, higher_is_better=higher),
        by_share=_by_share(study),
        affinities=[chart for answer in study.answers if (chart := _affinity(study, answer))],
        conflicts=[_conflicts(study, answer) for answer in study.answers],
        explained=any(arm.why for answer in study.answers for arm in answer.arms),
        chance=study.rules.alpha,
        tuning_seeds=_num_tuning_seeds(study),
        looks=_LOOKS.get(study.rules.looks, ""),
        together=study.rules.method is not None,
        masks_known=any(answer.baseline.masked_per_step is not None for answer in study.answers),
        margin=in_points(study.rules.margin),
        statements=_STATEMENTS,
        calibration=CALIBRATION,
        recipe=write_yaml(study.config, width=100),
    )
    return save_page(out or directory / "report.html", page)


def _masked(answer: Answer) -> str:
    """How many samples with a mask a training step sees, if that differs between arms; else nothing."""
    named = [("the target alone", answer.baseline.masked_per_step)]
    named += [(arm.name, arm.masked_per_step) for arm in answer.arms]
    by_number: dict[float, list[str]] = {}
    for name, number in named:
        if number is not None:
            by_number.setdefault(round(number, 1), []).append(name)
    if len(by_number) < 2:
        return ""
    parts = [f"{number:g} in {wording.listed(names)}" for number, names in sorted(by_number.items(), reverse=True)]
    return f"Samples with a mask in a training step, on average: {', '.join(parts)}."


def _num_tuning_seeds(study: StudyResult) -> str:
    number = study.config.get("tuning_seeds")
    return count(number, "seed") if isinstance(number, int) else "seeds"


def _shown(study: StudyResult, answer: Answer, higher: bool) -> Shown:
    return Shown(
        answer=answer,
        headline=headline(answer, study.target, higher_is_better=higher),
        standing=standing(answer, higher_is_better=higher),
        masked=_masked(answer),
        controls=control_sentences(answer, higher_is_better=higher),
        costs=sentence_on_costs(answer),
        rows=[(arm, gain(arm, higher_is_better=higher)) for arm in answer.arms],
        forest=_forest(study, answer),
        narrow=_forest(study, answer, narrow=True),
    )


def _unit(study: StudyResult) -> str:
    return f"difference in points of {wording.label(study.figure)}"


def _margin(study: StudyResult) -> float:
    return POINTS * study.rules.margin


def _forest(study: StudyResult, answer: Answer, *, narrow: bool = False) -> Chart:
    share = answer.label_fraction
    title = f"with {_percent(share)} of the masks" if share < 1 else "with all masks" if len(study.answers) > 1 else ""
    margin = in_points(study.rules.margin)
    interval = "interval" if study.rules.method else "adjusted interval"
    caption = (
        f"Difference from the target alone: a diamond with its {interval}, and a dot per seed. The shaded strip "
        f"around zero is the margin: differences below {margin} do not matter; it was set before training."
    )
    bars_ = list(bars(answer))
    name = f"forest-{share:g}{'-narrow' if narrow else ''}"
    return study_charts.forest(name, title, caption, _unit(study), _margin(study), bars_, narrow=narrow)


def _by_share(study: StudyResult) -> Chart | None:
    if len(study.answers) < 2:
        return None
    by_name: dict[str, dict[float, study_charts.Bar]] = {}
    for answer in study.answers:
        for bar in bars(answer):
            by_name.setdefault(bar.name, {})[answer.label_fraction] = bar
    caption = "Difference from the target alone, by the share of the training masks, with adjusted intervals."
    return study_charts.by_share("share", "help against masks", caption, _unit(study), _margin(study), by_name)


def _affinity(study: StudyResult, answer: Answer) -> Chart | None:
    shown = list(points(answer))
    if not shown:
        return None
    share = answer.label_fraction
    title = f"affinity, with {_percent(share)} of the masks" if share < 1 else "affinity against difference"
    caption = (
        f"By how many percent a small step for an auxiliary of the arm lowers the loss of {study.target} on "
        "training images (mean over looks, seeds and auxiliaries), against the measured difference. Colours are those "
        "of the verdicts."
    )
    return study_charts.affinity(f"affinity-{share:g}", title, caption, _unit(study), shown)


def _conflicts(study: StudyResult, answer: Answer) -> list[Chart]:
    charts = []
    for course in courses(answer):
        fewest, most = min(course.num_looks), max(course.num_looks)
        looks = count(most, "look") if fewest == most else f"{fewest} to {most} looks"
        caption = (
            f"In what percent of the looks {course.auxiliary} pulls against {study.target}, by stage and "
            f"step; each number is of {looks}, all seeds together. Above 50 most looks are in conflict; numbers from "
            "few looks vary widely."
        )
        name = f"conflict-{answer.label_fraction:g}-{course.name}"
        charts.append(study_charts.conflict(name, f"{course.name}: percent in conflict", caption, course))
    return charts


def _points(value: float | None) -> str:
    """A difference in points, signed, with a true minus sign."""
    if value is None:
        return wording.NOTHING
    return ("−" if round(POINTS * value, 2) < 0 else "+") + f"{abs(POINTS * value):.2f}"  # noqa: RUF001


def _spread(variance: float | None) -> str:
    """The standard deviation in points."""
    return wording.NOTHING if variance is None else f"{POINTS * math.sqrt(variance):.2f}"


def _p_value(value: float | None) -> str:
    if value is None:
        return wording.NOTHING
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"


def _percent(value: float) -> str:
    return f"{100 * value:g}%"
