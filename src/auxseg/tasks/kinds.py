"""The settings of every kind of task that the package has."""

from __future__ import annotations

from auxseg.tasks.box import BoxConfig
from auxseg.tasks.classification import ClassificationConfig
from auxseg.tasks.controls.noise import NoiseConfig
from auxseg.tasks.controls.random_labels import RandomLabelsConfig
from auxseg.tasks.dense_labels.depth import DepthConfig
from auxseg.tasks.dense_labels.map import MapConfig
from auxseg.tasks.dense_labels.multimask import MultiMaskConfig
from auxseg.tasks.dense_labels.normals import NormalsConfig
from auxseg.tasks.distance import DistanceConfig
from auxseg.tasks.objects.boxes import BoxesConfig
from auxseg.tasks.objects.keypoints import KeypointsConfig
from auxseg.tasks.objects.tags import TagsConfig
from auxseg.tasks.reuse.box_mask import BoxMaskConfig
from auxseg.tasks.reuse.consistency import ConsistencyConfig
from auxseg.tasks.reuse.deep_supervision import DeepSupervisionConfig
from auxseg.tasks.reuse.tag_mask import TagMaskConfig
from auxseg.tasks.segmentation import SegmentationConfig
from auxseg.tasks.self_supervised.colorization import ColorizationConfig
from auxseg.tasks.self_supervised.denoising import DenoisingConfig
from auxseg.tasks.self_supervised.edges import EdgesConfig
from auxseg.tasks.self_supervised.flip import FlipConfig
from auxseg.tasks.self_supervised.reconstruction import ReconstructionConfig
from auxseg.tasks.self_supervised.rotation import RotationConfig

BuiltIn = (
    SegmentationConfig
    | ClassificationConfig
    | BoxConfig
    | EdgesConfig
    | DistanceConfig
    | DepthConfig
    | NormalsConfig
    | MapConfig
    | MultiMaskConfig
    | TagsConfig
    | BoxesConfig
    | KeypointsConfig
    | ColorizationConfig
    | DenoisingConfig
    | ReconstructionConfig
    | RotationConfig
    | FlipConfig
    | ConsistencyConfig
    | BoxMaskConfig
    | TagMaskConfig
    | DeepSupervisionConfig
    | RandomLabelsConfig
    | NoiseConfig
)
