"""Every preset: its name, its size at full width, and that it trains, evaluates and can be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.data.sample import Vocabulary
from auxseg.models import outline
from auxseg.presets import presets
from auxseg.recipe import build_tasks, load_recipe
from auxseg.run import evaluate, load, train

NAMES = [
    "segnet-1task-no-pretrained",
    "segnet-1task",
    "mtl-segnet-no-pretrained",
    "mtl-segnet",
    "mtl-segnet-with-canny",
    "mtl-segnet-with-colorization",
    "mtl-attention",
    "mtl-attention-without-classification",
    "mtl-attention-without-bbox",
    "mtl-attention-with-canny",
    "mtl-attention-with-colorization",
    "mtl-attention-with-denoising",
    "unet",
    "unet-mtl",
    "unet-mtl-without-bbox",
    "unet-mtl-without-classification",
    "unet-mtl-80-10-10",
    "unet-mtl-70-15-15",
    "unet-mtl-50-25-25",
    "unet-mtl-25-50-25",
    "unet-mtl-25-25-50",
    "unet-mtl-uncertainty",
    "residual-baseline",
    "residual-cross-stitch",
    "residual-without-bbox",
    "residual-without-classification",
    "residual-two-stage",
    "resnet34-mtl",
    "mobilenet-unet",
    "mobilenet-unet-mtl",
    "tiny",
    "tiny-mtl",
]

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

LABELS = {"species": ("cat", "dog"), "breed": ("Bengal", "Pug", "Sphynx")}


def num_parameters(name: str) -> int:
    recipe = load_recipe(name)
    tasks = build_tasks(recipe, Vocabulary(256, ("background", "pet"), LABELS))
    outputs = {key: task.output for key, task in tasks.items()}
    return sum(parameter.numel() for parameter in outline(recipe.model, outputs, recipe.target).parameters())


def test_all_names_are_there() -> None:
    assert sorted(presets()) == sorted(NAMES)


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


@pytest.mark.parametrize("name", NAMES)
def test_fault_07_and_27_every_name_trains_and_can_be_used(name: str, store_path: Path, tmp_path: Path) -> None:
    small = [
        "model.width=0.06",
        "model.weights=none",
        "training.batch=4",
        "training.steps=2",
        "training.precision=fp32",
        "training.channels_last=false",
    ]
    recipe = load_recipe(name, small)
    run = train(recipe, store_path, tmp_path / "run", device="cpu")
    figures = evaluate(run)["figures"]
    assert set(figures) == set(recipe.tasks)
    assert 0 <= figures["segmentation"]["iou_dataset"] <= 1
    assert set(load(run).tasks) == set(recipe.tasks)


@pytest.mark.parametrize("beginning", ["segnet", "mtl-", "unet", "residual"])
def test_fault_18_compared_networks_learn_at_one_rate(beginning: str) -> None:
    family = [load_recipe(name) for name in NAMES if name.startswith(beginning)]
    assert len(family) > 1
    assert len({(recipe.training.optimizer.rate, recipe.training.optimizer.pretrained_rate) for recipe in family}) == 1
    alike = [recipe for recipe in family if not recipe.training.phases]
    assert {recipe.data.augment for recipe in alike} == {"mild"}
