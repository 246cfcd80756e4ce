"""Recipes: strict, complete, and back to the same value."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from auxseg.balancing import FixedConfig
from auxseg.data.augment import MILD, AugmentConfig
from auxseg.errors import InputError
from auxseg.presets import presets
from auxseg.recipe import dump_recipe, load_recipe, parse_recipe, to_values

PRESETS = sorted(presets())


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_a_round_trip(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    assert parse_recipe(to_values(recipe)) == recipe
    path = tmp_path / "recipe.yaml"
    path.write_text(dump_recipe(recipe))
    assert load_recipe(path) == recipe


@pytest.mark.parametrize("name", PRESETS)
def test_presets_say_what_they_are_and_how_to_run_them(name: str) -> None:
    first, second = presets()[name].read_text().splitlines()[:2]
    assert first.startswith("# ")
    assert second.startswith(f"# command: auxseg train {name} ")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["model.widht=2"], "model.widht is not a setting (did you mean 'width'?)"),
        (["trainig.steps=2"], "trainig is not a setting (did you mean 'training'?)"),
        (["model.encoder.kind=unett"], "model.encoder.kind is 'unett' (did you mean 'unet'?)"),
        (["model.encoder.chanels=[8]"], "model.encoder.chanels is not a setting (did you mean 'channels'?)"),
        (["training.precision=bf61"], "training.precision is 'bf61'"),
        (["training.optimizer.kind=adm"], "training.optimizer.kind is 'adm'"),
        (["training.batch=0"], "training.batch is 0: input should be greater than or equal to 1"),
        (["model.width=-1"], "model.width is -1"),
        (["tasks.segmentation.lossess={}"], "tasks.segmentation.lossess is not a setting"),
        (["tasks.more={label: breed}"], "tasks.more.kind is missing"),
        (["target=boxes"], "target is 'boxes', but the tasks are segmentation"),
        (["tasks.segmentation=off"], "tiny: tasks.segmentation is off, but segmentation is the target; leave it on"),
        (["tasks={}"], "tasks is {}, expected at least 1 entry"),
        (["tasks.segmentation.losses={}"], "tasks.segmentation.losses is {}, expected at least 1 entry"),
        (["tasks.segmentation.losses={dice: -1}"], "tasks.segmentation.losses.dice is -1"),
        (["tasks.segmentation.losses={dice: 0}"], "tiny: tasks.segmentation.losses: every weight is 0, so segmentat"),
        (
            ["tasks.edges={kind: edges, losses: {bce: 0, dice: 0}}"],
            "tasks.edges.losses: every weight is 0, so edges would learn nothing; raise one, or leave the task out by "
            "tasks.edges=off",
        ),
        (
            ["tasks.segmentation.losses={cross_entropy: 1, bce: 1}"],
            "tasks.segmentation.losses: cross_entropy and bce are the same loss here, expected one of them",
        ),
        (["balancer.weights={boxx: 1}"], "balancer.weights names 'boxx'"),
        (["balancer.weights={segmentation: 0}"], "gives the target 'segmentation' no weight"),
        (["balancer={kind: dwa, weights: {segmentation: 0}}"], "gives the target 'segmentation' no weight"),
        (["balancer={kind: equal, gate: {boxx: 0.1}}"], "balancer.gate names 'boxx'"),
        (["balancer.gate={segmentation: 0.1}"], "balancer.gate names the target 'segmentation'"),
        (["balancer.gate={segmentation: 0}"], "greater than 0"),
        (["balancer.kind=dwaa"], "balancer.kind is 'dwaa' (did you mean 'dwa'?)"),
        (["balancer={kind: dwa, temprature: 2}"], "balancer.temprature is not a setting (did you mean 'temperature'?)"),
        (["balancer={kind: dwa, every: 0}"], "balancer.every"),
        (["balancer={kind: equal, weights: {segmentation: 1}}"], "balancer.weights is not a setting"),
        (["balancer={kind: uncertainty, form: kendal}"], "did you mean 'kendall'"),
        (["training.accumulate=17"], "training.accumulate is 17, more than the batch of 16"),
        (["training=3"], "training is 3"),
        (["training.phases=[{name: a, shre: 1}]"], "training.phases.0.shre is not a setting (did you mean 'share'?)"),
        (["training.phases=[{name: a}, {name: b}]"], "a wants either steps or share, and neither is given"),
        (["training.phases=[{name: a, tasks: [box]}]"], "a trains 'box', which is no task of this recipe"),
        (["training.phases=[{name: a, train: [box]}]"], "a trains 'box', which is no part of this network"),
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
            "tiny: model.sharing: two-stage trains the auxiliaries first, expected training.phases to say so, "
            "found none; set training.phases=[{name: auxiliaries, share: 0.5, tasks: [edges, flip]}, "
            "{name: target, tasks: [segmentation]}]",
        ),
        (["model.weights=timm"], "tiny: model.weights: the unet encoder has no pretrained weights"),
        (["tasks={a.b: {kind: segmentation}}", "target=a.b"], "a name may hold letters, digits, '_' and '-'"),
        (["data={size: 32, size: 64}"], "the key 'size' stands in line 1 and already in line 1"),
        (["data.augment.scale=[2, 1]"], "data.augment"),
        (["model.width=1.0e+9"], "model.width is 1000000000.0: input should be less than or equal to 8"),
        (["training.batch=1.0e+12"], "training.batch is 1000000000000.0: input should be less than or equal to 65536"),
        (["training.steps=1.0e+30"], "training.steps is 1e+30"),
        (["training.epochs=.inf"], "training.epochs is inf"),
        (["training.validate_every=.inf"], "training.validate_every is inf"),
        (["model.encoder.channels=[1000000000]"], "model.encoder.channels.0 is 1000000000"),
        (["model.encoder={kind: residual, num_units: 1000000000}"], "model.encoder.num_units is 1000000000"),
        (["model.encoder.channels=[8192, 8192, 8192, 8192]"], "tiny: model: the network would have 4,"),
        (["tasks.n={kind: noise, channels: 1000000000}"], "tasks.n.channels is 1000000000"),
        (["tasks.box={kind: box, grid: 100000}"], "tasks.box.grid is 100000"),
        ([f"tasks={{{', '.join(f't{n}: {{kind: flip}}' for n in range(65))}}}"], "at most 64"),
        (["seed=-1"], "seed is -1"),
        (["nonsense"], "expected key=value"),
        (["target.x=1"], "target is a single value"),
        (["seed=[1"], "the value is not YAML"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(settings: list[str], expected: str) -> None:
    with pytest.raises(InputError) as error:
        load_recipe("tiny", settings)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"- a list", "a recipe is a mapping"), (b"a: [", "not YAML"), (b"\xff\xfe\x00", "not YAML"), (b"", "mapping")],
)
def test_files_that_are_no_recipes(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=expected):
        load_recipe(path)


@pytest.mark.parametrize(
    "content",
    [
        "seed: 1\ntarget: a\nseed: 2\n",
        "a: 1\n\ntasks:\n  box: {kind: box}\n  segmentation: {kind: segmentation}\n  box: {kind: box}\n",
        "a: [{b: 1,\n  b: 2}]",
    ],
)
def test_keys_that_stand_twice_are_refused_with_their_lines(content: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    with pytest.raises(InputError) as error:
        load_recipe(path)
    key = {"seed": ("seed", 3, 1), "a: 1": ("box", 6, 4), "a: [": ("b", 2, 1)}[content[:4]]
    expected = "{}: the key {!r} stands in line {} and already in line {} of the same mapping; give it once"
    assert str(error.value) == expected.format(path, *key)


def test_keys_of_different_mappings_may_be_alike(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(presets()["tiny-mtl"].read_text() + "data: &d {size: 32}\n")
    assert load_recipe(path).data.size == 32


def test_reading_a_recipe_loads_no_compiler() -> None:
    """Building on paper must stay cheap: torch's compiler alone takes seconds to import."""
    code = "from auxseg.recipe import load_recipe; load_recipe('residual-two-stage')"
    code += "; import sys; print('torch._dynamo' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert result.stdout == b"False\n"


def test_what_depends_on_the_data_is_left_for_the_data() -> None:
    assert load_recipe("tiny-mtl", ["tasks.classification.label=habitat"]).tasks["classification"]


def test_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'tiny-mtl'"):
        load_recipe("tiny-mlt")
    with pytest.raises(InputError, match="cannot be read"):
        load_recipe("nowhere.yaml")


def test_yaml_does_not_run_code(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"seed: !!python/object/apply:os.mkdir ['{tmp_path}/made']")
    with pytest.raises(InputError, match="not YAML"):
        load_recipe(path)
    assert not (tmp_path / "made").exists()


def test_settings_change_single_values() -> None:
    recipe = load_recipe("tiny-mtl", ["tasks.box=off", "training.epochs=2", "model.width=0.5", "seed=3"])
    assert list(recipe.tasks) == ["segmentation", "classification"]
    assert (recipe.training.epochs, recipe.training.steps) == (2, None)
    assert (recipe.model.width, recipe.seed) == (0.5, 3)


def test_of_a_key_that_is_given_twice_the_last_value_counts_where_it_stands() -> None:
    training = load_recipe("tiny", ["training.steps=600", "training.epochs=10", "training.steps=60"]).training
    assert (training.steps, training.epochs) == (60, None)
    training = load_recipe("tiny", ["training.epochs=10", "training.steps=60", "training.epochs=20"]).training
    assert (training.steps, training.epochs) == (None, 20)


def test_a_task_that_is_off_is_forgotten_by_every_balancer() -> None:
    settings = ["balancer={kind: dwa, weights: {box: 0.5}, gate: {box: 0.1, classification: 0.2}}", "tasks.box=off"]
    balancer = load_recipe("tiny-mtl", settings).balancer
    assert vars(balancer) == {
        "kind": "dwa",
        "gate": {"classification": 0.2},
        "weights": {},
        "temperature": 2.0,
        "every": "epoch",
    }


def test_a_phase_whose_tasks_are_all_off_goes_with_them() -> None:
    off = ["tasks.box=off", "tasks.classification=off"]
    with pytest.raises(InputError, match=r"^residual-two-stage: model\.sharing: two-stage .* beside segmentation"):
        load_recipe("residual-two-stage", off)
    (phase,) = load_recipe("residual-two-stage", [*off, "model.sharing.kind=hard"]).training.phases
    assert (phase.name, phase.tasks) == ("target", ("segmentation",))
    phases = "training.phases=[{name: a, share: 0.5, tasks: [box]}, {name: b, share: 0.5, train: [box]}, {name: c}]"
    with pytest.raises(InputError, match=r"b trains 'box', which is no part of this network"):
        load_recipe("tiny-mtl", ["tasks.box=off", phases])
    with pytest.raises(InputError, match=r"training\.phases\.0\.tasks is \[\], expected at least 1 entry"):
        load_recipe("tiny-mtl", ["training.phases=[{name: a, tasks: []}]"])


def test_another_kind_takes_the_settings_with_it_that_it_does_not_know() -> None:
    assert dict(vars(load_recipe("tiny-mtl", ["balancer.kind=equal"]).balancer)) == {"kind": "equal", "gate": {}}
    former, other = (load_recipe("tiny-mtl", setting) for setting in ([], ["balancer.kind=dwa"]))
    assert vars(other.balancer)["weights"] == vars(former.balancer)["weights"] != {}
    assert load_recipe("residual-cross-stitch", ["model.sharing.kind=hard"]).model.sharing.kind == "hard"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["balancer.weights.box=2", "balancer.kind=equal"], "balancer.weights is not a setting"),
        (["balancer.kind=equal", "balancer.weights.box=2"], "balancer.weights is not a setting"),
        (["balancer={kind: fixed, wieghts: {}}", "balancer.kind=dwa"], "balancer.wieghts is not a setting"),
        (["balancer={kind: fixed, temperature: 2}", "balancer.kind=fixed"], "balancer.temperature is not a setting"),
    ],
)
def test_another_kind_hides_no_mistake(settings: list[str], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        load_recipe("tiny-mtl", settings)


def test_a_mixing_matrix_for_other_tasks_names_the_way_out() -> None:
    with pytest.raises(InputError, match=r"set model\.sharing\.rows=null"):
        load_recipe("residual-cross-stitch", ["tasks.box=off"])
    assert len(load_recipe("residual-cross-stitch", ["tasks.box=off", "model.sharing.rows=null"]).tasks) == 2


def test_a_base_may_hold_tasks_that_cannot_stand_side_by_side() -> None:
    settings = ["tasks.a={kind: denoising, view: shared}", "tasks.b={kind: colorization, view: shared}"]
    assert len(load_recipe("tiny", settings, is_base=True).tasks) == 3
    with pytest.raises(InputError, match="target is 'boxes'"):
        load_recipe("tiny", ["target=boxes"], is_base=True)


def test_a_balancer_without_a_kind_has_fixed_weights(tmp_path: Path) -> None:
    recipe = load_recipe("tiny", ["balancer.weights={segmentation: 2}"])
    assert recipe.balancer == FixedConfig(weights={"segmentation": 2.0})
    path = tmp_path / "mine.yaml"
    path.write_text(dump_recipe(recipe))
    assert load_recipe(path) == recipe


@pytest.mark.parametrize(("epochs", "num_samples", "steps"), [(30, 270, 507), (1, 1, 1), (0.5, 64, 2), (2, 17, 3)])
def test_epochs_become_steps(epochs: float, num_samples: int, steps: int) -> None:
    recipe = load_recipe("tiny", {"training.epochs": epochs, "training.batch": 16})
    assert recipe.training.num_steps(num_samples) == steps


def test_augmentation_is_mild_from_random_weights_and_strong_for_pretrained_ones() -> None:
    data = load_recipe("tiny").data
    assert data.augmentation(pretrained=False) == MILD
    assert data.augmentation(pretrained=True) == AugmentConfig()
    chosen = load_recipe("tiny", {"data.augment.flip": 0.25}).data
    assert chosen.augmentation(pretrained=False) == AugmentConfig(flip=0.25)


def test_mistakes_inside_of_a_choice_are_named() -> None:
    with pytest.raises(InputError, match=r"data\.augment\.flp is not a setting \(did you mean 'flip'\?\)"):
        load_recipe("tiny", {"data.augment.flp": 0.25})
