"""How the tasks' gradients become one direction: one method, one file.

Conflicts (`conflict/`):

- `pcgrad`: gradients that conflict are projected onto each other's normal plane
- `gradvac`: they are turned until they agree as much as they usually do
- `graddrop`: in every coordinate only those of one sign are kept
- `upgrad`: each is projected to where it harms no task
- `dualproj`: their mean is
- `config`: one direction with the same cosine with all

Common descent (`descent/`):

- `mgda`: the shortest weighted mean
- `cagrad`: near the mean, best for the worst task
- `sdmgrad`, `modo`: weights that approach MGDA's step by step
- `cr-mogm`: MGDA's weights, averaged over steps

Equal shares (`fairness/`):

- `imtl-g`: the same projection onto all
- `nash-mtl`, `fairgrad`: fair shares of the progress
- `aligned-mtl`: gradients made orthogonal and equally long
- `gradnorm`: in proportion to how slowly the tasks learn
- `db-mtl`: logarithms of losses, and gradients of one length
- `excess-mtl`: tasks that are far from what they can reach count more

The target first (`target_first/`):

- `pcd`: the target's gradient, turned no more than each auxiliary needs
- `gcs`: an auxiliary takes part while it agrees with the target
- `target-pcgrad`: it loses the part that is against the target
- `ol-aux`: its weight grows while it agrees
- `auto-lambda`: it loses weight unless its step agrees with the target on the next batch
- `metabalance`: it is made as long as the target's

Robust means (`robust/`): `krum`, `trimmed-mean`.
"""

from typing import Annotated

from pydantic import Tag

from auxseg.balancing.combining.combined_gradients import CombinedGradients
from auxseg.balancing.combining.conflict.conflict_free import ConflictFreeConfig
from auxseg.balancing.combining.conflict.dualproj import DualProjConfig
from auxseg.balancing.combining.conflict.graddrop import GradDropConfig
from auxseg.balancing.combining.conflict.gradvac import GradVacConfig
from auxseg.balancing.combining.conflict.pcgrad import PCGradConfig
from auxseg.balancing.combining.conflict.upgrad import UPGradConfig
from auxseg.balancing.combining.descent.cagrad import CAGradConfig
from auxseg.balancing.combining.descent.cr_mogm import CRMOGMConfig
from auxseg.balancing.combining.descent.mgda import MGDAConfig
from auxseg.balancing.combining.descent.modo import MoDoConfig
from auxseg.balancing.combining.descent.sdmgrad import SDMGradConfig
from auxseg.balancing.combining.fairness.aligned_mtl import AlignedMTLConfig
from auxseg.balancing.combining.fairness.db_mtl import DualBalancingConfig
from auxseg.balancing.combining.fairness.excess_mtl import ExcessMTLConfig
from auxseg.balancing.combining.fairness.fairgrad import FairGradConfig
from auxseg.balancing.combining.fairness.gradnorm import GradNormConfig
from auxseg.balancing.combining.fairness.imtl_g import IMTLGConfig
from auxseg.balancing.combining.fairness.nash_mtl import NashMTLConfig
from auxseg.balancing.combining.robust.krum import KrumConfig
from auxseg.balancing.combining.robust.trimmed_mean import TrimmedMeanConfig
from auxseg.balancing.combining.settings import CombiningConfig
from auxseg.balancing.combining.target_first.auto_lambda import AutoLambdaConfig
from auxseg.balancing.combining.target_first.gcs import CosineGateConfig
from auxseg.balancing.combining.target_first.metabalance import MetaBalanceConfig
from auxseg.balancing.combining.target_first.ol_aux import OnlineAuxiliariesConfig
from auxseg.balancing.combining.target_first.pcd import PriorityConstrainedConfig
from auxseg.balancing.combining.target_first.target_pcgrad import TargetPCGradConfig

CombiningKind = (
    Annotated[PCGradConfig, Tag("pcgrad")]
    | Annotated[GradVacConfig, Tag("gradvac")]
    | Annotated[GradDropConfig, Tag("graddrop")]
    | Annotated[UPGradConfig, Tag("upgrad")]
    | Annotated[DualProjConfig, Tag("dualproj")]
    | Annotated[ConflictFreeConfig, Tag("config")]
    | Annotated[MGDAConfig, Tag("mgda")]
    | Annotated[CAGradConfig, Tag("cagrad")]
    | Annotated[SDMGradConfig, Tag("sdmgrad")]
    | Annotated[MoDoConfig, Tag("modo")]
    | Annotated[CRMOGMConfig, Tag("cr-mogm")]
    | Annotated[IMTLGConfig, Tag("imtl-g")]
    | Annotated[NashMTLConfig, Tag("nash-mtl")]
    | Annotated[FairGradConfig, Tag("fairgrad")]
    | Annotated[AlignedMTLConfig, Tag("aligned-mtl")]
    | Annotated[GradNormConfig, Tag("gradnorm")]
    | Annotated[DualBalancingConfig, Tag("db-mtl")]
    | Annotated[ExcessMTLConfig, Tag("excess-mtl")]
    | Annotated[PriorityConstrainedConfig, Tag("pcd")]
    | Annotated[CosineGateConfig, Tag("gcs")]
    | Annotated[TargetPCGradConfig, Tag("target-pcgrad")]
    | Annotated[OnlineAuxiliariesConfig, Tag("ol-aux")]
    | Annotated[AutoLambdaConfig, Tag("auto-lambda")]
    | Annotated[MetaBalanceConfig, Tag("metabalance")]
    | Annotated[KrumConfig, Tag("krum")]
    | Annotated[TrimmedMeanConfig, Tag("trimmed-mean")]
)
"""The settings of every rule that combines gradients."""

__all__ = ["CombinedGradients", "CombiningConfig", "CombiningKind"]
