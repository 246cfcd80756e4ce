"""A training loop of one's own on auxseg's parts: store, tasks, network, loaders, a balancer and metrics.

    auxseg data synthesize --out animals.h5 --samples 200 --size 64
    python examples/own_loop.py animals.h5

It trains three tasks at once and prints the IoU of the masks on the validation split. `auxseg.train` does the same with
checkpoints, a weight average, a log and several processes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

import auxseg
from auxseg.balancing import FixedConfig, Step
from auxseg.metrics import segmentation
from auxseg.models import ModelConfig
from auxseg.tasks import task_loss

FIXED = FixedConfig(weights={"classification": 0.3, "box": 0.3})


def train(
    data: str | Path, *, steps: int = 200, batch: int = 16, model: ModelConfig | None = None, balancing=FIXED
) -> float:
    """Train on a store for so many steps; returns the IoU on the validation split, over all its pixels.

    ``model`` may have parts of your own (without one it is that of the preset ``tiny-mtl``), and ``balancing`` may be
    settings of your own with a method ``build(tasks, target, seed)``.
    """
    seed = 0
    recipe, store = auxseg.load_recipe("tiny-mtl"), auxseg.Store.open(data)
    tasks = auxseg.build_tasks(recipe, store.vocabulary)  # segmentation, classification, box
    outputs = {name: task.output for name, task in tasks.items()}
    network = auxseg.build_network(model or recipe.model, outputs, seed, recipe.target).train()
    balancer = balancing.build(list(tasks), recipe.target, seed)
    parameters = list(network.parameters())
    optimizer = torch.optim.AdamW([*parameters, *balancer.parameters()], lr=3e-3)
    augment = recipe.data.augmentation(pretrained=False)
    loader = auxseg.TrainLoader(store, store.rows("train"), batch, augment=augment, seed=seed)

    for number, (images,) in enumerate(loader.steps(0, steps)):  # a list, because a step may be cut into parts
        targets = {name: task.target(images) for name, task in tasks.items()}
        # What every term of a loss averages over: images or pixels that have a label.
        totals = {
            name: {term: float(count.sum()) for term, count in task.counts(targets[name]).items()}
            for name, task in tasks.items()
        }
        labelled = frozenset(name for name, terms in totals.items() if any(terms.values()))
        balancer.begin_step(Step(number, 1, labelled, parameters))
        answers = network(images.image, list(tasks))
        losses = {name: task_loss(task, answers[name], targets[name], totals[name]) for name, task in tasks.items()}
        balancer.backward(losses)
        balancer.finish({name: losses[name].item() for name in labelled}, reduce=lambda tensors: None)
        optimizer.step()
        optimizer.zero_grad()

    network.eval()
    target = tasks[recipe.target]
    counts = torch.zeros(1, 2, 2, dtype=torch.int64)
    with torch.no_grad():
        for images in auxseg.EvaluationLoader(store, store.rows("val"), batch):
            masks = target.predict(network(images.image, [target.name])[target.name])
            counts += segmentation.confusion(masks, images.mask, num_classes=2).sum(0)
    return float(segmentation.iou(counts))


if __name__ == "__main__":
    print(f"IoU on validation: {100 * train(sys.argv[1]):.1f} %")
