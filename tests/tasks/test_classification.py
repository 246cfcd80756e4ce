"""What is particular to classes."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from auxseg.data.sample import MISSING, Vocabulary
from auxseg.errors import InputError
from auxseg.records.values.size import Size
from auxseg.tasks import ClassificationConfig, Vector, task_loss
from tests.tasks.examples import VOCABULARY, make_batch


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_agrees_with_torch(smoothing: float) -> None:
    task = ClassificationConfig(label_smoothing=smoothing).build("breed", VOCABULARY)
    logits, ids = torch.randn(6, 3), torch.tensor([0, 2, MISSING, 1, 1, 0])
    known = ids != MISSING
    expected = functional.cross_entropy(logits[known], ids[known], label_smoothing=smoothing)
    torch.testing.assert_close(task_loss(task, logits, ids, {"cross_entropy": 5.0}), expected)


def test_figures_rows_and_confusion() -> None:
    task = ClassificationConfig().build("breed", VOCABULARY)
    logits = torch.tensor([[9.0, 0, 0], [9, 0, 0], [0, 0, 9], [0, 9, 0]])
    table = task.measure(logits, torch.tensor([0, 2, 2, MISSING]))
    assert task.figures(table) == {"accuracy": pytest.approx(2 / 3), "num_images": 3.0}
    rows = task.rows(table)
    assert rows["truth"] == ["Bengal", "pug", "pug", None]
    assert rows["prediction"] == ["Bengal", "Bengal", "pug", None]
    assert rows["probability"] == pytest.approx([1, 0, 1, None], abs=1e-3)
    names, counts = task.tables(table)["confusion"]
    assert names == ("Bengal", "Birman", "pug")
    assert counts.tolist() == [[1, 0, 0], [0, 0, 0], [1, 0, 1]]


def test_the_label_is_chosen_by_name() -> None:
    batch = make_batch(3)
    default = ClassificationConfig().build("class", VOCABULARY)
    species = ClassificationConfig(label="species", grid=2, hidden=8, dropout=0.5).build("class", VOCABULARY)
    assert torch.equal(default.target(batch), batch.classes["breed"])
    assert torch.equal(species.target(batch), batch.classes["species"])
    assert species.output == Vector(2, grid=2, hidden=8, dropout=0.5)


def test_unknown_labels_and_losses_are_refused_with_the_allowed_ones() -> None:
    with pytest.raises(InputError, match=r"tasks\.class\.label.*'colour'.*breed, species"):
        ClassificationConfig(label="colour").build("class", VOCABULARY)
    with pytest.raises(InputError, match=r"tasks\.class: needs a kind of label"):
        ClassificationConfig().build("class", Vocabulary(Size.of(12), ("background", "animal"), {}))
    with pytest.raises(InputError, match=r"tasks\.class\.losses.*'dice'.*allowed: cross_entropy$"):
        ClassificationConfig(losses={"dice": 1.0}).build("class", VOCABULARY)
