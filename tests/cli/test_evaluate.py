"""Which runs `auxseg evaluate` measures, what it refuses, and what it says of classes and differences."""

from __future__ import annotations

import dataclasses
import importlib
import io
import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from auxseg.cli.evaluate import MAX_IN_GRID, Evaluate
from auxseg.errors import InputError
from auxseg.records.metrics import ClassFigures, Metrics, TileFacts
from auxseg.records.values.writing import to_mapping
from auxseg.run.evaluate import How
from tests.records.made_events import DATA


def _run(path: Path, *, model: bool = True, diverged: bool = False) -> Path:
    """A directory that looks like a run's."""
    path.mkdir(parents=True)
    (path / "recipe.yaml").write_text("target: mask\ntasks: {mask: {kind: segmentation}}\n")
    if model:
        (path / "best.safetensors").touch()
    if diverged:
        path.with_name(f"{path.name}.failed").touch()
    return path


def _metrics(**classes: ClassFigures) -> Metrics:
    return Metrics(
        split="test",
        target="mask",
        num_images=4,
        checkpoint_step=7,
        data=DATA,
        figures={"mask": {"iou": 0.5, "num_images": 4.0}, "box": {"iou": 0.25}},
        classes={"mask": classes},
        seconds=0.5,
    )


class _Stubs:
    """Stands for measuring, drawing and pages; notes what it was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.metrics: dict[str, Metrics] = {}
        self.measured: list[tuple[str, str, Path | None, str]] = []
        self.mirrored: list[bool] = []
        self.averaged: list[str] = []
        self.sizes: list[str] = []
        self.tiles: list[tuple[bool | int | None, float | None]] = []
        self.pages: list[list[str]] = []
        self.grids: list[list[str]] = []
        self.unlike: list[str] = []
        self.remarks: list[str] = []
        self.no_grid = ""
        module = importlib.import_module("auxseg.run.evaluate")  # the function hides it from monkeypatch
        monkeypatch.setattr(module, "measured", self._measured)
        monkeypatch.setattr(module, "measured_alone", self._measured_alone)
        monkeypatch.setattr("auxseg.run.draw_grid", self._draw_grid)
        monkeypatch.setattr("auxseg.report.report", self._report)
        monkeypatch.setattr("auxseg.report.compared", self._compared)

    def _measured(self, run: Any, split: str, data: Path | None, device: str, how: How) -> Metrics:
        self.sizes.append(how.at)
        self.mirrored.append(how.mirrored)
        self.averaged.append(how.tta)
        self.tiles.append((how.tiles, how.overlap))
        self.measured.append((run.directory.name, split, data, device))
        return self.metrics.get(run.directory.name, _metrics())

    def _measured_alone(self, path: Path, split: str, data: Path | None, device: str, how: How) -> Metrics:
        self.sizes.append(how.at)
        self.averaged.append(how.tta)
        self.measured.append((f"packed {path.name}", split, data, device))
        return _metrics()

    def _report(self, directories: Sequence[Path], page: Path | None = None, grid: Path | None = None) -> Path:
        self.pages.append([directory.name for directory in directories])
        return directories[0].parent / "report.html"

    def _draw_grid(
        self, runs: dict[str, Any], path: Path, data: Path | None, tta: str, tiles: Any, overlap: float | None
    ) -> Path:
        self.averaged.append(f"grid {tta}")
        if self.no_grid:
            raise InputError(self.no_grid)
        self.grids.append(list(runs))
        return path

    def _compared(self, directories: Sequence[Path]) -> Any:
        rows = [
            SimpleNamespace(name=path.name, change="+1.0", difference=0.01, unlike=self.unlike) for path in directories
        ]
        return SimpleNamespace(rows=rows, remarks=self.remarks)


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> _Stubs:
    return _Stubs(monkeypatch)


def _evaluated(*runs: Path, **options: Any) -> tuple[dict[str, Any], str]:
    """The result, and what was said on lines that break nowhere."""
    said = io.StringIO()
    result = Evaluate(runs=runs, **options).run(Console(file=said, width=300))
    return result, said.getvalue()


def _refused(*runs: Path, **options: Any) -> str:
    with pytest.raises(InputError) as refused:
        _evaluated(*runs, **options)
    return str(refused.value)


def test_no_run_is_refused() -> None:
    assert _refused() == "evaluate needs at least one run directory"


def test_a_run_is_measured_once_under_whatever_name(tmp_path: Path) -> None:
    run = _run(tmp_path / "a")
    (tmp_path / "link").symlink_to(run)
    for again in (run, run / "..", tmp_path / "link", tmp_path / "b" / ".." / "a"):
        given = (run, again / "a" if again.name == ".." else again)
        assert _refused(*given) == f"evaluate: {run} is given twice; give each run once"
    assert _refused(tmp_path, run) == f"evaluate: {run} is given twice; give each run once"


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    assert _refused(tmp_path / "no") == f"{tmp_path / 'no'}: not a run directory (it does not exist)"
    run = _run(tmp_path / "a")
    assert "none.h5 does not exist" in _refused(run, data=tmp_path / "none.h5")


def test_one_run_gets_its_page_and_no_comparison(tmp_path: Path, stubs: _Stubs) -> None:
    run = _run(tmp_path / "a")
    result, _ = _evaluated(run, split="val", device="cpu")
    assert result == {"runs": {str(run): to_mapping(_metrics())}}
    assert stubs.measured == [("a", "val", None, "cpu")]
    assert stubs.pages == [["a"]]


def test_packed_models_stand_beside_runs_and_get_no_page(tmp_path: Path, stubs: _Stubs) -> None:
    run, packed = _run(tmp_path / "a"), tmp_path / "packed"
    packed.mkdir()
    (packed / "config.json").touch()
    result, _ = _evaluated(run, packed, Path("hf://me/pets"), device="cpu")
    assert list(result["runs"]) == [str(packed), "hf://me/pets", str(run)]
    assert [name for name, *_ in stubs.measured] == ["packed packed", "packed pets", "a"]
    assert stubs.pages == [["a"]]
    assert "report" not in result
    assert sorted(path.name for path in packed.iterdir()) == ["config.json"]


def test_a_model_on_a_hub_keeps_its_slashes_in_messages() -> None:
    address = Path("hf://me/pets")
    assert _refused(address, address) == "evaluate: hf://me/pets is given twice; give each run once"
    assert _refused(address) == "hf://me/pets: a packed model has no data; name a store with --data to measure it on"


def test_mirrored_scoring_is_passed_on_and_said(tmp_path: Path, stubs: _Stubs) -> None:
    run = _run(tmp_path / "a")
    _, said = _evaluated(run)
    assert "mirror image" not in said
    stubs.metrics["a"] = dataclasses.replace(_metrics(), mirrored=True)
    result, said = _evaluated(run, mirrored=True)
    assert stubs.mirrored == [False, True]
    assert result["runs"][str(run)]["mirrored"] is True
    assert "4 images (each with its mirror image), 32 px" in said


def test_averages_over_flips_are_passed_on_and_said(tmp_path: Path, stubs: _Stubs) -> None:
    runs, packed = [_run(tmp_path / name) for name in "ab"], Path("hf://me/pets")
    _, said = _evaluated(*runs)
    assert "averaged" not in said
    stubs.metrics["a"] = dataclasses.replace(_metrics(), tta="flip")
    result, said = _evaluated(*runs, packed, tta="flip")
    assert stubs.averaged == ["none", "none", "grid none", "flip", "flip", "flip", "grid flip"]
    assert result["runs"][str(runs[0])]["tta"] == "flip"
    assert "32 px, border ignore, outputs averaged with the mirror image's" in said


def test_the_original_size_is_passed_on_and_said(tmp_path: Path, stubs: _Stubs) -> None:
    run, packed = _run(tmp_path / "a"), Path("hf://me/pets")
    _, said = _evaluated(run)
    assert "at the images' original size" not in said
    stubs.metrics["a"] = dataclasses.replace(_metrics(), at="original")
    result, said = _evaluated(run, packed, at="original")
    assert stubs.sizes == ["stored", "original", "original"]
    assert result["runs"][str(run)]["at"] == "original"
    assert "32 px, mask at the images' original size (other tasks at 32 px), border" in " ".join(said.split())


def test_tiles_are_passed_on_and_said(tmp_path: Path, stubs: _Stubs) -> None:
    run = _run(tmp_path / "a")
    _, said = _evaluated(run)
    assert "by tiles of" not in said
    stubs.metrics["a"] = dataclasses.replace(_metrics(), tiles=TileFacts(64, 0.25))
    result, said = _evaluated(run, tiles=(64,), overlap=0.25)
    _evaluated(run, tiles=())
    assert stubs.tiles == [(None, None), (64, 0.25), (True, None)]
    assert result["runs"][str(run)]["tiles"] == {"size": 64, "overlap": 0.25}
    assert "by tiles of 64 px" in " ".join(said.split())
    with pytest.raises(InputError, match=r"^--tiles 64 32: expected one size in pixels, or none$"):
        _evaluated(run, tiles=(64, 32))


def test_seconds_per_image_stand_beside_the_figures(tmp_path: Path, stubs: _Stubs) -> None:
    stubs.metrics["a"] = dataclasses.replace(_metrics(), seconds=0.5, num_images=4)
    _, said = _evaluated(_run(tmp_path / "a"))
    assert re.search(r"per image.*0\.12 ", said, re.DOTALL)


def test_runs_of_a_folder_that_keep_nothing_to_measure_are_named_and_left_out(tmp_path: Path, stubs: _Stubs) -> None:
    _run(tmp_path / "a")
    young = _run(tmp_path / "b", model=False)
    diverged = _run(tmp_path / "c", diverged=True)
    result, said = _evaluated(tmp_path)
    assert list(result["runs"]) == [str(tmp_path / "a")]
    assert result["left_out"] == [f"{young}: has no model yet", f"{diverged}: diverged"]
    assert f"left out: {young}: has no model yet\n" in said


def test_a_folder_of_which_nothing_can_be_measured_is_refused(tmp_path: Path, stubs: _Stubs) -> None:
    _run(tmp_path / "a", model=False)
    last = _run(tmp_path / "b", diverged=True)
    assert _refused(tmp_path) == f"{tmp_path}: none of its 2 runs can be measured; {last}: diverged"
    assert stubs.measured == []


def test_a_run_that_is_asked_for_by_name_is_measured_whatever_became_of_it(tmp_path: Path, stubs: _Stubs) -> None:
    _evaluated(_run(tmp_path / "a", model=False))
    assert [name for name, *_ in stubs.measured] == ["a"]


def test_the_test_split_of_an_unfinished_study_stays_shut(tmp_path: Path, stubs: _Stubs) -> None:
    (tmp_path / "about.json").touch()
    _run(tmp_path / "runs" / "a")
    refusal = _refused(tmp_path)
    assert refusal.startswith(f"{tmp_path}: this study is not finished, and its test split is read only after all")
    assert refusal.endswith(f"--split val measures the finished runs, and `auxseg report {tmp_path}` shows it")
    assert stubs.measured == []
    _evaluated(tmp_path, split="val")
    (tmp_path / "study.json").touch()
    _evaluated(tmp_path)
    assert [split for _, split, *_ in stubs.measured] == ["val", "test"]


def test_several_runs_are_compared_and_drawn_under_their_short_names(tmp_path: Path, stubs: _Stubs) -> None:
    a, b = _run(tmp_path / "a"), _run(tmp_path / "b")
    result, said = _evaluated(a, b)
    assert stubs.pages == [["a"], ["b"], ["a", "b"], ["a", "b"]]
    assert stubs.grids == [["a", "b"]]
    assert result["first"] == str(a)
    assert result["differences"] == {str(run): {"difference": 0.01, "unlike": []} for run in (a, b)}
    assert (result["report"], result["grid"]) == (str(tmp_path / "report.html"), str(tmp_path / "grid.png"))
    assert f"comparison: {tmp_path / 'report.html'}   pictures: {tmp_path / 'grid.png'}" in said


def test_runs_of_one_name_are_drawn_under_the_whole_of_it(tmp_path: Path, stubs: _Stubs) -> None:
    runs = [_run(tmp_path / folder / "a") for folder in ("x", "y")]
    _evaluated(*runs)
    assert stubs.grids == [[str(run) for run in runs]]


@pytest.mark.parametrize("num_runs", [MAX_IN_GRID, MAX_IN_GRID + 1])
def test_more_runs_than_a_picture_can_show_get_none(num_runs: int, tmp_path: Path, stubs: _Stubs) -> None:
    result, said = _evaluated(*(_run(tmp_path / f"{number:02}") for number in range(num_runs)))
    if num_runs == MAX_IN_GRID:
        assert result["grid"] is not None
    else:
        assert result["grid"] is None
        assert "no common picture: 13 runs do not fit into one picture, which shows at most 12" in said


def test_figures_are_not_lost_where_no_picture_can_be_drawn(tmp_path: Path, stubs: _Stubs) -> None:
    stubs.no_grid = "the runs saw different images"
    result, said = _evaluated(_run(tmp_path / "a"), _run(tmp_path / "b"))
    assert len(result["runs"]) == 2
    assert result["grid"] is None
    assert "no common picture: the runs saw different images" in said


def test_what_else_sets_runs_apart_is_said_of_all_but_the_first(tmp_path: Path, stubs: _Stubs) -> None:
    stubs.unlike, stubs.remarks = ["other data", "a shorter training"], ["one run each is luck"]
    _, said = _evaluated(_run(tmp_path / "a"), _run(tmp_path / "b"))
    assert said.count("not alike") == 1
    assert "b against a: +1.0, not alike: other data; a shorter training\none run each is luck\n" in said


def _class(iou: float | None, pixels: int = 10) -> ClassFigures:
    return ClassFigures(iou=iou, precision=None, recall=None, pixels=pixels, predicted_pixels=0)


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ({"background": _class(0.9), "cat": _class(0.5)}, ""),  # of two, the figure itself says it
        (
            {"background": _class(0.98765), "cat": _class(0.5), "dog": _class(None, 0)},
            "IoU by class: background 0.9877, cat 0.5000, dog -\n",
        ),
        (
            {"background": _class(0.9), "cat": _class(0.0)},
            "The model found no pixel of cat (50.0 % of the true pixels): IoU 0.\n",
        ),
        ({"background": _class(0.9), "cat": _class(0.0, 0)}, ""),  # found where there is none
        (
            {**dict.fromkeys("abcdefghijkl", _class(0.5)), "m": _class(0.25), "n": _class(None, 0)},
            "IoU by class, the lowest 12 of 14: m 0.2500, a 0.5000, b",
        ),
        (dict.fromkeys("abc", _class(0.0)), "c 0.0000\nThe model found no pixel of a (33.3 % of the true pixels), b"),
        (
            {"background": _class(0.9, 990), "cat": _class(0.0)},
            "cat (1.0 % of the true pixels): IoU 0. To find rare classes, train with --set "
            "tasks.mask.class_weights=balanced.\n",
        ),
    ],
)
def test_what_is_said_of_classes(
    classes: dict[str, ClassFigures], expected: str, tmp_path: Path, stubs: _Stubs
) -> None:
    stubs.metrics["a"] = _metrics(**classes)
    _, said = _evaluated(_run(tmp_path / "a"))
    assert expected in said
    assert expected or ("IoU by class" not in said and "found no pixel" not in said)


def test_a_class_of_several_runs_is_said_with_the_run(tmp_path: Path, stubs: _Stubs) -> None:
    stubs.metrics["b"] = _metrics(background=_class(0.9), cat=_class(0.0))
    _, said = _evaluated(_run(tmp_path / "a"), _run(tmp_path / "b"))
    assert f"{tmp_path / 'b'}: The model found no pixel of cat (50.0 % of the true pixels): IoU 0.\n" in said


def test_a_figure_that_has_no_value_says_why(tmp_path: Path, stubs: _Stubs) -> None:
    stubs.metrics["a"] = dataclasses.replace(_metrics(), figures={"mask": {"iou": None, "num_images": 0}})
    _, said = _evaluated(_run(tmp_path / "a"))
    assert "iou has no value: no image has a label." in said
