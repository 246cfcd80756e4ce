"""What is asked of the network: one task, one file.

- `segmentation`: which class every pixel belongs to
- `classification`: which class the picture belongs to
- `box`: where the box around a thing is
- `edges`: where Canny's detector finds edges
- `distance`: how far every pixel is from the foreground's boundary

Tasks over further layers of the data (`auxseg.data.layers`):

- `depth`: how far away every pixel is
- `normals`: in which direction the surface behind every pixel faces
- `map`: the numbers of any map
- `multimask`: which of several classes every pixel belongs to, where classes may overlap
- `tags`: which of several tags fit the picture
- `boxes`: where every thing is, and of which class
- `keypoints`: where the named points of a thing are

Self-supervised tasks, each with a picture of its own to look at:

- `colorization`: the colours of a grey picture
- `denoising`: the picture without noise
- `reconstruction`: what was in covered patches
- `rotation`: by how many quarter turns the picture was turned
- `flip`: whether it was mirrored

Tasks that supervise the target's own output or decoder in other ways:

- `consistency`: the output of a strongly changed picture agrees with what a teacher says of the picture
- `box-mask`: the foreground fills its box and ends where colours change
- `tag-mask`: the picture's class bounds which classes its mask holds
- `deep-supervision`: coarser steps of the decoder give the mask too

Controls, from which nothing about a picture can be learned:

- `random-labels`: a class drawn by lot
- `noise`: a map drawn by lot

A new task is a file like these, with its configuration, and a place in `auxseg.tasks.kinds`; or a file of one's own
that is named to ``--plugins`` and registers its configuration with `register`.
"""

from __future__ import annotations

from typing import Annotated

from auxseg.tasks.answers import Answer
from auxseg.tasks.box import BoxConfig, BoxTask
from auxseg.tasks.classification import ClassificationConfig, ClassificationTask
from auxseg.tasks.controls.noise import NoiseConfig, NoiseTask
from auxseg.tasks.controls.random_labels import RandomLabelsConfig, RandomLabelsTask
from auxseg.tasks.dense_labels.depth import DepthConfig, DepthTask
from auxseg.tasks.dense_labels.map import MapConfig, MapTask
from auxseg.tasks.dense_labels.multimask import MultiMaskConfig, MultiMaskTask
from auxseg.tasks.dense_labels.normals import NormalsConfig, NormalsTask
from auxseg.tasks.distance import DistanceConfig, DistanceTask
from auxseg.tasks.kinds import BuiltIn
from auxseg.tasks.objects.boxes import BoxesConfig, BoxesTask
from auxseg.tasks.objects.keypoints import KeypointsConfig, KeypointsTask
from auxseg.tasks.objects.tags import TagsConfig, TagsTask
from auxseg.tasks.plugins import Plugins, register, run_plugin
from auxseg.tasks.reuse.box_mask import BoxMaskConfig, BoxMaskTask
from auxseg.tasks.reuse.consistency import ConsistencyConfig, ConsistencyTask
from auxseg.tasks.reuse.deep_supervision import DeepSupervisionConfig, DeepSupervisionTask
from auxseg.tasks.reuse.tag_mask import TagMaskConfig, TagMaskTask
from auxseg.tasks.segmentation import SegmentationConfig, SegmentationTask
from auxseg.tasks.self_supervised.colorization import ColorizationConfig, ColorizationTask
from auxseg.tasks.self_supervised.denoising import DenoisingConfig, DenoisingTask
from auxseg.tasks.self_supervised.edges import EdgesConfig, EdgesTask
from auxseg.tasks.self_supervised.flip import FlipConfig, FlipTask
from auxseg.tasks.self_supervised.reconstruction import ReconstructionConfig, ReconstructionTask
from auxseg.tasks.self_supervised.rotation import RotationConfig, RotationTask
from auxseg.tasks.task import Dense, Of, Output, SideOutputs, Table, Task, Vector, View, layers_read, task_loss

TaskConfig = Annotated[BuiltIn, Plugins()]

__all__ = [
    "Answer",
    "BoxConfig",
    "BoxMaskConfig",
    "BoxMaskTask",
    "BoxTask",
    "BoxesConfig",
    "BoxesTask",
    "ClassificationConfig",
    "ClassificationTask",
    "ColorizationConfig",
    "ColorizationTask",
    "ConsistencyConfig",
    "ConsistencyTask",
    "DeepSupervisionConfig",
    "DeepSupervisionTask",
    "DenoisingConfig",
    "DenoisingTask",
    "Dense",
    "DepthConfig",
    "DepthTask",
    "DistanceConfig",
    "DistanceTask",
    "EdgesConfig",
    "EdgesTask",
    "FlipConfig",
    "FlipTask",
    "KeypointsConfig",
    "KeypointsTask",
    "MapConfig",
    "MapTask",
    "MultiMaskConfig",
    "MultiMaskTask",
    "NoiseConfig",
    "NoiseTask",
    "NormalsConfig",
    "NormalsTask",
    "Of",
    "Output",
    "RandomLabelsConfig",
    "RandomLabelsTask",
    "ReconstructionConfig",
    "ReconstructionTask",
    "RotationConfig",
    "RotationTask",
    "SegmentationConfig",
    "SegmentationTask",
    "SideOutputs",
    "Table",
    "TagMaskConfig",
    "TagMaskTask",
    "TagsConfig",
    "TagsTask",
    "Task",
    "TaskConfig",
    "Vector",
    "View",
    "layers_read",
    "register",
    "run_plugin",
    "task_loss",
]
