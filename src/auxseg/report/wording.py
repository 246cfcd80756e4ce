"""Numbers in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

NOTHING: Final = "–"  # noqa: RUF001 - an en dash stands for a value that does not exist

EVERYWHERE: Final = "all"
"""The name under which files hold what is said of all shared parameters together."""

LABELS: Final = {
    "iou_dataset": "IoU (all pixels)",
    "iou_image": "IoU (per image)",
    "miou_dataset": "mean IoU (all pixels)",
    "miou_image": "mean IoU (per image)",
    "dice_image": "Dice (per image)",
}
"""What pages call a figure that files call by a shorter name."""

SPACE: Final = "\N{NO-BREAK SPACE}"
_NAMES: Final = re.compile(r"\b(?:m?iou_(?:dataset|image)|dice_image)\b")
_SHARES: Final = re.compile(
    r"(?:weighted_|m)?iou(?:_dataset|_image)?|dice_image|f[\d.]+|(?:pixel_)?accuracy|precision|recall"
)
_STEERING: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_SPLITS: Final = {"train": "training", "val": "validation"}


def figure(value: float | None) -> str:
    """A figure of merit: three decimals, or one where the whole part is long already."""
    if value is None:
        return NOTHING
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def named_figure(name: str, value: float | None) -> str:
    """The same, but whole if the name says that it counts something."""
    return f"{value:,.0f}" if name.startswith("num_") and value is not None else figure(value)


def label(name: str) -> str:
    """What pages call a figure."""
    return LABELS.get(name, name)


def labelled(text: str) -> str:
    """A sentence with the figures in it called as pages call them."""
    return _NAMES.sub(lambda match: label(match[0]), text)


def name(figure: str) -> Markup:
    """What pages call a figure, with its name in files as a tooltip."""
    if figure not in LABELS:
        return Markup("<code>{}</code>").format(plain(figure))
    return Markup('<abbr title="{}">{}</abbr>').format(figure, LABELS[figure])


def is_share(name: str) -> bool:
    """Whether a figure of this name is said in percent."""
    return _SHARES.fullmatch(name) is not None


def percent(value: float | None) -> str:
    """A share in percent, of one decimal."""
    return NOTHING if value is None else f"{100 * value:.1f}{SPACE}%"


def said(name: str, value: float | None) -> str:
    """A figure as people say it: 75.9 % where it is a share, else as `named_figure`."""
    return percent(value) if is_share(name) else named_figure(name, value)


def points(value: float | None) -> str:
    """A signed difference of two shares in points, of one decimal, with a true minus sign."""
    if value is None:
        return NOTHING
    rounded = round(100 * value, 1)
    return ("−" if rounded < 0 else "+") + f"{abs(rounded):.1f}"  # noqa: RUF001


def listed(names: Sequence[str], most: int = 3) -> str:
    """Names as in a sentence: ``a, b and c``, and how many more where they are many."""
    shown = list(names) if len(names) <= most + 1 else [*names[:most], f"{len(names) - most} more"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def change(value: float) -> str:
    """A signed difference of two figures, with a true minus sign."""
    return ("−" if value < 0 else "+") + figure(abs(value))  # noqa: RUF001


def signed(value: float | None) -> str:
    """A signed number of two decimals."""
    return NOTHING if value is None else ("−" if round(value, 2) < 0 else "+") + f"{abs(value):.2f}"  # noqa: RUF001


def effect(value: float | None) -> str:
    """A signed share in percent, of two decimals."""
    return NOTHING if value is None else f"{signed(100 * value)}%"


def share(value: float | None) -> str:
    """A share in whole percent."""
    return NOTHING if value is None else f"{100 * value:.0f}%"


def group(name: str) -> str:
    """The words for a group of shared parameters."""
    return "everything shared" if name == EVERYWHERE else name


def seconds(value: float) -> str:
    """A duration as one reads it: ``12.3 ms``, ``4.56 s``, ``3 min 05 s``, ``2 h 07 min``."""
    if value < 0.09995:
        return f"{value * 1000:.1f} ms"
    if value < 59.95:
        return f"{value:.2f} s" if value < 9.995 else f"{value:.1f} s"
    if value < 3599.5:
        return f"{round(value) // 60} min {round(value) % 60:02d} s"
    minutes = round(value / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def memory(num_bytes: int) -> str:
    """A size in MiB or GiB."""
    mebibytes = num_bytes / 2**20
    return f"{mebibytes:.0f} MiB" if mebibytes < 1024 else f"{mebibytes / 1024:.2f} GiB"


def undefined(figure: str, figures: Mapping[str, float | None]) -> str:
    """Why a figure has no value, as a sentence; ``figures`` are all of its task."""
    labelled = figures.get("num_images")
    if labelled == 0:
        return f"{figure} has no value: no image has a label."
    if labelled is not None and labelled == figures.get("num_empty"):
        return f"{figure} has no value: truth and prediction are background everywhere, and background is not scored."
    return f"{figure} has no value: none of the scored classes occurs in truth or prediction."


def plain(text: str) -> str:
    """A text without what steers a terminal, breaks XML or turns the direction of the words around it."""
    return _STEERING.sub("\N{REPLACEMENT CHARACTER}", text)


def split(name: str) -> str:
    """The word for a split of the data."""
    return _SPLITS.get(name, name)
