"""What `auxseg data` prints: a bar while it works, then what was left out, counted and found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from auxseg.cli.output.tables import Column, print_table
from auxseg.cli.output.terminal import plain
from auxseg.counting import count

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console
    from rich.progress import TaskID

    from auxseg.data.preparing.inspect import Inspection
    from auxseg.data.preparing.prepare import Report

_MOST_LISTED: Final = 20
"""Lines of one kind that are printed; ``--json`` has all."""


@contextmanager
def counting(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that counts samples."""
    with counting_stages(console, what) as (progress,):
        yield progress


@contextmanager
def counting_stages(console: Console, *stages: str) -> Iterator[tuple[Callable[[int, int], None], ...]]:
    """A bar for each of several stages, which appears when the stage begins."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks = [bars.add_task(stage, total=None, visible=stage == stages[0]) for stage in stages]

        def progress(task: TaskID, done: int, total: int) -> None:
            bars.update(task, completed=done, total=total, visible=True)

        yield tuple(partial(progress, task) for task in tasks)


def print_report(console: Console, report: Report) -> None:
    """Print what was left out, repaired or looks wrong, and at the end how many samples were written."""
    _list(console, "left out: ", [f"{id}: {reason}" for id, reason in report.skipped])
    _list(console, "label left out: ", [f"{id}: {reason}" for id, reason in report.dropped])
    for note, number in report.notes.items():
        _say(console, f"repaired: {number} of {count(report.num_written, 'sample')}: {note}")
    for remark in report.remarks:
        _say(console, f"note: {remark}")
    for finding in report.findings:
        _say(console, f"warning: {finding.text} [{finding.kind}]")
    left_out = f", {len(report.skipped):,} left out" if report.skipped else ""
    labels = f", {count(len(report.dropped), 'label')} left out" if report.dropped else ""
    _say(console, f"{report.path}: {count(report.num_written, 'sample')}{left_out}{labels}")


def print_inspection(console: Console, inspection: Inspection) -> None:
    """Print what a store holds, and its problems."""
    from auxseg.data.channels import RGB
    from auxseg.data.preparing.findings import NUM_NAMED, grouped

    sizes = ", ".join(f"{name} {width} x {height}" for name, (height, width) in inspection.original_sizes.items())
    place = f"{inspection.path}: {inspection.source}"
    stored = f"each its own size: {inspection.own_sizes}" if inspection.own_sizes else f"{inspection.size} px"
    _say(console, f"{place}, {stored}, {inspection.resize}, border {inspection.border}")
    _say(console, f"image sizes in pixels: {sizes}")
    if inspection.channels != RGB:
        _say(console, f"the images have {inspection.channels.in_words()}")
    if inspection.original_masks:
        _say(console, "masks are also kept at these sizes, for evaluate --at original")
    for name, layer in next(iter(inspection.splits.values())).layers.items():
        _say(console, f"layer {name}: {layer.about}")
    _print_counts(console, inspection)
    skipped = [f"{id}: {reason}" for id, reason in inspection.skipped]
    if skipped:
        _say(console, f"left out when prepared: {count(len(skipped), 'sample')}")
        _list(console, "left out when prepared: ", skipped, NUM_NAMED)
    for note, number in inspection.notes.items():
        _say(console, f"repaired when prepared: {count(number, 'sample')}: {note}")
    for remark in inspection.remarks:
        _say(console, f"note when prepared: {remark}")
    for kind, findings in grouped(inspection.findings).items():
        if len(findings) > 1:
            _say(console, f"warning: {len(findings):,} findings of one kind [{kind}]")
        _list(console, "warning: ", [f"{finding.text} [{kind}]" for finding in findings], NUM_NAMED)
    if not inspection.findings:
        console.print("no problems found")


def _print_counts(console: Console, inspection: Inspection) -> None:
    """A table with a row for every count and a column for every split."""
    from auxseg.data.preparing.inspect import layer_rows, share_words

    splits = [*inspection.splits.values()]
    first = splits[0]
    rows = [
        ("samples", [str(split.num_samples) for split in splits]),
        *(
            (f"pixels: {name}", [share_words(split.mask_shares[name]) for split in splits])
            for name in first.mask_shares
        ),
        ("pixels: ignored", [share_words(split.ignored_share) for split in splits]),
        *(
            (f"{kind}: {name}", [str(split.classes[kind][name]) for split in splits])
            for kind, names in first.classes.items()
            for name in names
        ),
        *((f"{name}: {what}", values) for name, what, values in layer_rows(splits)),
        *((f"boxes: {name}", [str(split.boxes[name]) for split in splits]) for name in first.boxes),
        *((f"without {name}", [str(split.missing[name]) for split in splits]) for name in first.missing),
    ]
    names = Column("", [name for name, _ in rows], rank=0, is_text=True)
    counts = [
        Column(split, [values[place] for _, values in rows], rank=0) for place, split in enumerate(inspection.splits)
    ]
    print_table(console, [names, *counts])


def _list(console: Console, prefix: str, texts: Sequence[str], most: int = _MOST_LISTED) -> None:
    """The first lines, and how many more there are."""
    for text in texts[:most]:
        _say(console, f"{prefix}{text}")
    if len(texts) > most:
        _say(console, f"{prefix}{len(texts) - most:,} more; --json lists all {len(texts):,}")


def _say(console: Console, text: str) -> None:
    """Print names from outside as they are: one line, no markup in them, and no line breaks of ours."""
    console.print(plain(text), markup=False, soft_wrap=True)
