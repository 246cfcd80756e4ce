"""How the templates in this room are read: escaped, and strict about names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

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


def _plain(value: Any) -> Any:
    """Names may hold anything; of markup we are the authors ourselves."""
    return wording.plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
