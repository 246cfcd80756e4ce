"""What a model card says, and above all what it does not claim."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auxseg.deploy.packing import model_card
from tests.deploy.made_models import VOCABULARY, make_run


def test_a_training_that_goes_on_is_said(tmp_path: Path) -> None:
    unfinished = model_card(make_run(tmp_path / "going", is_finished=False))
    assert "The training had not ended when this model was packed (40 steps were planned)." in unfinished
    assert "had not ended" not in model_card(make_run(tmp_path / "done"))


def test_data_tasks_and_preparation_are_said(tmp_path: Path) -> None:
    card = model_card(make_run(tmp_path / "pets", vocabulary=replace(VOCABULARY, resize="letterbox")))
    for line in (
        "# pets",
        "| Data | pets.h5 |",
        "| Images | training 28 · validation 4 · test 8 |",
        "| Borders | ignore: border pixels are not counted |",
        "| Content hash | 9f2c41d07e55 |",
        "| Training images with a label for box | 12 |",
        "| segmentation | segmentation | a mask of class ids: background, animal |",
        "| classification | classification | the probability of each class: cat, dog |",
        "| box | box | a box in pixels of the image |",
        'model = auxseg.load("pets")',
        "auxseg predict pets photos --out masks",
    ):
        assert line in card.splitlines(), line
    assert "pad its shorter side evenly with 128" in card


def test_a_task_that_learned_nothing_claims_no_answer(tmp_path: Path) -> None:
    card = model_card(make_run(tmp_path / "pets", labelled={"segmentation": 20, "classification": 20, "box": 0}))
    assert "| box | box | nothing: it only helped in training |" not in card
    assert "| box | box | nothing: it had no label to learn from |" in card
    assert "- Not trained, for lack of labels: box." in card


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ("random", "No weights of others are in this model."),
        (
            "timm resnet18.a1_in1k (https://x.test; licence apache-2.0)",
            "licence is that of the pretrained weights.",
        ),
        ("timm resnet18.a1_in1k (https://x.test; licence not stated)", "pretrained weights is not recorded"),
        ("mobilenet.safetensors (sha256 abc)", "The licence of the pretrained weights is not recorded"),
    ],
)
def test_the_origin_of_the_weights_is_said(weights: str, sentence: str, tmp_path: Path) -> None:
    card = model_card(make_run(tmp_path / "pets", weights=weights))
    assert sentence in card
    assert ("license: apache-2.0" in card) == ("apache" in weights)


def test_names_from_outside_are_no_markup(tmp_path: Path) -> None:
    names = ("background", "<img src=x> | [a](b) `c`\x1b[31m\n# d")
    run = make_run(tmp_path / 'a "quoted" name', vocabulary=replace(VOCABULARY, mask_classes=names))
    card = model_card(run)
    assert "<img" not in card
    assert "\x1b" not in card
    assert "\n# d" not in card
    assert r"&lt;img src=x&gt; \| \[a\](b) \`c\`" in card
    assert 'auxseg.load("a \\"quoted\\" name")' in card
    assert "auxseg predict 'a \"quoted\" name' photos" in card
