"""How the templates in this room are read, escaped and strict about names, and how pages are written."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from auxseg.errors import RunError
from auxseg.files import write_atomically
from auxseg.report import wording


def template_environment() -> Environment:
    """A new environment, to which a page may add filters of its own."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_plain,
    )


def save_page(place: Path, page: str) -> Path:
    """Write a page, whole or not at all, and say where. Raises `RunError` if that is impossible."""
    try:
        write_atomically(place, page.encode())
    except OSError as error:
        raise RunError(f"cannot write the report {place}: {error.strerror}") from error
    return place


def _plain(value: object) -> object:
    """Names may hold anything; of markup we are the authors ourselves."""
    return wording.plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
