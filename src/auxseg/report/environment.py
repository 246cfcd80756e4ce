"""How the templates in this room are read, escaped and strict about names, and how pages are written."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from auxseg.counting import count
from auxseg.errors import RunError
from auxseg.files import write_atomically
from auxseg.report import wording
from auxseg.report.charts.drawing import Chart, for_page


def template_environment() -> Environment:
    """A new environment with the words for numbers and names as filters, to which a page may add filters of its own."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_plain,
    )
    environment.filters |= {
        "count": count,
        "effect": wording.effect,
        "figure": wording.figure,
        "name": wording.name,
        "said": wording.said,
        "share": wording.share,
        "signed": wording.signed,
        "svg": _svg,
    }
    return environment


def save_page(place: Path, page: str) -> Path:
    """Write a page, whole or not at all, and say where. Raises `RunError` if that is impossible."""
    try:
        write_atomically(place, page.encode())
    except OSError as error:
        raise RunError(f"cannot write the report {place}: {error.strerror}") from error
    return place


def _svg(chart: Chart, prefix: str) -> Markup:
    # matplotlib escapes every text it writes, so its output is markup already.
    return Markup(for_page(chart.svg, prefix))


def _plain(value: object) -> object:
    """Names may hold anything; of markup we are the authors ourselves."""
    return wording.plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
