"""What cannot stand side by side is refused when a recipe is read, with the key and the reason."""

from __future__ import annotations

import pytest

from auxseg.errors import InputError
from auxseg.recipe import Recipe, load_recipe, refuse_waiting, with_changes
from auxseg.recipe.checks import MAX_PARAMETERS, check_model, check_values, refuse_without_effect


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["target=boxes"], "target is 'boxes', but the tasks are segmentation"),
        (
            ["tasks.segmentation.losses={cross_entropy: 1, bce: 1}"],
            "tasks.segmentation.losses: cross_entropy and bce are the same loss here; expected only one of them",
        ),
        (["balancer.weights={boxx: 1}"], "balancer.weights names 'boxx'"),
        (["balancer.weights={segmentation: 0}"], "gives the target 'segmentation' no weight"),
        (["balancer={kind: dwa, weights: {segmentation: 0}}"], "gives the target 'segmentation' no weight"),
        (["balancer={kind: equal, gate: {boxx: 0.1}}"], "balancer.gate names 'boxx'"),
        (["balancer.gate={segmentation: 0.1}"], "balancer.gate names the target 'segmentation'"),
        (["training.accumulate=17"], "training.accumulate is 17, more than the batch of 16"),
        (["training.phases=[{name: a}, {name: b}]"], "a needs either steps or share, found neither"),
        (["training.phases=[{name: a, tasks: [box]}]"], "a trains 'box', which is not a task of this recipe"),
        (["training.phases=[{name: a, train: [box]}]"], "a trains 'box', which is not a part of this network"),
        (["training.steps=9", "training.phases=[{name: a, steps: 9}, {name: b}]"], "do not fit into 9 steps"),
        (["tasks.segmentation.losses={foo: 1}"], "tiny: tasks.segmentation.losses: unknown loss 'foo'"),
        (["tasks.edges={kind: edges, low: 300, high: 100}"], "tiny: tasks.edges.low is 300, expected at most high"),
        (["tasks.flip={kind: flip, view: shared}"], "tiny: tasks.flip.view: a mirrored picture"),
        (
            ["tasks.a={kind: denoising, view: shared}", "tasks.b={kind: colorization, view: shared}"],
            "tiny: tasks.b.view is shared, and so is tasks.a.view",
        ),
        (["model.decoder={kind: segnet}"], "tiny: model.decoder: segnet unpools by the indices"),
        (["model.sharing.kind=two-stage"], "tiny: model.sharing: two-stage lets the target read"),
        (
            ["model.sharing.kind=two-stage", "tasks.edges={kind: edges}", "tasks.flip={kind: flip}"],
            "tiny: model.sharing: two-stage trains the auxiliaries first and needs training.phases, found none; "
            "set, for example, training.phases=[{name: auxiliaries, share: 0.5, tasks: [edges, flip]}, "
            "{name: target, tasks: [segmentation]}]",
        ),
        (["model.weights=timm"], "tiny: model.weights: the unet encoder has no pretrained weights"),
        (["tasks={a.b: {kind: segmentation}}", "target=a.b"], "a name may hold letters, digits, '_' and '-'"),
        (["model.encoder.channels=[8192, 8192, 8192, 8192]"], "tiny: model: the network would have 4,"),
    ],
)
def test_what_does_not_go_together_is_said_in_one_sentence(settings: list[str], expected: str) -> None:
    with pytest.raises(InputError) as error:
        load_recipe("tiny", settings)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_a_mixing_matrix_for_other_tasks_names_the_way_out() -> None:
    with pytest.raises(InputError, match=r"set model\.sharing\.rows=null"):
        load_recipe("residual-cross-stitch", ["tasks.box=off"])
    assert len(load_recipe("residual-cross-stitch", ["tasks.box=off", "model.sharing.rows=null"]).tasks) == 2


def refused(recipe: Recipe) -> str:
    with pytest.raises(InputError) as error:
        check_values(recipe, "mine")
    return str(error.value)


def test_the_recipe_is_named_by_where_it_comes_from() -> None:
    tiny = load_recipe("tiny")
    check_values(tiny, "mine")
    check_model(tiny, "mine")
    assert refused(with_changes(tiny, training={"steps": None})) == (
        "mine: training needs either steps or epochs, found neither"
    )
    assert refused(with_changes(tiny, training={"epochs": 2.0})) == (
        "mine: training needs either steps or epochs, found both"
    )


def test_a_batch_holds_no_more_masks_than_samples() -> None:
    tiny = load_recipe("tiny")
    check_values(with_changes(tiny, data={"target_per_batch": 16}), "mine")
    assert refused(with_changes(tiny, data={"target_per_batch": 17})) == (
        "mine: data.target_per_batch is 17, more than the batch of 16"
    )


def test_a_batch_has_a_sample_for_every_part_of_it() -> None:
    tiny = load_recipe("tiny")
    check_values(with_changes(tiny, training={"accumulate": 16}), "mine")
    assert refused(with_changes(tiny, training={"accumulate": 17})) == (
        "mine: training.accumulate is 17, more than the batch of 16"
    )


PLATEAU = "training.schedule={kind: plateau}"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (
            PLATEAU,
            "tiny: training.schedule.kind is 'plateau', which waits for validations, and data.train_on=train+val "
            "leaves none; set training.schedule.kind=cosine",
        ),
        (
            "training.patience=3",
            "tiny: training.patience is 3, which waits for validations, and data.train_on=train+val leaves none; set "
            "training.patience=null",
        ),
    ],
)
def test_what_waits_for_validations_needs_some(setting: str, expected: str) -> None:
    load_recipe("tiny", [setting])
    with pytest.raises(InputError) as error:
        load_recipe("tiny", [setting, "data.train_on=train+val"])
    assert str(error.value) == expected


def test_a_plateau_that_never_drops_waits_for_nothing() -> None:
    assert load_recipe("tiny", ["training.schedule={kind: plateau, drop: 1}", "data.train_on=train+val"])
    with pytest.raises(InputError, match=r"^mine: training\.patience is 0, which waits for validations, and why;"):
        refuse_waiting(load_recipe("tiny", ["training.patience=0"]), "mine", "why")
    refuse_waiting(load_recipe("tiny"), "mine", "why")


def test_a_network_that_no_memory_holds_says_how_large_it_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = load_recipe("tiny")
    monkeypatch.setattr("auxseg.recipe.checks.MAX_PARAMETERS", 1000)
    with pytest.raises(InputError, match=r"^mine: model: the network would have [\d,]+ parameters, expected at"):
        check_model(tiny, "mine")
    assert MAX_PARAMETERS == 2 * 10**9


@pytest.mark.parametrize("name", ["a", "A-1", "a_b", "Käse", "7"])
def test_names_that_files_can_have_are_names_of_tasks(name: str) -> None:
    assert name in load_recipe("tiny", {f"tasks.{name}": {"kind": "edges"}}).tasks


@pytest.mark.parametrize("name", ["a b", "-a", "a/b", "", "../a", "a\n"])
def test_names_that_no_file_can_have_are_refused(name: str) -> None:
    tasks = {"segmentation": {"kind": "segmentation"}, name: {"kind": "edges"}}
    with pytest.raises(InputError, match=r"^tiny: tasks: a name may hold letters, digits, '_' and '-', unlike "):
        load_recipe("tiny", {"tasks": tasks})


@pytest.mark.parametrize(
    "settings",
    [
        ["tasks.segmentation.class_weights={pole: 5, sign: 2, car: 1}"],
        ["tasks.segmentation.class_weights.pet=5", "tasks.segmentation.losses={bce: 1}"],
        ["tasks.segmentation.class_weights.pet=5", "tasks.tags={kind: tag-mask}"],
        ["tasks.segmentation.class_weights.background=0", "tasks.tags={kind: tag-mask}"],
        ["tasks.segmentation.class_weights={road: 0, building: 0}"],
        ["tasks.segmentation.class_weights={background: 0, object: 0}"],
    ],
)
def test_classes_that_are_named_are_taken_to_be_in_the_data(settings: list[str]) -> None:
    assert load_recipe("tiny", settings)


def test_settings_that_say_nothing_because_of_another_are_refused_with_the_other() -> None:
    tiny = load_recipe("tiny")
    refuse_without_effect(tiny, ["data.order", "training.optimizer.rate"])
    refuse_without_effect(load_recipe("tiny", ["data.order=blocks"]), ["data.block"])
    with pytest.raises(InputError, match=r"^--set data\.block changes nothing, because data\.order is shuffled;"):
        refuse_without_effect(tiny, ["data.block"])
    with pytest.raises(
        InputError, match=r"^--set tasks\.segmentation\.ohem_share changes nothing, .*losses\.ohem too$"
    ):
        refuse_without_effect(tiny, ["tasks.segmentation.ohem_share"])
    refuse_without_effect(load_recipe("tiny", ["tasks.segmentation.losses.ohem=1"]), ["tasks.segmentation.ohem_share"])
    rate = ["training.optimizer.pretrained_rate"]
    with pytest.raises(InputError, match=r"^--set training\.optimizer\.pretrained_rate changes nothing,"):
        refuse_without_effect(tiny, rate)
    pretrained = ["model.encoder={kind: timm, name: test_resnet}", "model.weights=weights.safetensors"]
    for frozen in ("freeze=all", "lora={}"):
        with pytest.raises(InputError, match=r"because model\.encoder keeps its pretrained weights as they are"):
            refuse_without_effect(load_recipe("tiny", [*pretrained, f"model.encoder.{frozen}"]), rate)
    refuse_without_effect(load_recipe("tiny", [*pretrained, "model.encoder.freeze=2"]), rate)
    phases = "training.phases=[{name: a, share: 0.5}, {name: b, unfreeze: true}]"
    refuse_without_effect(load_recipe("tiny", [*pretrained, "model.encoder.freeze=all", phases]), rate)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (["tasks.boxes.kind=box-mask"], "tasks.boxes goes by the data's mask, but the target segmentation reads an"),
        (["tasks.deep.kind=deep-supervision"], r"another layer; leave it out by tasks\.deep=off"),
        (["data.label_fraction=0.5"], r"data\.label_fraction goes by the data's mask"),
        (["data.target_per_batch=4"], r"data\.target_per_batch goes by the data's mask"),
    ],
)
def test_what_goes_by_the_mask_is_refused_where_the_target_reads_a_layer(settings: list[str], reason: str) -> None:
    load_recipe("tiny", ["tasks.segmentation.layer=parts"])
    load_recipe("tiny", settings)
    with pytest.raises(InputError, match=reason):
        load_recipe("tiny", ["tasks.segmentation.layer=parts", *settings])
    for kind in ("depth", "normals", "map"):  # which find their layer by themselves
        with pytest.raises(InputError, match=r"^tiny: .* but the target of-layer reads another layer"):
            load_recipe("tiny", [f"tasks.of-layer.kind={kind}", "target=of-layer", *settings])
