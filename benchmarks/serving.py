"""What serving adds to a prediction, 200 requests at once with bombs and hang-ups, and damaged files by the thousand.

`run` is the run that is served; without it a small one is trained. The page's answer for a photograph of `megapixels`
is compared with the bare prediction of the same model in this process, `rounds` times in turns. `requests` come from
`clients` at the same time; `files` photographs have wrong bytes. Resident memory is the server's own.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import torch
from pydantic import Field

from auxseg.config import config
from auxseg.errors import RunError
from auxseg.recipe import load_recipe
from auxseg.run import load, train
from benchmarks.tools.data import synthetic
from benchmarks.tools.serving.clients import numbers, outcome, post, storm
from benchmarks.tools.serving.files import FORMATS, mutated, photograph
from benchmarks.tools.timing import alternate

_MIB: Final = 2**20
_PAGE: Final = "/v1/predict?pictures=1280"
"""What the page asks."""


@config
class Options:
    """Settings."""

    run: Path | None = None
    megapixels: Annotated[float, Field(gt=0, le=40)] = 12
    rounds: Annotated[int, Field(ge=2)] = 7
    requests: Annotated[int, Field(ge=1)] = 200
    clients: Annotated[int, Field(ge=1)] = 16
    files: Annotated[int, Field(ge=0)] = 10_000
    threads: Annotated[int, Field(ge=1)] = 1
    seed: Annotated[int, Field(ge=0)] = 0


def main(options: Options) -> dict[str, Any]:
    """Serve the run in a process of its own, and try all three."""
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory(prefix="auxseg-serving-") as folder:
        run = options.run or _trained(Path(folder))
        with serving(run, options.threads) as address:
            result = _overhead(address, run, Path(folder), options)
            storm(address, [photograph(640, 480)], 2 * options.clients, options.clients, options.seed)  # warms up
            rows = [_stormed(address, options), _damaged(address, options)]
    return {"rows": rows, **result, "model": str(options.run or "tiny-mtl"), "threads": options.threads}


def _trained(folder: Path) -> Path:
    recipe = load_recipe("tiny-mtl", ["training.steps=20", "training.precision=fp32"])
    return train(recipe, synthetic(64, 200), folder / "run").directory


@contextmanager
def serving(run: Path, threads: int) -> Iterator[str]:
    """The address of a running `auxseg serve`. Raises `RunError` if it does not end cleanly."""
    line = ["serve", str(run), "--port", "0", "--json", "--threads", str(threads), "--device", "cpu"]
    with subprocess.Popen([sys.executable, "-m", "auxseg", *line], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["address"]
            if process.poll() is not None:
                raise RunError(f"the server has ended with {process.returncode}")
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(60)
        if code != 130:
            raise RunError(f"the server ended with {code} after Ctrl-C")


def _overhead(address: str, run: Path, folder: Path, options: Options) -> dict[str, Any]:
    """Seconds of the page's answer and of the bare prediction of the same file, in turns; medians."""
    height = round((options.megapixels * 1e6 * 3 / 4) ** 0.5)
    path = folder / "large.jpg"
    path.write_bytes(photograph(round(height * 4 / 3), height))
    content, model = path.read_bytes(), load(run, "cpu")
    times = alternate(
        {"page": lambda: post(address, content, _PAGE), "bare": lambda: model.predict(path)}, options.rounds
    )
    return {
        "megapixels": options.megapixels,
        "page, s": times["page"].median,
        "bare prediction, s": times["bare"].median,
        "page / bare": str(times["page"].over(times["bare"])),
    }


def _stormed(address: str, options: Options) -> dict[str, Any]:
    photographs = [photograph(side * 4 // 3, side, seed=side) for side in (240, 480, 960)]
    return _counted(
        "requests at once",
        address,
        lambda: storm(address, photographs, options.requests, options.clients, options.seed),
    )


def _damaged(address: str, options: Options) -> dict[str, Any]:
    whole = [photograph(96, 64, form) for form in FORMATS]

    def ask(number: int) -> str:
        rng = np.random.default_rng([options.seed, number])
        return outcome(address, mutated(whole[number % len(whole)], rng))

    def work() -> Counter[str]:
        with ThreadPoolExecutor(2) as pool:
            return Counter(pool.map(ask, range(options.files)))

    return _counted("damaged files", address, work)


def _counted(what: str, address: str, work: Any) -> dict[str, Any]:
    before, start = numbers(address)["process_resident_memory_bytes"], time.perf_counter()
    found = work()
    seconds = time.perf_counter() - start
    time.sleep(1)  # until those that hung up are noticed
    after = numbers(address)
    columns = ("200", "422", "503", "500", "hung up", "lost")
    return {
        "what": what,
        **{name: found[name] for name in columns},
        "others": sum(found.values()) - sum(found[name] for name in columns),
        "seconds": seconds,
        "MiB before": before / _MIB,
        "MiB after": after["process_resident_memory_bytes"] / _MIB,
        "still waiting": int(after["auxseg_queue_length"]),
    }
