"""The metadata of a card are what huggingface_hub itself would read and write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auxseg.deploy.card.front_matter import front_matter, origin_licence
from auxseg.deploy.packing import model_card
from auxseg.records.metrics import Metrics
from tests.deploy.made_models import make_run, write_figures
from tests.records.made_events import DATA, make_start

huggingface_hub = pytest.importorskip("huggingface_hub")
APACHE = "timm resnet18.a1_in1k (https://x.test/(a); licence apache-2.0)"


def _metrics(**values: Any) -> Metrics:
    return Metrics(
        **{
            "split": "test",
            "num_images": 4,
            "checkpoint_step": 30,
            "target": "mask",
            "data": DATA,
            "figures": {"mask": {"miou_dataset": 0.123456, "miou_image": 0.5, "accuracy": 0.9}},
            "seconds": 1.0,
            **values,
        }
    )


def test_the_hub_reads_the_figures_of_a_card(tmp_path: Path) -> None:
    run = make_run(tmp_path / "pets", weights=APACHE)
    write_figures(run)
    data = huggingface_hub.ModelCard(model_card(run)).data
    assert (data.library_name, data.pipeline_tag, data.license) == ("auxseg", "image-segmentation", "apache-2.0")
    assert data.model_name == "pets"
    found = {each.metric_name: each for each in data.eval_results}
    assert {name: each.metric_value for name, each in found.items()} == {
        "IoU (all pixels)": 0.75,
        "IoU (per image)": 0.7,
    }
    first = found["IoU (all pixels)"]
    assert (first.task_type, first.dataset_name, first.dataset_type) == ("image-segmentation", "pets.h5", "synthetic")
    assert (first.dataset_split, first.dataset_revision) == ("test", DATA.content_hash)


def test_the_hub_would_write_the_same() -> None:
    text = front_matter("pets", _metrics(), "mit")
    data = huggingface_hub.ModelCard(text).data
    own = huggingface_hub.ModelCardData(
        library_name="auxseg",
        pipeline_tag="image-segmentation",
        tags=["auxseg", "image-segmentation"],
        license="mit",
        metrics=["mean_iou"],
        model_name="pets",
        eval_results=[
            huggingface_hub.EvalResult(
                task_type="image-segmentation",
                dataset_type="synthetic",
                dataset_name="pets.h5",
                dataset_split="test",
                dataset_revision=DATA.content_hash,
                metric_type="mean_iou",
                metric_value=value,
                metric_name=name,
            )
            for name, value in (("mean IoU (all pixels)", 0.1235), ("mean IoU (per image)", 0.5))
        ],
    )
    assert data.to_dict() == own.to_dict()


def test_nothing_is_claimed_without_figures_or_licence() -> None:
    for metrics in (None, _metrics(figures={"mask": {"miou_dataset": None}}), _metrics(figures={})):
        data = huggingface_hub.ModelCard(front_matter("pets", metrics, None)).data
        assert (data.eval_results, data.license) == (None, None)


def test_another_kind_of_target_has_the_figure_it_is_judged_by() -> None:
    text = front_matter("pets", _metrics(figures={"mask": {"mse_pixels": 2.5, "accuracy": 0.5}}), None)
    (found,) = huggingface_hub.ModelCard(text).data.eval_results
    assert (found.metric_type, found.metric_value) == ("mse_pixels", 2.5)


def test_names_stay_names_in_yaml() -> None:
    name = "no: [1]\n---\nlicense: mit"
    assert huggingface_hub.ModelCard(front_matter(name, _metrics(), None)).data.model_name == name


@pytest.mark.parametrize(
    ("weights", "licence"),
    [
        ({"encoder": APACHE}, "apache-2.0"),
        ({"encoder a": APACHE, "encoder b": APACHE}, "apache-2.0"),
        ({"encoder a": APACHE, "encoder b": APACHE.replace("apache-2.0", "cc-by-nc-4.0")}, None),
        ({"encoder": "timm x (y; licence not stated)"}, None),
        ({"encoder": "weights; licence mit.safetensors (sha256 ab)"}, None),
        ({"encoder": "random"}, None),
        ({}, None),
    ],
)
def test_the_licence_is_that_of_the_weights_where_it_is_known(weights: dict[str, str], licence: str | None) -> None:
    assert origin_licence(make_start(weights=weights)) == licence
    assert origin_licence(None) is None
