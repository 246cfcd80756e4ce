"""A study whose masks are compared at the images' own size: it is part of the question, and of every figure."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources.synthetic import SyntheticSource
from auxseg.errors import InputError
from auxseg.records.metrics import read_metrics
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.study import Study
from tests.study.small import box_alone, run_study


@pytest.fixture(scope="module")
def data(store: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """Stores of images that were shrunk, with and without the masks as they were."""
    folder = tmp_path_factory.mktemp("shrunk")
    paths = {kept: folder / f"{kept}.h5" for kept in (True, False)}
    for kept, path in paths.items():
        prepare(SyntheticSource(num_samples=24, size=64), path, size=32, original_masks=kept, processes=1)
    return paths


def test_figures_are_mirrored_and_at_the_original_size(data: dict[bool, Path], tmp_path: Path) -> None:
    out = tmp_path / "study"
    found = run_study(box_alone(at="original", mirrored=True), data[True], out)
    assert (found["rules"]["at"], found["rules"]["mirrored"]) == ("original", True)
    for run in out.glob("runs/*"):
        metrics = read_metrics(run)
        assert metrics is not None
        assert (metrics.at, metrics.mirrored, metrics.split) == ("original", True, "test")
        counts = sum(map(sum, metrics.tables["segmentation.confusion"].counts))
        assert counts > metrics.num_images * 2 * 32**2
    before = {path: path.stat().st_mtime_ns for path in out.glob("runs/*/metrics.json")}
    again = run_study(box_alone(), data[True], out)  # as it was begun
    assert again["answers"] == found["answers"]
    assert {path: path.stat().st_mtime_ns for path in out.glob("runs/*/metrics.json")} == before
    with pytest.raises(InputError, match="holds a study of another question: at was original and is now not given"):
        run_study(box_alone(at="stored"), data[True], out)


def test_data_without_original_masks_are_refused_before_anything_is_trained(
    data: dict[bool, Path], tmp_path: Path
) -> None:
    study = Study(box_alone(at="original"), data[False], StudyDirectory(tmp_path / "study"))
    with pytest.raises(InputError, match=r"keeps masks only at the stored size; prepare it again"):
        study.plan()
    assert not (tmp_path / "study" / "runs").exists()
