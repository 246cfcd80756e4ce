"""How the templates in this room are read, escaped and strict about names, and how pages are written."""

from __future__ import annotations

from pathlib import Path
from types import CodeType
from typing import Final, final

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from auxseg.counting import count
from auxseg.errors import RunError
from auxseg.files import write_atomically
from auxseg.report import wording
from auxseg.report.charts.drawing import Chart, for_page


@final
class _Compiled(BytecodeCache):
    """The templates that this process has compiled, which takes a tenth of the time of a page."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the code of a template that has not changed."""
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code."""
        self._code[bucket.key, bucket.checksum] = bucket.code


_COMPILED: Final = _Compiled()


def template_environment() -> Environment:
    """A new environment with the words for numbers and names as filters, to which a page may add filters of its own."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_plain,
        bytecode_cache=_COMPILED,
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
