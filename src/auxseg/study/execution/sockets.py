"""A place for the Unix sockets of multiprocessing, whose paths must be short."""

from __future__ import annotations

import os
import tempfile
from multiprocessing import util
from typing import Final

from auxseg.errors import InputError

_LONGEST: Final = 103
"""Bytes of a socket's path on macOS; Linux takes 107."""
_DIRECTORY: Final = "/pymp-12345678"
_SOCKET: Final = "/listener-12345678"
"""What multiprocessing appends to the temporary directory."""
_PLACES: Final = ("/tmp", "/var/tmp", "/dev/shm")


def make_room_for_sockets() -> None:
    """Let multiprocessing put its sockets where their paths are short, if TMPDIR is too long for them.

    Everything else stays where TMPDIR says. Raises `InputError` if there is no such place.
    """
    before = tempfile.tempdir
    for place in (tempfile.gettempdir(), *_PLACES):
        if _is_short(place + _DIRECTORY) and os.access(place, os.W_OK | os.X_OK):
            tempfile.tempdir = place
            try:
                made = util.get_temp_dir()  # made once, and kept until this process ends
            finally:
                tempfile.tempdir = before
            if _is_short(made):
                return
    raise InputError(
        f"TMPDIR {tempfile.gettempdir()} is too long for the Unix sockets of worker processes, and none of "
        f"{', '.join(_PLACES)} can be used instead; set TMPDIR to a path of at most "
        f"{_LONGEST - len(_DIRECTORY + _SOCKET)} characters"
    )


def _is_short(directory: str) -> bool:
    return len(os.fsencode(directory + _SOCKET)) <= _LONGEST
