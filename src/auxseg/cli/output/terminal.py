"""The terminal: outside text is text there, never markup or an escape code, and a reader may leave early (`| head`)."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import Any, Final, final

from rich.console import Console
from rich.text import Text

WIDTH_OF_LOGS: Final = 160
"""Columns of what is piped or written to a file, where no terminal says how many there are."""

_LONGEST: Final = 1500
"""Letters of an error that somebody reads to its end."""

# C0 and C1 controls, marks that turn the direction of writing, line separators, and halves of characters.
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: object) -> str:
    """Outside text (a name, a path, a message) in one line, with every control character written out.

    A name may otherwise move the cursor, change the window's title or pretend to be another line.
    """
    return _CONTROLS.sub(_written_out, str(text))


def shortened(sentence: str) -> str:
    """The sentence without the middle of what is too long in it, such as a damaged file's name of thousands of letters.

    The end stays, because it says what to do.
    """
    sentence = re.sub(r"(\S{300})\S+(\S{100})", r"\1…\2", sentence)
    half = _LONGEST // 2
    return sentence if len(sentence) <= _LONGEST else f"{sentence[:half]} … {sentence[-half:]}"


def plain_lines(text: object) -> str:
    """`plain` for text that may have lines and tabs."""
    return _CONTROLS.sub(lambda match: match[0] if match[0] in "\n\t" else _written_out(match), str(text))


def _written_out(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


@final
class SafeConsole(Console):
    """Rich's console for strings from outside: no markup, no emoji codes, no control characters in them.

    Colours and bars are our own renderables. If nobody reads what it writes any more, it falls silent and the work
    goes on.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """A string as text, nothing in it having a meaning; this is what tables and `print` make of strings."""
        return super().render_str(plain_lines(text), **{**options, "markup": False, "emoji": False})

    def status(self, status: Any, **options: Any) -> Any:
        """A spinner with text beside it."""
        return super().status(Text(plain(status)) if isinstance(status, str) else status, **options)

    def on_broken_pipe(self) -> None:
        """Fall silent."""
        self.quiet = True
        silence("stderr" if self.stderr else "stdout")


def make_console(*, stderr: bool = True) -> Console:
    """Where a command talks to a person; into a pipe or a file it writes lines that are not folded at 80 columns."""
    console = SafeConsole(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_OF_LOGS
    return console


def write_out(text: str) -> None:
    """Write lines to standard output; whoever reads it may have left, as `| head` does."""
    _write(text, "stdout")


def write_error(text: str) -> None:
    """Write lines to standard error."""
    _write(text, "stderr")


def flush_out() -> None:
    """Write what is left in the buffers of standard output and error, where nobody may read it any more."""
    for name in ("stdout", "stderr"):
        with contextlib.suppress(OSError):  # it was said where it was written
            _write(None, name)


def silence(name: str) -> None:
    """Let what is still written to ``stdout`` or ``stderr`` vanish, so that Python's own last flush is quiet too."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, getattr(sys, name).fileno())
        os.close(nowhere)


def _write(text: str | None, name: str) -> None:
    stream = getattr(sys, name)
    if stream is None:  # it was closed before Python began
        return
    try:
        if text is not None:
            print(text, file=stream)
        stream.flush()
    except BrokenPipeError:
        silence(name)
