"""What a file says of its training: no place of this machine, and a digest that follows what matters."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from auxseg.deploy.export.description import describe, measured, recipe_digest
from auxseg.deploy.export.result import Cost, Parity
from auxseg.deploy.export.source import Source
from auxseg.recipe import load_recipe, with_changes


def test_the_file_of_initial_weights_is_not_named(run: Path) -> None:
    source = Source.open(run)
    facts = source.facts
    named = with_changes(facts.recipe, model={"weights": "/home/somebody/secret.safetensors"})
    texts = describe(source.model, type(facts)(named, facts.vocabulary, facts.step), ["box"], source.initial_weights)
    assert "somebody" not in " ".join(texts.values())
    assert yaml.safe_load(texts["recipe"])["model"]["weights"] == "none"
    assert texts["outputs"].startswith('{"box"')


def test_the_digest_follows_what_changes_a_result() -> None:
    recipe = with_changes(load_recipe("tiny"), model={"weights": "here.pt"})
    same = with_changes(recipe, model={"weights": "elsewhere.pt", "checkpointing": True}, data={"workers": 2})
    assert recipe_digest(same) == recipe_digest(recipe)
    for other in ({"training": {"batch": 8}}, {"model": {"weights": "none"}}, {"model": {"weights": "timm"}}):
        assert recipe_digest(with_changes(recipe, **other)) != recipe_digest(recipe)


def test_eight_bits_are_told_only_where_there_are_any() -> None:
    parity = (Parity("box", (1, 32, 32), "generated", None, {"median": 0.0}, 1.0),)
    assert measured(parity, (), 0).keys() == {"parity"}
    said = json.loads(measured(parity, (Cost("box", "iou", "val", False, 3, 0.5, None),), 7)["int8"])
    assert said["calibrated_on"] == 7
    assert (said["costs"][0]["float32"], said["costs"][0]["int8"]) == (0.5, None)
