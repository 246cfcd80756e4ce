"""Every preset: its name, its size at full width, and that it trains, evaluates and can be used."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import Vocabulary
from auxseg.data.sources import open_source
from auxseg.data.synthesize import synthesize
from auxseg.models import outline
from auxseg.presets import presets
from auxseg.recipe import build_tasks, load_recipe
from auxseg.records.values.size import Size
from auxseg.run import evaluate, load, train
from tests.data.sources.arrays.folders import write_cityscapes

PARAMETERS = {
    "segnet-1task-no-pretrained": 29_436_226,
    "segnet-1task": 29_436_226,
    "mtl-segnet-no-pretrained": 31_534_728,
    "mtl-segnet": 31_534_728,
    "mtl-segnet-with-canny": 35_728_969,
    "mtl-segnet-with-colorization": 33_632_202,
    "mtl-attention": 41_409_352,
    "mtl-attention-without-classification": 39_507_270,
    "mtl-attention-without-bbox": 39_441_732,
    "mtl-attention-with-canny": 49_488_777,
    "mtl-attention-with-colorization": 49_489_354,
    "mtl-attention-with-denoising": 49_489_931,
    "unet": 2_198_466,
    "unet-mtl": 3_786_432,
    "unet-mtl-without-bbox": 2_475_308,
    "unet-mtl-without-classification": 3_509_590,
    "unet-mtl-80-10-10": 3_786_432,
    "unet-mtl-70-15-15": 3_786_432,
    "unet-mtl-50-25-25": 3_786_432,
    "unet-mtl-25-50-25": 3_786_432,
    "unet-mtl-25-25-50": 3_786_432,
    "unet-mtl-uncertainty": 3_786_432,
    "residual-baseline": 18_883_250,
    "residual-cross-stitch": 29_143_937,
    "residual-without-bbox": 24_013_392,
    "residual-without-classification": 24_013_794,
    "residual-two-stage": 57_996_784,
    "resnet34-mtl": 27_982_568,
    "mobilenet-unet": 2_935_522,
    "mobilenet-unet-mtl": 3_264_168,
    "tiny": 635_986,
    "tiny-mtl": 767_640,
}
"""Our own networks' parameters at full width, as `auxseg presets NAME` counts them: every preset, to the last one."""

NAMES = list(PARAMETERS)

PUBLISHED = {
    "segnet-1task-no-pretrained": 31_542_668,  # with heads for class and box, which its one task does not use
    "mtl-segnet": 31_542_668,
    "mtl-segnet-with-colorization": 33_676_172,
    "mtl-segnet-with-canny": 35_774_095,
    "mtl-attention": 41_419_470,
    "mtl-attention-with-canny": 45_002_255,
    "mtl-attention-with-colorization": 45_001_682,
    "mtl-attention-with-denoising": 45_003_413,
    "unet": 2_087_449,
    "unet-mtl": 3_673_555,
    "unet-mtl-without-bbox": 2_361_679,
    "unet-mtl-without-classification": 3_399_325,
    "residual-baseline": 18_881_615,
    "residual-cross-stitch": 29_173_742,
    "residual-without-bbox": 24_027_597,
    "residual-without-classification": 24_027_759,
    "residual-two-stage": 56_568_382,
    "resnet34-mtl": 28_915_439,
}
"""Parameters of the networks that these presets stand for, counted on their authors' own classes."""

OF_OUR_OWN = ("mobilenet-unet", "mobilenet-unet-mtl", "tiny", "tiny-mtl")
"""Presets that stand for no earlier network, in which nothing had to be corrected."""

BENCHMARKS = ("nyuv2-hard", "nyuv2-mtan")
CITYSCAPES = "cityscapes-mtan"
"""Presets for data with layers, which the others' data do not have."""

VARIANTS = (
    *("unet-mtl-70-15-15", "unet-mtl-50-25-25", "unet-mtl-25-50-25", "unet-mtl-25-25-50"),
    *("segnet-1task", "mtl-segnet", "mtl-attention-without-bbox", "residual-without-bbox", "unet-mtl-without-bbox"),
    *("mtl-attention-with-colorization", "mtl-attention-with-denoising", "resnet34-mtl"),
)
"""Presets that differ from another in the weights of losses, pretrained weights, one task or the backbone alone."""

SMALL = (
    "model.width=0.06",
    "model.weights=none",
    "training.batch=4",
    "training.steps=2",
    "training.precision=fp32",
    "training.channels_last=false",
)

LABELS = {"species": ("cat", "dog"), "breed": ("Bengal", "Pug", "Sphynx")}


@pytest.fixture(scope="module")
def rooms_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthesize(tmp_path_factory.mktemp("data") / "rooms.h5", kind="rooms", num_samples=10, size=32).path


@functools.cache
def num_parameters(name: str) -> int:
    recipe = load_recipe(name)
    tasks = build_tasks(recipe, Vocabulary(Size.of(256), ("background", "pet"), LABELS))
    outputs = {key: task.output for key, task in tasks.items()}
    return sum(parameter.numel() for parameter in outline(recipe.model, outputs, recipe.target).parameters())


def test_all_names_are_there() -> None:
    assert sorted(presets()) == sorted([*NAMES, *BENCHMARKS, CITYSCAPES])


@pytest.mark.parametrize("name", BENCHMARKS)
def test_benchmarks_train_on_generated_rooms(name: str, rooms_path: Path, tmp_path: Path) -> None:
    recipe = load_recipe(name, SMALL)
    figures = evaluate(train(recipe, rooms_path, tmp_path / "run", device="cpu"))["figures"]
    assert set(figures) == {"segmentation", "depth", "normals"}
    assert 0 <= figures["segmentation"]["miou_dataset"] <= 1
    assert 0 < figures["depth"]["abs_error"] < 10
    assert 0 < figures["normals"]["mean_angle"] < 180


def test_cityscapes_trains_on_folders_of_the_published_form(tmp_path: Path) -> None:
    folder = write_cityscapes(tmp_path / "cityscapes", {"train": 8, "val": 2}, (32, 64))
    source = open_source("arrays", folder, fields={"mask": "label_7", "disparity": "depth"})
    store = prepare(source, tmp_path / "cityscapes.h5", size=Size(32, 64)).path
    recipe = load_recipe(CITYSCAPES, SMALL)
    figures = evaluate(train(recipe, store, tmp_path / "run", device="cpu"))["figures"]
    assert set(figures) == {"segmentation", "depth"}
    assert 0 <= figures["segmentation"]["miou_dataset"] <= 1
    assert 0 < figures["depth"]["abs_error"] < 10
    assert figures["depth"]["num_images"] == 2


@pytest.mark.parametrize("name", NAMES)
def test_size_at_full_width_is_held(name: str) -> None:
    assert num_parameters(name) == PARAMETERS[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_size_is_that_of_the_network_it_stands_for(name: str) -> None:
    assert num_parameters(name) == pytest.approx(PUBLISHED[name], rel=0.1)


def test_attention_is_within_a_hundredth() -> None:
    assert num_parameters("mtl-attention") == pytest.approx(PUBLISHED["mtl-attention"], rel=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_header_says_what_a_person_wants_to_know(name: str) -> None:
    header = [line for line in presets()[name].read_text().splitlines() if line.startswith("#")]
    assert not header[0].startswith("# command")
    assert f"# command: auxseg train {name} " in "\n".join(header) + " "
    (small,) = [line for line in header if line.startswith("# small: ")]
    score = r"0\.\d{3} test iou_dataset on [\d,]+ photographs in [\d,]+ s, one thread"
    assert re.fullmatch(rf"# small: {score} \((\S+=\S+ ?)+\)", small)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OF_OUR_OWN])
def test_header_says_what_was_corrected(name: str) -> None:
    corrected = re.findall(r"^# corrected: (.*)$", presets()[name].read_text(), re.MULTILINE)
    assert corrected
    assert all(len(line.split()) > 3 for line in corrected)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in VARIANTS)) for name in NAMES])
def test_fault_07_and_27_every_name_trains_and_can_be_used(name: str, store_path: Path, tmp_path: Path) -> None:
    recipe = load_recipe(name, SMALL)
    run = train(recipe, store_path, tmp_path / "run", device="cpu")
    figures = evaluate(run)["figures"]
    assert set(figures) == set(recipe.tasks)
    assert 0 <= figures["segmentation"]["iou_dataset"] <= 1
    assert set(load(run).tasks) == set(recipe.tasks)


@pytest.mark.parametrize("beginnings", [("segnet", "mtl-"), ("unet",), ("residual",)], ids="-".join)
def test_fault_18_compared_networks_learn_at_one_rate(beginnings: tuple[str, ...]) -> None:
    family = [load_recipe(name) for name in NAMES if name.startswith(beginnings)]
    assert len(family) > 1
    assert len({(recipe.training.optimizer.rate, recipe.training.optimizer.pretrained_rate) for recipe in family}) == 1
    alike = [recipe for recipe in family if not recipe.training.phases]
    assert {recipe.data.augment for recipe in alike} == {"mild"}
