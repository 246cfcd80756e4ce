"""The page of a study: the question, the answer, and what it rests on."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import yaml
from markupsafe import Markup

from auxseg.errors import RunError
from auxseg.files import write_atomically
from auxseg.report import study_charts, wording
from auxseg.report.environment import template_environment
from auxseg.report.figures import Chart, for_page
from auxseg.report.study_record import POINTS, StudyRecord, read_study_record

_LOOKS: Final = {1: "one look at the verdicts", 2: "two looks at the verdicts"}


def study_page(directory: Path, out: Path | None = None) -> Path:
    """Write one self-contained HTML page about a finished study, ``report.html`` in its directory, and return its path.

    Only study.json is read. Raises `InputError` if there is none, `RunError` if the page cannot be written.
    """
    record = read_study_record(directory)
    study = record.values
    environment = template_environment()
    environment.filters |= {
        "count": wording.count,
        "effect": wording.effect,
        "figure": wording.figure,
        "p": _p_value,
        "percent": _percent,
        "points": _points,
        "seconds": wording.seconds,
        "share": wording.share,
        "signed": wording.signed,
        "spread": _spread,
        "svg": lambda chart, prefix: Markup(for_page(chart.svg, prefix)),
    }
    page = environment.get_template("study_page.html.j2").render(
        study=study,
        name=directory.resolve().name,
        forests=[_forest(record, answer) for answer in study["answers"]],
        by_share=_by_share(record),
        affinities=[chart for answer in study["answers"] if (chart := _affinity(record, answer))],
        conflicts=[_conflicts(record, answer) for answer in study["answers"]],
        explained=any(arm.get("why") for answer in study["answers"] for arm in answer["arms"]),
        chance=study["rules"]["alpha"],
        looks=_LOOKS[study["rules"]["looks"]],
        recipe=yaml.safe_dump(study["config"], sort_keys=False, width=100),
    )
    place = out or directory / "report.html"
    try:
        write_atomically(place, page.encode())
    except OSError as error:
        raise RunError(f"cannot write the report {place}: {error.strerror}") from error
    return place


def _unit(record: StudyRecord) -> str:
    return f"difference in points of {record.values['figure']}"


def _margin(record: StudyRecord) -> float:
    return POINTS * record.values["rules"]["margin"]


def _forest(record: StudyRecord, answer: dict[str, Any]) -> Chart:
    share = answer["label_fraction"]
    title = f"with {_percent(share)} of the masks" if share < 1 else "with all masks"
    caption = (
        "Difference from the target alone, with the adjusted interval; small points are single seeds, and the margin "
        "is shaded around zero."
    )
    name = f"forest-{share:g}"
    return study_charts.forest(name, title, caption, _unit(record), _margin(record), list(record.bars(answer)))


def _by_share(record: StudyRecord) -> Chart | None:
    answers = record.values["answers"]
    if len(answers) < 2:
        return None
    bars: dict[str, dict[float, study_charts.Bar]] = {}
    for answer in answers:
        for bar in record.bars(answer):
            bars.setdefault(bar.name, {})[answer["label_fraction"]] = bar
    caption = "Difference from the target alone, by the share of the training masks, with adjusted intervals."
    return study_charts.by_share("share", "help against masks", caption, _unit(record), _margin(record), bars)


def _affinity(record: StudyRecord, answer: dict[str, Any]) -> Chart | None:
    points = list(record.points(answer))
    if not points:
        return None
    share = answer["label_fraction"]
    title = f"affinity, with {_percent(share)} of the masks" if share < 1 else "affinity against difference"
    caption = (
        f"By how many percent a small step for an auxiliary of the arm lowers the loss of {record.values['target']} on "
        "training images (mean over looks, seeds and auxiliaries), against the measured difference. Colours are those "
        "of the verdicts."
    )
    return study_charts.affinity(f"affinity-{share:g}", title, caption, _unit(record), points)


def _conflicts(record: StudyRecord, answer: dict[str, Any]) -> list[Chart]:
    charts = []
    for course in record.courses(answer):
        fewest, most = min(course.num_looks), max(course.num_looks)
        looks = wording.count(most, "look") if fewest == most else f"{fewest} to {most} looks"
        caption = (
            f"In what percent of the looks {course.auxiliary} pulls against {record.values['target']}, by stage and "
            f"step; each number is of {looks}, all seeds together. Above 50 conflicts prevail; numbers of few looks "
            "scatter widely."
        )
        name = f"conflict-{answer['label_fraction']:g}-{course.name}"
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


def _p_value(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"


def _percent(value: float) -> str:
    return f"{100 * value:g}%"
