"""How far balancers are from the same methods of torchjd and LibMTL, given equal gradients of each task.

Four steps of three tasks are given to both sides, on a CPU in float32; the difference is a share of the largest number
of the other side's direction, in the step in which it is largest. LibMTL and the solvers that both need are installed
by hand: `pip install --no-deps libmtl`, `pip install cvxpy clarabel ecos qpsolvers quadprog`.
"""

from __future__ import annotations

import importlib.util
from importlib import metadata
from typing import Any, Final

from auxseg.config import config
from benchmarks.tools.parity.cases import ALONE, CASES, Case, Reference
from benchmarks.tools.parity.libmtl_sides import has, is_installed

ABSENT: Final = ""


@config
class Options:
    """Settings; ``kinds`` are kinds of balancers, all if it is empty."""

    kinds: str = ""


def main(options: Options) -> dict[str, Any]:
    """Compare every balancer that another library has."""
    alone = ALONE if not options.kinds else {}
    asked = options.kinds.split(",") if options.kinds else [case.kind for case in CASES]
    return {
        "rows": [
            {
                "balancer": case.name,
                "torchjd": _said(case, case.torchjd),
                "LibMTL": _said(case, case.libmtl),
                "why": "; ".join(dict.fromkeys(each.why for each in (case.torchjd, case.libmtl) if each and each.why)),
            }
            for case in CASES
            if case.kind in asked
        ]
        + [{"balancer": kind, "torchjd": ABSENT, "LibMTL": ABSENT, "why": why} for kind, why in alone.items()],
        "torchjd": metadata.version("torchjd"),
        "LibMTL": metadata.version("LibMTL") if is_installed() else "not installed",
    }


def missing(reference: Reference) -> str:
    """What has to be installed for this side, as words; empty if nothing has."""
    absent = [name for name in reference.packages if importlib.util.find_spec(name) is None]
    if reference.name and not has(reference.name):
        return f"LibMTL with {reference.name}"
    return " and ".join(absent)


def _said(case: Case, reference: Reference | None) -> str:
    if reference is None:
        return ABSENT
    if missing(reference):
        return f"needs {missing(reference)}"
    found = case.apart(reference)
    return f"{found:.0e}" if found else "0"
