"""Tables of facts about a run: its data, its time and memory, its parameters, and where it comes from."""

from __future__ import annotations

import statistics

from auxseg.counting import count
from auxseg.data.channels import DISPLAY_RULE
from auxseg.records.events import Start
from auxseg.records.metrics import DataFacts
from auxseg.records.values.size import Size
from auxseg.report import wording
from auxseg.report.runs.record import Record

Facts = list[tuple[str, str]]
"""Labels and what is said of them."""

BORDERS = {
    "foreground": "border pixels count as foreground",
    "ignore": "border pixels are not counted",
    "class": "border pixels are a class of their own",
    "none": "the masks have no border",
}
"""How the border of masks counts, as a clause."""
_RESIZES = {"squash": "squashed to {}", "letterbox": "padded to {}, padding not counted"}


def data(record: Record) -> Facts:
    """What must be known of the data beside every figure: file, splits, stored size, borders."""
    if record.data is None:
        return []
    metrics = record.metrics
    found = data_facts(record.data, is_mirrored=metrics is not None and metrics.mirrored)
    if metrics is not None and metrics.at == "original":
        found.append(("Measured at", f"each image's original size ({metrics.target}); all else at the stored size"))
    if metrics is not None and metrics.tta != "none":
        found.append(("Outputs", "averaged over each image and its mirror image"))
    if metrics is not None and (tiles := metrics.tiles) is not None:
        found.append(("Asked", f"by tiles of {tiles.size} by {tiles.size} pixels that overlap by {tiles.overlap:.0%}"))
    return found


def data_facts(about: DataFacts, *, is_mirrored: bool = False) -> Facts:
    """The same of any data; ``is_mirrored`` if they were measured on mirror images too."""
    splits = [f"{wording.split(name)} {number:,}" for name, number in about.splits.items()]
    size, resize, border = about.size, about.resize, about.border
    channels = [("Channels", f"{about.channels}; {DISPLAY_RULE}")] if about.channels else []
    shape = "a square" if size.is_square else "this shape"
    fitted = f"{_by(size)}, {_RESIZES.get(resize, resize).format(shape)}"
    return [
        ("Data", about.name),
        ("Images", " · ".join(splits)),
        *([("Measured on", "each image and its mirror image")] if is_mirrored else []),
        ("Stored size", fitted if about.smallest is None else about.sizes()),
        *channels,
        ("Borders", f"{border}: {BORDERS[border]}" if border in BORDERS else f"{border}"),
    ]


def _by(size: Size) -> str:
    return f"{size.height} by {size.width} pixels{'' if size.is_square else ' (height by width)'}"


def seconds_per_step(record: Record) -> float | None:
    """Median over all steps, waiting for data included."""
    return statistics.median(step.seconds for step in record.steps) if record.steps else None


def training_seconds(record: Record) -> float:
    """Time of all steps and validations; neither interruptions nor the start of the program count."""
    return sum((event.seconds for event in (*record.steps, *record.validations)), start=0.0)


def num_parameters(record: Record) -> int:
    """Parameters of the whole network."""
    return sum(record.start.parameters.values()) if record.start else 0


def time_and_memory(record: Record) -> Facts:
    """What the training and the evaluation have cost so far."""
    facts: Facts = []
    per_step = seconds_per_step(record)
    if per_step is not None:
        stepping = sum(step.seconds for step in record.steps)
        waiting = sum(step.data_seconds for step in record.steps) / stepping if stepping else 0.0
        validating = wording.seconds(training_seconds(record) - stepping)
        epoch = f", {count(record.steps_per_epoch, 'step')} an epoch" if record.start else ""
        facts += [
            ("Steps", f"{record.steps[-1].step:,}{epoch}"),
            ("Time per step", f"{wording.seconds(per_step)} (median)"),
            ("Waiting for data", f"{100 * waiting:.1f} % of that, over all steps"),
            ("Training in all", f"{wording.seconds(training_seconds(record))}, {validating} of it validation"),
        ]
    if record.end and record.end.peak_memory_bytes:
        facts.append(("Peak memory", wording.memory(record.end.peak_memory_bytes)))
    if record.metrics:
        facts.append(("Evaluation", wording.seconds(record.metrics.seconds)))
    return facts


def calibration(record: Record) -> list[tuple[str, str, bool]]:
    """Each arithmetic that was tried before the first step: its name, the time of a step, and whether it was taken."""
    start = record.start
    if start is None or not start.calibration:
        return []
    return [(name, wording.seconds(seconds), name == arithmetic(start)) for name, seconds in start.calibration.items()]


def parameters(record: Record) -> list[tuple[str, int, float]]:
    """Parameters of each part of the network, and their share in percent; the part says what of it is frozen."""
    whole = max(num_parameters(record), 1)
    parts = record.start.parameters if record.start else {}
    frozen = (record.start.frozen if record.start else None) or {}
    return [
        (part + _frozen(number, frozen.get(part, 0)), number, 100 * number / whole) for part, number in parts.items()
    ]


def num_trained(record: Record) -> int:
    """Parameters that some phase of the training moves."""
    frozen = (record.start.frozen if record.start else None) or {}
    return num_parameters(record) - sum(frozen.values())


def _frozen(number: int, frozen: int) -> str:
    if not frozen:
        return ""
    return ", frozen" if frozen == number else f", {frozen:,} of them frozen"


def without_head(record: Record) -> str:
    """A sentence on the tasks that have no head of their own; empty if there are none, or if parts are not known."""
    parts = record.start.parameters if record.start else {}
    heads = {part.removeprefix("head ") for part in parts if part.startswith("head ")}
    reading = [task for task in record.tasks if task not in heads] if record.target in heads else []
    if not reading:
        return ""
    verb = "has no head" if len(reading) == 1 else "have no heads"
    return (
        f"{' and '.join(reading)} {verb} of {'its' if len(reading) == 1 else 'their'} own: another task's head learns."
    )


def provenance(record: Record) -> Facts:
    """Where the run comes from and what was done with it."""
    readings = [f"{wording.split(event.split)} at step {event.step:,}" for event in record.evaluations]
    seed = record.recipe.settings.get("seed")
    facts = [
        *(_beginning(record.start) if record.start else []),
        ("Branches merged", _mergers(record)),
        ("Resumed at step", ", ".join(f"{step:,}" for step in record.resumed_at)),
        ("Ended", record.end.time if record.end else ""),
        ("Evaluations", f"{len(readings)} ({', '.join(readings)})" if readings else ""),
        ("Content of the data", record.data.content_hash if record.data else ""),
        ("Seed", "" if seed is None else str(seed)),
    ]
    return [(label, value) for label, value in facts if value]


def _mergers(record: Record) -> str:
    """How often branches were merged, and with which weights on average, by auxiliary or, without one, by target."""
    found = [event.merged for event in record.validations if event.merged]
    if not found:
        return ""
    names = found[0]
    means = [f"{name} {statistics.mean(each.get(name, 0.0) for each in found):.2f}" for name in names]
    return f"{count(len(found), 'time')}, with mean weights {', '.join(means)}"


def arithmetic(start: Start) -> str:
    """Precision and memory format, named as the calibration names them."""
    return f"{start.precision} {'channels_last' if start.channels_last else 'NCHW'}"


def _beginning(start: Start) -> Facts:
    each = f", {start.processes} processes" if start.processes > 1 else ""
    return [
        ("Command", start.command),
        ("Began", start.time),
        ("Machine", f"{start.processor} ({start.device}, {count(start.threads, 'thread')}{each})"),
        ("Arithmetic", arithmetic(start)),
        ("Versions", " · ".join(f"{name} {version}" for name, version in start.versions.items())),
    ]
