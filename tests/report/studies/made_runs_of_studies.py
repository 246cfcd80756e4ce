"""Runs in a study's directory, with a plan that names them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.report import made_runs as runs

COMMAND = "/usr/bin/auxseg study --base tiny --auxiliaries box --seeds 3 --data '/my data/pets.h5' --out studies/a"


def add_runs(study: Path, arms: Sequence[str] = ("target only", "box"), seeds: int = 3) -> None:
    """Write planned.json and a whole run for every arm and seed."""
    planned = []
    for arm in arms:
        for seed in range(seeds):
            name = f"{arm.replace(' ', '-')}-{seed}"
            planned.append({"directory": name, "arm": arm, "seed": seed, "label_fraction": 1.0})
            run = runs.make_full_run(study / "runs" / name, ("segmentation",))
            start, *rest = (json.loads(line) for line in (run / "events.jsonl").read_text().splitlines())
            runs.write_events(run, [start | {"command": COMMAND}, *rest])
    (study / "planned.json").write_text(json.dumps(planned))
