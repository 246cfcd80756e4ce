"""Kinds of task in files of a user's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from auxseg.cli.main import main
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE
from auxseg.errors import InputError
from auxseg.recipe import load_recipe
from auxseg.run import Run, load
from auxseg.tasks import BoxConfig, plugins, register, run_plugin
from auxseg.testing import check_task
from tests.run.conftest import Uneven
from tests.tasks.examples import VOCABULARY, make_batch

EXAMPLE = Path(__file__).parents[2] / "examples" / "saliency_centre.py"
COARSE_SHAPE = Path(__file__).parents[2] / "benchmarks" / "plugins" / "coarse_shape.py"
SETTINGS = ["tasks.centre={kind: saliency-centre}", "model.encoder.channels=[8, 12]", "training.steps=2"]

UNTYPED = """
from typing import Literal
from auxseg.config import config
from auxseg.tasks import register
@register
@config
class Mine:
    kind: str = "mine"
    def build(self, name, vocabulary): ...
"""


@pytest.fixture(autouse=True)
def _only_what_is_registered_here() -> Iterator[None]:
    """Forget what a test registers."""
    registered, executed = dict(plugins._registered), set(plugins._executed)
    yield
    plugins._registered.clear()
    plugins._registered.update(registered)
    plugins._executed.clear()
    plugins._executed.update(executed)


def test_the_example_trains_and_its_model_wants_the_plugin_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = tmp_path / "data.h5", str(tmp_path / "run")
    prepare(Uneven(20), data, size=32)
    command = ["train", "tiny", "--data", str(data), "--out", out]
    settings = ["--set", *SETTINGS, "--set", "training.precision=fp32", "training.channels_last=false"]
    assert main([*command, "--plugins", str(EXAMPLE), *settings]) == 0
    assert "centre" in load(Run.open(out)).tasks
    assert main(["evaluate", out, "--plugins", str(EXAMPLE)]) == 0
    plugins._registered.clear()
    capsys.readouterr()
    assert main(["evaluate", out]) == 2
    error = capsys.readouterr().err
    assert "tasks.centre.kind is 'saliency-centre'" in error
    assert "--plugins FILE.py" in error
    assert error.count("\n") == 1


def test_the_examples_keep_the_contract_of_a_task() -> None:
    run_plugin(EXAMPLE)
    check_task(plugins._registered["saliency-centre"]())
    run_plugin(COARSE_SHAPE)
    rows = {f"shape row {row}": ("0011", "0110", "1111") for row in range(4)}
    check_task(plugins._registered["coarse-shape"](), replace(VOCABULARY, labels=rows))


def test_the_example_finds_the_centre() -> None:
    run_plugin(EXAMPLE)
    task = plugins._registered["saliency-centre"]().build("centre", VOCABULARY)
    batch = make_batch(2)
    batch.mask[:] = 0
    batch.mask[0, 2:4, 5:9], batch.mask[0, 8] = 1, IGNORE
    torch.testing.assert_close(task.target(batch)[0], torch.tensor([7 / 12, 3 / 12]))
    assert task.target(batch)[1].isnan().all()


def test_settings_of_a_plugin_are_checked_as_strictly() -> None:
    run_plugin(EXAMPLE)
    with pytest.raises(InputError, match=r"tasks\.centre\.grd is not a setting \(did you mean 'grid'\?\)"):
        load_recipe("tiny", ["tasks.centre={kind: saliency-centre, grd: 3}"])


NEEDY = """
from typing import Literal
from auxseg.config import config
from auxseg.errors import InputError
from auxseg.tasks import register
@register
@config
class Needy:
    kind: Literal["needy"] = "needy"
    def build(self, name, vocabulary):
        raise InputError(f"tasks.{name}: masks of three classes are needed")
"""


def test_what_a_plugin_asks_of_the_data_is_left_for_the_data(tmp_path: Path) -> None:
    (tmp_path / "needy.py").write_text(NEEDY)
    run_plugin(tmp_path / "needy.py")
    assert set(load_recipe("tiny", ["tasks.mine={kind: needy}"]).tasks) == {"segmentation", "mine"}
    with pytest.raises(InputError, match="unknown loss 'foo'"):
        load_recipe("tiny", ["tasks.mine={kind: needy}", "tasks.edges={kind: edges, losses: {foo: 1}}"])


def test_a_file_is_executed_once(tmp_path: Path) -> None:
    (tmp_path / "count.py").write_text("from pathlib import Path\nPath(__file__).with_suffix('.ran').mkdir()")
    for _ in range(2):
        run_plugin(tmp_path / "count.py")
    assert (tmp_path / "count.ran").is_dir()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("1 / 0", r"mine\.py: the plugin failed \(ZeroDivisionError: division by zero\)"),
        ("def", r"mine\.py: the plugin failed \(SyntaxError"),
        (
            "from auxseg.tasks import register\n@register\nclass A: pass",
            r"mine\.py: A: a kind of task must be a class made",
        ),
        (UNTYPED, r"mine\.py: Mine: a kind of task must be a class made .* `kind: Literal\['NAME'\] = 'NAME'`"),
        (UNTYPED.replace("str", "Literal['yours']"), r"mine\.py: Mine: a kind of task must be a class made"),
    ],
)
def test_files_that_fail(content: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(content)
    with pytest.raises(InputError, match=expected):
        run_plugin(tmp_path / "mine.py")


def test_files_that_are_no_plugins(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(InputError, match=r"expected a Python file, whose name ends in \.py"):
        run_plugin(tmp_path / "mine.txt")
    with pytest.raises(InputError, match="the plugin file does not exist"):
        run_plugin(tmp_path / "nowhere.py")


def test_kinds_cannot_be_replaced() -> None:
    with pytest.raises(InputError, match="a kind of task named 'box' already exists"):
        register(BoxConfig)
