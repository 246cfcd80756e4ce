"""What is compared with what: a balancer with the same method of torchjd and of LibMTL, and why they differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, final

import torch
from pydantic import TypeAdapter
from torchjd import aggregation, scalarization

from auxseg.balancing import BalancerConfig
from benchmarks.tools.parity import libmtl_sides as libmtl
from benchmarks.tools.parity import torchjd_sides as torchjd
from benchmarks.tools.parity.problem import NUM_STEPS, Side, difference, moves_of_our_weights, ours

TOLERANCE: Final = 1e-5
"""How far directions of one formula may be apart, as a share of their largest number."""
K: Final = 3
_CONVEX: Final = ("cvxpy", "clarabel")
_BARGAINING: Final = ("cvxpy", "ecos")
_QUADRATIC: Final = ("qpsolvers", "quadprog")


@final
@dataclass(frozen=True, kw_only=True)
class Reference:
    """The same method elsewhere.

    Attributes:
        make: the other side, for so many tasks.
        name: of LibMTL's class.
        packages: what it needs beside its library, by the names that are imported.
        factor: auxseg's direction is so many times the other one.
        within: how far apart they may be.
        why: why that is more than `TOLERANCE`, or where the factor is from.
    """

    make: Callable[[int], Side]
    name: str = ""
    packages: tuple[str, ...] = ()
    factor: float = 1.0
    within: float = TOLERANCE
    why: str = ""


@final
@dataclass(frozen=True, kw_only=True)
class Case:
    """A balancer, and the same method of the other libraries, if they have it.

    With ``by_moves`` it is the steps of its weights that are compared.
    """

    kind: str
    settings: Mapping[str, object] = field(default_factory=dict)
    num_tasks: int = K
    num_steps: int = NUM_STEPS
    by_moves: bool = False
    torchjd: Reference | None = None
    libmtl: Reference | None = None

    @property
    def name(self) -> str:
        """The kind, and how many tasks and steps there are if they are others than usual."""
        tasks = "" if self.num_tasks == K else f", {self.num_tasks} tasks"
        return self.kind + tasks + ("" if self.num_steps == NUM_STEPS else ", first step")

    def apart(self, reference: Reference) -> float:
        """How far auxseg's directions are from the other library's."""
        return difference(self.ours(), reference.make(self.num_tasks), self.num_tasks, self.num_steps, reference.factor)

    def ours(self) -> Side:
        """auxseg's side."""
        settings = TypeAdapter(BalancerConfig).validate_python({"kind": self.kind, **self.settings})
        return (moves_of_our_weights if self.by_moves else ours)(settings, self.num_tasks)


_EXACT: Final = "exact here; solvers there stop earlier"
CASES: Final = (
    Case(kind="pcgrad", torchjd=Reference(make=torchjd.aggregated(aggregation.PCGrad))),
    Case(kind="pcgrad", num_tasks=2, libmtl=Reference(make=libmtl.weighted("PCGrad"), name="PCGrad")),
    Case(kind="gradvac", torchjd=Reference(make=torchjd.aggregated(aggregation.GradVac))),
    Case(
        kind="gradvac",
        num_tasks=2,
        libmtl=Reference(
            make=libmtl.weighted("GradVac", beta=0.5),
            name="GradVac",
            within=math.inf,
            why="LibMTL averages a cosine only where it is below the average so far; torchjd, as the paper, always",
        ),
    ),
    Case(
        kind="graddrop",
        torchjd=Reference(make=torchjd.aggregated(aggregation.GradDrop)),
        libmtl=Reference(make=libmtl.graddrop, name="GradDrop", why="LibMTL's signs are those at features, here of 1"),
    ),
    Case(
        kind="upgrad",
        torchjd=Reference(make=torchjd.aggregated(aggregation.UPGrad), packages=_QUADRATIC),
        libmtl=Reference(
            make=libmtl.weighted("UPGrad", UPGrad_norm_eps=1e-4, UPGrad_reg_eps=1e-4),
            name="UPGrad",
            packages=_QUADRATIC,
        ),
    ),
    Case(kind="dualproj", torchjd=Reference(make=torchjd.aggregated(aggregation.DualProj), packages=_QUADRATIC)),
    Case(kind="config", torchjd=Reference(make=torchjd.aggregated(aggregation.ConFIG))),
    Case(
        kind="mgda",
        torchjd=Reference(make=torchjd.aggregated(lambda: aggregation.MGDA(epsilon=1e-9, max_iters=3000))),
        libmtl=Reference(
            make=libmtl.weighted("MGDA", mgda_gn="none"),
            name="MGDA",
            within=1e-3,
            why=_EXACT,
        ),
    ),
    Case(kind="mgda", num_tasks=2, libmtl=Reference(make=libmtl.weighted("MGDA", mgda_gn="none"), name="MGDA")),
    Case(
        kind="cagrad",
        settings={"c": 0.5},
        torchjd=Reference(
            make=torchjd.aggregated(lambda: aggregation.CAGrad(c=0.5)),
            packages=_CONVEX,
            within=1e-3,
            why=_EXACT,
        ),
        libmtl=Reference(
            make=libmtl.weighted("CAGrad", calpha=0.5, rescale=0),
            name="CAGrad",
            within=1e-3,
            why=_EXACT,
        ),
    ),
    Case(
        kind="sdmgrad",
        num_steps=1,
        torchjd=Reference(make=torchjd.by_weights(aggregation.SDMGradWeighting)),
        libmtl=Reference(
            make=libmtl.weighted("SDMGrad", given_thrice=True, SDMGrad_lamda=0.3, SDMGrad_niter=20),
            name="SDMGrad",
            within=math.inf,
            why="torchjd's steps are of 10, LibMTL's of 5, which matters because 20 of either do not settle",
        ),
    ),
    Case(
        kind="modo",
        settings={"gamma": 0.01},
        torchjd=Reference(make=torchjd.by_weights(lambda: aggregation.MoDoWeighting(gamma=0.01))),
        libmtl=Reference(make=libmtl.weighted("MoDo", given_thrice=True, MoDo_gamma=0.01, MoDo_rho=0.1), name="MoDo"),
    ),
    Case(
        kind="cr-mogm",
        torchjd=Reference(make=torchjd.aggregated(torchjd.smoothed_mgda)),
    ),
    Case(
        kind="imtl-g",
        torchjd=Reference(make=torchjd.aggregated(aggregation.IMTLG)),
        libmtl=Reference(
            make=libmtl.weighted("IMTL"), name="IMTL", why="LibMTL's is IMTL-G with IMTL-L, here at its start"
        ),
    ),
    Case(
        kind="nash-mtl",
        torchjd=Reference(
            make=lambda num_tasks: torchjd.aggregated(lambda: aggregation.NashMTL(num_tasks))(num_tasks),
            packages=_BARGAINING,
            within=1e-3,
            why=_EXACT,
        ),
        libmtl=Reference(
            make=libmtl.weighted("Nash_MTL", update_weights_every=1, optim_niter=20, max_norm=1.0),
            name="Nash_MTL",
            packages=_BARGAINING,
            within=1e-3,
            why=_EXACT,
        ),
    ),
    Case(
        kind="fairgrad",
        settings={"alpha": 2.0},
        torchjd=Reference(
            make=torchjd.aggregated(lambda: aggregation.FairGrad(alpha=2.0)),
        ),
        libmtl=Reference(
            make=libmtl.weighted("FairGrad", FairGrad_alpha=2.0),
            name="FairGrad",
        ),
    ),
    Case(
        kind="aligned-mtl",
        torchjd=Reference(make=torchjd.aggregated(aggregation.AlignedMTL)),
        libmtl=Reference(
            make=libmtl.weighted("Aligned_MTL"),
            name="Aligned_MTL",
            factor=1 / K,
            why="LibMTL takes the sum instead of the mean",
        ),
    ),
    Case(
        kind="gradnorm",
        settings={"step_size": 1e-7},
        by_moves=True,
        libmtl=Reference(
            make=libmtl.moves_of_gradnorm,
            name="GradNorm",
            why="compared is how weights move away from equal ones; LibMTL's are moved by the network's optimiser",
        ),
    ),
    Case(
        kind="db-mtl",
        libmtl=Reference(make=libmtl.weighted("DB_MTL", DB_beta=0.0, DB_beta_sigma=0.0), name="DB_MTL"),
    ),
    Case(
        kind="excess-mtl",
        settings={"eta": 0.5},
        torchjd=Reference(make=torchjd.aggregated(lambda: aggregation.ExcessMTL(0.5, n_warmup_steps=1))),
        libmtl=Reference(
            make=libmtl.weighted("ExcessMTL", robust_step_size=0.5),
            name="ExcessMTL",
            factor=1 / K,
            why="LibMTL's weights sum to K",
        ),
    ),
    Case(kind="pcd", torchjd=Reference(make=torchjd.aggregated(lambda: aggregation.PCD(eps=0.0)))),
    Case(kind="krum", num_tasks=4, torchjd=Reference(make=torchjd.aggregated(lambda: aggregation.Krum(0)))),
    Case(kind="trimmed-mean", torchjd=Reference(make=torchjd.aggregated(lambda: aggregation.TrimmedMean(1)))),
    Case(
        kind="equal",
        torchjd=Reference(make=torchjd.scalarized(lambda _: scalarization.Sum())),
        libmtl=Reference(make=libmtl.weighted("EW"), name="EW"),
    ),
    Case(
        kind="uncertainty",
        torchjd=Reference(make=torchjd.scalarized(scalarization.UW)),
        libmtl=Reference(make=libmtl.weighted("UW"), name="UW"),
    ),
    Case(kind="imtl-l", torchjd=Reference(make=torchjd.scalarized(scalarization.IMTLL))),
    Case(
        kind="dwa",
        settings={"every": "step"},
        torchjd=Reference(make=torchjd.averaged),
        libmtl=Reference(make=libmtl.weighted("DWA", T=2.0), name="DWA"),
    ),
    Case(
        kind="geometric",
        torchjd=Reference(make=torchjd.geometric),
        libmtl=Reference(make=libmtl.weighted("GLS"), name="GLS"),
    ),
    Case(
        kind="famo",
        torchjd=Reference(make=torchjd.famo, factor=K, why="weights here sum to K"),
        libmtl=Reference(make=libmtl.famo, name="FAMO", factor=K, why="weights here sum to K"),
    ),
    Case(
        kind="stch",
        torchjd=Reference(
            make=torchjd.scalarized(lambda num_tasks: scalarization.STCH(1.0, weights=torch.ones(num_tasks))),
            factor=K,
            why="weights here sum to K",
        ),
        libmtl=Reference(
            make=libmtl.weighted("STCH", STCH_mu=1.0, STCH_warmup_epoch=0),
            name="STCH",
            within=math.inf,
            why="LibMTL takes the logarithms of losses, divided by their means in its warm-up",
        ),
    ),
    Case(
        kind="pbi",
        torchjd=Reference(
            make=torchjd.scalarized(lambda num_tasks: scalarization.PBI(0.5, weights=torch.ones(num_tasks))),
            factor=math.sqrt(K),
            why="sqrt(K) times torchjd's",
        ),
    ),
    Case(
        kind="cosmos",
        torchjd=Reference(
            make=torchjd.scalarized(lambda num_tasks: scalarization.COSMOS(0.5, weights=torch.ones(num_tasks)))
        ),
    ),
)
"""Every balancer of which another library has the same method."""

_OF_PAPERS: Final = "only in the papers' own code"
ALONE: Final[Mapping[str, str]] = {
    "fixed": "`equal` with factors",
    "softadapt": _OF_PAPERS,
    "random": "drawn from other generators",
    "normalised-dynamic": "of the earlier system",
    "slaw": _OF_PAPERS,
    "dtp": _OF_PAPERS,
    "gcs": "as GCS in the code of ForkMerge, not compared",
    "target-pcgrad": "as PriPCGrad in the code of ForkMerge, not compared",
    "ol-aux": "as OLAUX in the code of ForkMerge, with other settings, not compared",
    "metabalance": _OF_PAPERS,
    "auto-lambda": "judges a step by the next batch, which one step's gradients do not show",
}
"""Every other balancer, and why it is compared with nothing."""
