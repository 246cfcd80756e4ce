"""`auxseg presets`."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, final

from tyro.conf import Positional

from auxseg.cli.command import Command, optional
from auxseg.cli.output.terminal import plain_lines, write_out

if TYPE_CHECKING:
    from rich.console import Console

    from auxseg.models import Network
    from auxseg.recipe import Recipe

_START_HERE: Final = ("mobilenet-unet", "mobilenet-unet-mtl")
_SMALL: Final = ("tiny", "tiny-mtl")
_BENCHMARKS: Final = ("cityscapes-mtan", "nyuv2-hard", "nyuv2-mtan")
_GROUPS: Final = {"start here": _START_HERE, "small": _SMALL, "benchmarks": _BENCHMARKS}
_WIDEST: Final = 100


@final
@dataclass(frozen=True)
class Presets(Command):
    """List the complete recipes, or print one with its number of parameters.

    `auxseg presets tiny > mine.yaml` makes a recipe of your own.
    """

    name: Positional[Annotated[str | None, optional("[NAME]")]] = None
    """The preset to print."""

    def run(self, console: Console) -> dict[str, object]:
        """Print to standard output: it is meant to be piped."""
        from auxseg.presets import presets

        if self.name is None:
            headers = {name: _read_header(path) for name, path in presets().items()}
            if not self.json:
                write_out("\n".join(_listing(headers, min(shutil.get_terminal_size().columns, _WIDEST))))
            summaries = {name: header.summary for name, header in headers.items()}
            return {"presets": summaries, "known": {name: asdict(header) for name, header in headers.items()}}
        from auxseg.recipe.files import read_recipe_file

        read_recipe_file(self.name)  # before torch is imported
        from auxseg.recipe import load_recipe, to_values

        recipe = load_recipe(self.name)
        network = _outline(recipe)
        parts, num_trained = network.parts(), sum(each.numel() for each in network.parameters() if each.requires_grad)
        if not self.json:
            text = presets().get(self.name, Path(self.name)).read_text(encoding="utf-8").rstrip()
            write_out(plain_lines(text) if sys.stdout.isatty() else text)
            counts = {**parts, "total": sum(parts.values())}
            counts |= {"trained": num_trained} if num_trained < counts["total"] else {}
            write_out("\n# parameters, for two mask classes, cat or dog, and one box:")
            write_out("\n".join(f"#   {part}: {count:,}" for part, count in counts.items()))
        return {"name": self.name, "recipe": to_values(recipe), "parameters": parts, "trained": num_trained}


@final
@dataclass(frozen=True)
class _Header:
    """What the comment at the top of a preset says of it: numbers where they are known."""

    group: str
    summary: str
    parameters: int | None
    iou: float | None
    seconds: float | None


def _read_header(path: Path) -> _Header:
    text = path.read_text(encoding="utf-8")
    parameters = re.search(r"^# parameters: (\d[\d,]*\d)", text, re.M)
    small = re.search(r"^# small: ([\d.]+) test iou_dataset on .* in (\d+) s,", text, re.M)
    return _Header(
        next((group for group, names in _GROUPS.items() if path.stem in names), "ancestors"),
        text.partition("\n")[0].lstrip("# "),
        int(parameters[1].replace(",", "")) if parameters else None,
        float(small[1]) if small else None,
        float(small[2]) if small else None,
    )


def _listing(headers: Mapping[str, _Header], width: int) -> list[str]:
    titles = {
        "start here": "start here: networks for real images",
        "small": "small: for first tries and for studies on a CPU",
        "benchmarks": "benchmarks: the field's data sets of several labels, from folders of arrays",
        "ancestors": "ancestors: reconstructions of earlier networks, to compare with",
    }
    lines: list[str] = []
    for group, title in titles.items():
        lines += ["", title] if lines else [title]
        for name, header in headers.items():
            if header.group == group:
                lines.append(f"  {name}   {_figures(header)}".rstrip())
                lines += textwrap.wrap(header.summary, width, initial_indent="      ", subsequent_indent="      ")
    about = (
        "M: million parameters. IoU and time come from a short training: a quarter of the width, 64 px, random "
        "weights, 600 steps, 300 photographs, one thread."
    )
    return [*lines, "", *textwrap.wrap(about, width)]


def _figures(header: _Header) -> str:
    known = (
        f"{header.parameters / 1e6:.1f} M" if header.parameters is not None else "",
        f"{100 * header.iou:.1f} % IoU" if header.iou is not None else "",
        f"{header.seconds:.0f} s" if header.seconds is not None else "",
    )
    return ", ".join(filter(None, known))


def _outline(recipe: Recipe) -> Network:
    """Its network, to count parameters without taking memory for them."""
    from auxseg.data.layers import METRES, MapForm
    from auxseg.data.sample import Vocabulary
    from auxseg.models import outline
    from auxseg.recipe import build_tasks, with_changes
    from auxseg.records.values.size import Size

    layers = {
        "depth": MapForm(unit=METRES),
        "normals": MapForm(channels=3, is_vector=True),
        "disparity": MapForm(unit="px"),
    }
    vocabulary = Vocabulary(Size(256, 256), ("background", "pet"), {"species": ("cat", "dog")}, layers=layers)
    outputs = {name: task.output for name, task in build_tasks(recipe, vocabulary).items()}
    return outline(with_changes(recipe, model={"weights": "none"}).model, outputs, recipe.target)
