"""A store that is replaced or written over while a study works on it gives no verdict."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from auxseg.data.store.store import Store
from auxseg.data.synthesize import synthesize
from auxseg.errors import RunError
from auxseg.recipe import Recipe
from auxseg.records.about import Choices
from auxseg.records.names import STUDY_FILE
from auxseg.study.design.plan import Plan, PlannedRun
from auxseg.study.directory.directory import StudyDirectory
from auxseg.study.execution.jobs import Job, Workers, evaluations, trainings
from auxseg.study.execution.local import ThisMachine
from auxseg.study.execution.trainings import Execution
from auxseg.study.screening import budget
from auxseg.study.screening.screening import Screening
from auxseg.study.study import Study
from benchmarks.tools.in_this_process import InThisProcess
from tests.study.execution.test_local import planned
from tests.study.small import box_alone, run_study, small_config


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Other animals, as many and with the same classes."""
    path = tmp_path_factory.mktemp("other-data") / "other.h5"
    synthesize(path, num_samples=40, size=32, seed=1, processes=1)
    return path


@pytest.fixture
def data(store: Path, tmp_path: Path) -> Path:
    """A store that a test may replace."""
    return Path(shutil.copy(store, tmp_path / "data.h5"))


def replace(data: Path, other: Path) -> None:
    """As `auxseg data prepare --overwrite` or `mv` does it: another file under the name."""
    shutil.copy(other, data.with_name("incoming.h5"))
    data.with_name("incoming.h5").replace(data)


class Replacing:
    """A site of this process in which the store is replaced after so many jobs."""

    share = 1

    def __init__(self, after: int, data: Path, other: Path) -> None:
        self.left, self.paths = after, (data, other)

    @contextmanager
    def start(self, threads: int, plugins: Sequence[Path], tick: Callable[[], None]) -> Iterator[Workers]:
        yield self

    def train(self, study: StudyDirectory, data: Path, runs: Sequence[PlannedRun]) -> None:
        self._do(trainings(study, data, runs))

    def evaluate(self, study: StudyDirectory, data: Path, plan: Plan) -> None:
        self._do(evaluations(study, data, plan))

    def choose(self, recipe: Recipe, data: Path, threads: int, plugins: Sequence[Path]) -> Choices:
        return Choices("fp32", False, 1)

    def _do(self, jobs: list[Job]) -> None:
        for job in jobs:
            job.do()
            self.left -= 1
            if self.left == 0:
                replace(*self.paths)


@pytest.mark.parametrize("after", [1, 2, 4])
def test_a_store_that_is_replaced_gives_no_verdict(after: int, data: Path, other: Path, tmp_path: Path) -> None:
    study = Study(box_alone(seeds=1), data, StudyDirectory(tmp_path / "study"))
    with pytest.raises(
        RunError, match=r"data\.h5 holds other data: content hash .* nothing was judged; restore the form"
    ):
        study.run(Execution(site=Replacing(after, data, other), threads=1, watch=_ignore))
    assert not (tmp_path / "study" / "study.json").exists()
    assert _hashes(tmp_path / "study") == {study.directory.content_hash}


def test_a_worker_process_refuses_it_too(data: Path, other: Path, tmp_path: Path) -> None:
    directory = StudyDirectory(tmp_path / "study")
    study = Study(box_alone(seeds=1), data, directory)

    def replace_once_one_is_done(plan: Plan) -> None:
        if any(directory.is_done(run) for run in plan.runs):
            replace(data, other)

    said = r"data\.h5 (h(olds|eld) other data|was replaced after it was opened).* run the (same )?command again"
    with pytest.raises(RunError, match=said):
        study.run(Execution(site=ThisMachine(1), threads=1, watch=replace_once_one_is_done))
    assert not (directory.path / STUDY_FILE).exists()
    assert _hashes(tmp_path / "study") == {directory.content_hash}


def test_it_goes_on_when_the_former_file_is_back(data: Path, store: Path, other: Path, tmp_path: Path) -> None:
    out, config = tmp_path / "study", box_alone(seeds=1)
    with pytest.raises(RunError):
        Study(config, data, StudyDirectory(out)).run(
            Execution(site=Replacing(1, data, other), threads=1, watch=_ignore)
        )
    replace(data, store)
    Study(config, data, StudyDirectory(out)).run(Execution(site=InThisProcess(), threads=1, watch=_ignore))
    assert len(list(out.glob("runs/*/metrics.json"))) == 2


def test_a_file_that_is_written_over_in_place_takes_the_run_along(
    data: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = StudyDirectory(tmp_path / "study")
    study = Study(box_alone(seeds=1), data, directory)
    from auxseg.study.execution import jobs as workers

    train = workers.train

    def overwritten(*arguments: object, **options: object) -> None:
        train(*arguments, **options)  # pyright: ignore[reportArgumentType]
        shutil.copyfile(other, data)  # the same file, other bytes

    monkeypatch.setattr(workers, "train", overwritten)
    with pytest.raises(RunError, match=r"data\.h5 was overwritten while a run read it, so that run was removed"):
        study.run(Execution(site=InThisProcess(), threads=1, watch=_ignore))
    assert list(directory.path.glob("runs/*")) == []


def test_a_run_that_opened_other_data_is_not_kept(
    data: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is another one only at the moment at which the training opens it."""
    directory = StudyDirectory(tmp_path / "study")
    study = Study(box_alone(seeds=1), data, directory)
    from auxseg.study.execution import jobs as workers

    train = workers.train

    def elsewhere(recipe: Recipe, path: Path, *arguments: object, **options: object) -> None:
        train(recipe, other, *arguments, **options)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(workers, "train", elsewhere)
    with pytest.raises(RunError, match="held other data when a run opened it, so that run was removed"):
        study.run(Execution(site=InThisProcess(), threads=1, watch=_ignore))
    assert not (directory.path / STUDY_FILE).exists()
    assert list(directory.path.glob("runs/*")) == []


def test_a_run_of_other_data_is_never_part_of_an_answer(study: Path, store: Path) -> None:
    events = StudyDirectory(study).run_directory(planned(small_config(), "box", 1)) / "events.jsonl"
    content_hash = Store.open(store).content_hash
    events.write_text(events.read_text().replace(content_hash, "0" * len(content_hash)))
    with pytest.raises(RunError, match=r"box-.*: was trained on other data \(content hash 000.* delete this directory"):
        run_study(small_config(), store, study)


def test_figures_of_other_data_are_measured_again(study: Path, store: Path) -> None:
    metrics = StudyDirectory(study).run_directory(planned(small_config(), "box", 1)) / "metrics.json"
    before = json.loads(metrics.read_text())
    metrics.write_text(json.dumps(before | {"data": before["data"] | {"content_hash": "0"}, "figures": {}}))
    run_study(small_config(), store, study)
    assert json.loads(metrics.read_text())["figures"] == before["figures"]


@pytest.mark.parametrize("other", [{"tta": "flip"}, {"at": "original"}])
def test_figures_that_were_measured_in_another_way_are_measured_again(
    study: Path, store: Path, other: dict[str, str]
) -> None:
    metrics = StudyDirectory(study).run_directory(planned(small_config(), "box", 1)) / "metrics.json"
    before = json.loads(metrics.read_text())
    metrics.write_text(json.dumps(before | other | {"figures": {}}))
    run_study(small_config(), store, study)
    assert json.loads(metrics.read_text()) | {"seconds": 0} == before | {"seconds": 0}


def test_a_ranking_stops_too(data: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "FEWEST_STEPS", 2)
    screening = Screening(Study(box_alone(seeds=20), data, StudyDirectory(tmp_path / "study")))
    with pytest.raises(RunError, match="holds other data"):
        screening.run(Execution(site=Replacing(2, data, other), threads=1, watch=_ignore))
    assert not (tmp_path / "study" / "screen.json").exists()


def _hashes(study: Path) -> set[str]:
    starts = [json.loads(file.read_text().splitlines()[0]) for file in study.glob("runs/*/events.jsonl")]
    return {start["data"]["content_hash"] for start in starts}


def _ignore(plan: Plan) -> None:
    """Nobody looks."""
