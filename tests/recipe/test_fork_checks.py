"""What cannot stand beside branches that are merged is refused when a recipe is read."""

from __future__ import annotations

import pytest

from auxseg.errors import InputError
from auxseg.recipe import load_recipe, to_values, trained_together, what_matters

FORK = "training.fork_merge={candidates: 3}"


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (["training.fork_merge={candidates: 0}"], r"training\.fork_merge\.candidates is 0: input should be"),
        (["training.fork_merge={candidates: 101}"], r"training\.fork_merge\.candidates is 101: input should be"),
        (["training.fork_merge={every: 100}"], r"training\.fork_merge"),
        (["training.fork_merge=5"], r"training\.fork_merge is 5"),
        (
            [FORK, "training.phases=[{name: all}]"],
            r"^tiny-mtl: training\.fork_merge cannot be combined with training\.phases.*=null or training\.phases=\[\]",
        ),
        ([FORK, "training.watch=10"], r"cannot be combined with training\.watch.* or training\.watch=null"),
        (
            [FORK, "tasks.edges={kind: edges}", "model.refine_by=[edges]"],
            r"cannot be combined with model\.refine_by.* or model\.refine_by=\[\]",
        ),
        (
            [FORK, "tasks.taught={kind: consistency}"],
            r"cannot be combined with tasks\.taught, which learns from an average .* or tasks\.taught=off",
        ),
        ([FORK, "balancer.kind=krum"], r"in a branch of training\.fork_merge, balancer\.kind is 'krum'.* found 2"),
        (
            [FORK, "data.train_on=train+val"],
            r"fork_merge is set, .*leaves none; set training\.fork_merge=null",
        ),
    ],
)
def test_what_branches_cannot_have_is_refused(settings: list[str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        load_recipe("tiny-mtl", settings)


def test_branches_count_for_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auxseg.recipe.checks.MAX_PARAMETERS", _num_parameters() * 2)
    load_recipe("tiny-mtl", ["tasks.box=off", FORK])
    with pytest.raises(InputError, match="3 branches of the network would have"):
        load_recipe("tiny-mtl", [FORK])


def _num_parameters() -> int:
    from auxseg.models import outline
    from auxseg.recipe.checks import _tasks_on_paper

    recipe = load_recipe("tiny-mtl")
    tasks = _tasks_on_paper(recipe)
    assert tasks is not None
    network = outline(recipe.model, {name: task.output for name, task in tasks.items()}, recipe.target)
    return sum(network.parts().values())


def test_the_target_has_a_branch_of_its_own_and_shares_one_with_each_auxiliary() -> None:
    plain, forked = load_recipe("tiny-mtl"), load_recipe("tiny-mtl", [FORK])
    assert trained_together(plain) == [("segmentation", "classification", "box")]
    assert trained_together(forked) == [
        ("segmentation",),
        ("segmentation", "classification"),
        ("segmentation", "box"),
    ]


def test_a_recipe_without_branches_matters_as_before_there_were_any() -> None:
    values = to_values(load_recipe("tiny-mtl"))
    assert "fork_merge" in values["training"]
    assert "fork_merge" not in what_matters(values)["training"]
    assert what_matters(to_values(load_recipe("tiny-mtl", [FORK])))["training"]["fork_merge"] == {"candidates": 3}
