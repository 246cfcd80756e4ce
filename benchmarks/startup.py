"""How long `auxseg --help` takes, beside a Python interpreter that does nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from auxseg.config import config
from benchmarks.tools.timing import alternate


@config
class Options:
    rounds: int = 10


def main(options: Options) -> dict[str, Any]:
    sides = {"auxseg --help": ["-m", "auxseg", "--help"], "python -c pass": ["-c", "pass"]}

    def run(arguments: list[str]) -> None:
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)

    timings = alternate({name: lambda a=arguments: run(a) for name, arguments in sides.items()}, options.rounds)
    return {
        "rows": [
            {"command": name, "seconds (median)": timing.median, "longest": max(timing.seconds)}
            for name, timing in timings.items()
        ]
    }
