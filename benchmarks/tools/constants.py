"""Makes the table of c(k, S) that `auxseg.statistics.simultaneous.constants` reads: ``python -m`` this file.

A study of 20 arms holds those of 1 to 19: the first k arms are a study of k. So 28 simulations make all 560 cells.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
from scipy import special

from auxseg.statistics import simultaneous
from auxseg.statistics.simultaneous.constants import (
    FEWEST_SEEDS,
    LEVEL,
    MOST_TABULATED_ARMS,
    MOST_TABULATED_SEEDS,
    maxima,
    null_studies,
)

NUM_STUDIES = 1_000_000
SEED = 1955


def constants(num_seeds: int, num_studies: int = NUM_STUDIES) -> Iterator[tuple[int, float]]:
    """Every number of arms with its constant; that of one arm is known exactly."""
    rng = np.random.default_rng([SEED, num_seeds])
    found = np.empty((MOST_TABULATED_ARMS, num_studies), dtype=np.float32)
    start = 0
    for studies in null_studies(MOST_TABULATED_ARMS, num_seeds, num_studies, rng):
        means, variances = studies.mean(2), studies.var(2, ddof=1) / num_seeds
        for num_arms in range(2, MOST_TABULATED_ARMS + 1):
            largest = maxima(means[:, :num_arms], variances[:, :num_arms], num_seeds)
            found[num_arms - 1, start : start + len(studies)] = largest
        start += len(studies)
    yield 1, float(special.stdtrit(num_seeds - 1, 1 - LEVEL / 2))
    for num_arms in range(2, MOST_TABULATED_ARMS + 1):
        yield num_arms, float(np.quantile(found[num_arms - 1], 1 - LEVEL))


def main() -> None:
    lines = [f"# c(k, S): made by python -m benchmarks.tools.constants, {NUM_STUDIES:,} studies a cell, seed {SEED}"]
    lines += ["seeds,arms,constant"]
    for num_seeds in range(FEWEST_SEEDS, MOST_TABULATED_SEEDS + 1):
        lines += [f"{num_seeds},{num_arms},{constant:.4f}" for num_arms, constant in constants(num_seeds)]
        print(lines[-MOST_TABULATED_ARMS], lines[-1], file=sys.stderr, flush=True)
    file = Path(str(resources.files(simultaneous.__name__).joinpath("constants.csv")))
    file.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
