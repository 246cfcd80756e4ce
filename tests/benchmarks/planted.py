"""Commands that do what no command may do; imported by a process that should have little else to import."""

from __future__ import annotations

import ctypes
import os
import pickle
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np

from benchmarks.tools.damage.guard import CANARY


def refuses() -> int:
    print("auxseg: data.h5 is damaged; prepare it again", file=sys.stderr)
    return 2


def leaves_some_out() -> int:
    print("left out: a.png: it is damaged\n2 of 3 images: out/predictions.json", file=sys.stderr)
    return 1


def raises() -> int:
    raise KeyError("step")


def computes_for_ever() -> int:
    while True:
        pass


def sleeps() -> int:
    time.sleep(1000)
    return 0


def asks_for_much() -> int:
    return int(np.empty(2**33, np.uint8)[0])


def ends_by_a_signal() -> int:
    return ctypes.string_at(0)[0]


def starts_a_program() -> int:
    return subprocess.run(["true"]).returncode


def starts_a_shell() -> int:
    return os.system("true")


def forks() -> int:
    return os.fork()


def executes() -> int:
    exec(f"x = '{CANARY}'")
    return 0


def loads_a_name() -> int:
    pickle.loads(b"\x80\x02cos\ngetcwd\n)R.")
    return 0


def imports_from_its_folder() -> int:
    Path("planted.py").write_text("x = 1\n")
    sys.path.insert(0, os.getcwd())
    import planted  # pyright: ignore[reportMissingImports]

    return vars(planted)["x"] - 1


def says_nothing() -> int:
    return 2


def says_a_page() -> int:
    print("auxseg: it is damaged:\n" + "more\n" * 40, file=sys.stderr)
    return 2


def says_a_code() -> int:
    print("auxseg: \x1b[2J is no class", file=sys.stderr)
    return 2


def says_a_long_name() -> int:
    print("auxseg: there is no class " + "x" * 100_000, file=sys.stderr)
    return 2


def succeeds_with_a_traceback() -> int:
    print("Traceback (most recent call last):\nValueError: in a thread", file=sys.stderr)
    return 0


def holds(num_bytes: int) -> int:
    return len(np.ones(num_bytes, np.uint8).tobytes()[:0])


def carelessly() -> int:
    """As torch reads a checkpoint with ``weights_only=False``."""
    with zipfile.ZipFile("bad.pt") as archive:
        pickle.loads(archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl"))))
    return 0
