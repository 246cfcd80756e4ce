"""The same samples and the same pictures, however a batch is shared out and prepared."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg.data.augment import NO_AUGMENTATION, AugmentConfig
from auxseg.data.channels import RGB
from auxseg.data.geometry import WHOLE, Fit, Part
from auxseg.data.loading.batch import Batch
from auxseg.data.loading.loader import EvaluationLoader, Rows, TrainLoader, collate
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sample import IGNORE, MISSING, Box, Sample
from auxseg.data.sources.source import Item, Source
from auxseg.data.store.layers import StoredLayer
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.records.values.size import Size


class FakeStore:
    """Twenty-three small samples in memory: letterboxed, every third without a mask, every fourth without a box."""

    size = Size(24, 24)
    box_from_mask = False
    fits_size = True

    def read_layers(self, row: int, part: Part = WHOLE) -> dict[str, np.ndarray]:
        return {}

    def __init__(self, count: int = 23) -> None:
        self.layers: dict[str, StoredLayer] = {}
        self.channels = RGB
        random = np.random.default_rng(7)
        self.images = random.integers(0, 256, (count, *self.size, 3), np.uint8)
        self.masks = random.integers(0, 3, (count, *self.size), np.uint8)
        self.masks[::3] = IGNORE
        self.masks[:, :4] = IGNORE
        self.ids = np.array([f"sample {index}" for index in range(count)])
        self.boxes = np.tile(np.array([0.2, 0.3, 0.6, 0.7], np.float32), (count, 1))
        self.boxes[::4] = np.nan
        self.classes = {"breed": np.arange(count, dtype=np.int32) - 1}

    def read(self, row: int, part: Part = WHOLE) -> tuple[np.ndarray, np.ndarray]:
        return self.images[row][part], self.masks[row][part]

    def read_mask(self, row: int) -> np.ndarray:
        return self.masks[row]

    def place(self, row: int) -> Fit:
        return Fit((20, 24), self.size, (4, self.size.height, 0, self.size.width))


class BrokenStore(FakeStore):
    """The sixth sample cannot be read."""

    def read(self, row: int, part: Part = WHOLE) -> tuple[np.ndarray, np.ndarray]:
        if row == 5:
            raise OSError("row 5 is gone")
        return super().read(row, part)


class Squares(Source):
    """Bright squares on noise, for a real store."""

    name = "squares"
    mask_classes = ("background", "square")
    box_from_mask = True
    fits_size = True

    def items(self) -> Sequence[Item]:
        return [Item(f"square {index}", "train") for index in range(9)]

    def read(self, item: Item) -> Sample:
        index = int(item.id.split()[1])
        image = np.random.default_rng(index).integers(0, 100, (40, 40, 3), np.uint8)
        mask = np.zeros((40, 40), np.uint8)
        mask[8 + index : 24 + index, 10:30] = 1
        image[mask == 1] += 100
        return Sample(
            item.id,
            image,
            mask,
            (Box(10.0, 8.0 + index, 30.0, 24.0 + index),),
            {"parity": "odd" if index % 2 else "even"},
        )

    def provenance(self) -> dict[str, str]:
        return {"name": "squares"}


@pytest.fixture(scope="module")
def real_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path: Path = tmp_path_factory.mktemp("store") / "squares.h5"
    prepare(Squares(), path, size=32)
    return Store.open(path)


def train_loader(store: Rows, rows: np.ndarray, batch_size: int = 4, **changes) -> TrainLoader:
    return TrainLoader(store, rows, batch_size, **{"augment": AugmentConfig(), "seed": 3, **changes})


def by_sample(steps: Iterator[list[Batch]]) -> list[dict[str, bytes]]:
    """For each step, what each sample looks like."""
    return [
        {
            name: b"".join(
                value[index].numpy().tobytes() for value in (each.image, each.clean, each.mask, each.box, each.inside)
            )
            for each in micro_batches
            for index, name in enumerate(each.ids)
        }
        for micro_batches in steps
    ]


def names(steps: Iterator[list[Batch]]) -> list[str]:
    return [name for micro_batches in steps for batch in micro_batches for name in batch.ids]


def test_fault_25_identity_gives_the_stored_pictures() -> None:
    store = FakeStore()
    (batch,) = next(train_loader(store, np.arange(23), augment=NO_AUGMENTATION).steps(0, 1))
    rows = [int(name.split()[1]) for name in batch.ids]
    assert torch.equal((batch.image * 255).round().byte(), torch.from_numpy(store.images[rows]).permute(0, 3, 1, 2))
    assert torch.equal(batch.image, batch.clean)
    assert torch.equal(batch.mask, torch.from_numpy(store.masks[rows]))
    torch.testing.assert_close(batch.box, torch.from_numpy(store.boxes[rows]), equal_nan=True, atol=0, rtol=0)
    assert batch.classes["breed"].tolist() == [row - 1 for row in rows]
    assert not batch.inside[:, :4].any()
    assert batch.inside[:, 4:].all()


def test_missing_labels_stay_missing() -> None:
    for batch in EvaluationLoader(FakeStore(), np.arange(23), 5):
        for index, name in enumerate(batch.ids):
            row = int(name.split()[1])
            assert (batch.mask[index] == IGNORE).all() == (row % 3 == 0)
            assert batch.box[index].isnan().all() == (row % 4 == 0)
            assert (batch.classes["breed"][index] == MISSING) == (row == 0)


@settings(max_examples=15)
@given(count=st.integers(1, 23), batch_size=st.integers(1, 30))
def test_every_sample_comes_once_per_epoch_in_full_batches(count: int, batch_size: int) -> None:
    rows = np.arange(23)[-count:]
    loader = train_loader(FakeStore(), rows, batch_size, augment=NO_AUGMENTATION)
    num_steps = -(-3 * count // batch_size)
    steps = list(loader.steps(0, num_steps))
    assert all(len(batch) == batch_size for (batch,) in steps)
    sequence = names(iter(steps))
    for epoch in range(3):
        assert Counter(sequence[epoch * count : (epoch + 1) * count]) == Counter(f"sample {row}" for row in rows)
    assert (loader.steps_per_epoch - 1) * batch_size < count <= loader.steps_per_epoch * batch_size


def test_orders_differ_between_epochs_and_seeds() -> None:
    def order(seed: int, epoch: int) -> list[str]:
        return names(train_loader(FakeStore(), np.arange(23), 23, seed=seed).steps(epoch, epoch + 1))

    assert order(0, 0) == order(0, 0)
    assert order(0, 0) != order(0, 1)
    assert order(0, 0) != order(1, 0)
    assert order(0, 0) != sorted(order(0, 0))


def test_an_order_is_pinned() -> None:
    # An old run must stay repeatable: these never change.
    (batch,) = next(train_loader(FakeStore(), np.arange(23), 5, seed=0).steps(0, 1))
    assert list(batch.ids) == ["sample 7", "sample 3", "sample 8", "sample 21", "sample 5"]


def test_every_sample_is_as_likely_to_come_first() -> None:
    first: Counter[str] = Counter()
    for seed in range(120):
        loader = train_loader(FakeStore(4), np.arange(4), 1, seed=seed, augment=NO_AUGMENTATION)
        first.update(names(loader.steps(0, 1)))
    assert len(first) == 4
    assert min(first.values()) > 15


@pytest.mark.parametrize("changes", [{"workers": 3}, {"accumulate": 2}, {"accumulate": 3, "workers": 2}])
def test_workers_and_micro_batches_change_no_bit(changes: dict[str, int]) -> None:
    store, rows = FakeStore(), np.arange(23)
    expected = by_sample(train_loader(store, rows, 8).steps(0, 7))
    assert by_sample(train_loader(store, rows, 8, **changes).steps(0, 7)) == expected


@pytest.mark.parametrize(("num_processes", "accumulate"), [(2, 1), (3, 1), (2, 2)])
def test_processes_share_out_the_batch_of_one(num_processes: int, accumulate: int) -> None:
    store, rows = FakeStore(), np.arange(23)
    whole = train_loader(store, rows, 7)
    shares = [
        list(train_loader(store, rows, 7, rank=rank, num_processes=num_processes, accumulate=accumulate).steps(0, 5))
        for rank in range(num_processes)
    ]
    expected = by_sample(whole.steps(0, 5))
    for step, micro_batches in enumerate(whole.steps(0, 5)):
        parts = [batch for share in shares for batch in share[step]]
        assert [name for batch in parts for name in batch.ids] == list(micro_batches[0].ids)
        assert len(parts) == num_processes * accumulate
        assert max(map(len, parts)) - min(map(len, parts)) <= (1 if accumulate == 1 else 2)
        assert by_sample(iter([parts])) == [expected[step]]


def test_a_resumed_run_gets_the_same_steps() -> None:
    loader = train_loader(FakeStore(), np.arange(23), 5)
    assert by_sample(loader.steps(0, 12))[7:] == by_sample(loader.steps(7, 12))


def test_a_sample_looks_different_in_every_epoch() -> None:
    looks = by_sample(train_loader(FakeStore(), np.arange(23), 23).steps(0, 2))
    assert all(looks[0][name] != looks[1][name] for name in looks[0])


def test_only_class_ids_and_ignore_are_in_masks() -> None:
    for (batch,) in train_loader(FakeStore(), np.arange(23), 8, workers=2).steps(0, 6):
        assert set(batch.mask.unique().tolist()) <= {0, 1, 2, IGNORE}
        assert (batch.mask[~batch.inside] == IGNORE).all()
        assert batch.image.min() >= 0.0
        assert batch.image.max() <= 1.0
        assert batch.image.dtype == torch.float32
        assert batch.image.is_contiguous()
        assert batch.classes["breed"].dtype == torch.int64


@pytest.mark.parametrize("loader", [train_loader, EvaluationLoader])
def test_a_sample_that_cannot_be_read_stops_the_loader(loader) -> None:
    made = loader(BrokenStore(), np.arange(23), 4)
    with pytest.raises(OSError, match="row 5 is gone"):
        list(made.steps(0, 6) if isinstance(made, TrainLoader) else made)


@pytest.mark.parametrize(("num_processes", "accumulate"), [(5, 1), (1, 5), (2, 3)])
def test_too_small_a_batch_is_refused(num_processes: int, accumulate: int) -> None:
    with pytest.raises(InputError, match=rf"a batch of 4 .* training.batch to at least {num_processes * accumulate}$"):
        train_loader(FakeStore(), np.arange(23), 4, num_processes=num_processes, accumulate=accumulate)


def test_training_without_samples_is_refused() -> None:
    with pytest.raises(InputError, match="at least one sample"):
        train_loader(FakeStore(), np.arange(0), 4)


@pytest.mark.parametrize("workers", [1, 3])
def test_evaluation_goes_in_order_once_and_again(workers: int) -> None:
    rows = np.array([3, 1, 4, 15, 9, 2, 6])
    loader = EvaluationLoader(FakeStore(), rows, 3, workers=workers)
    for _ in range(2):
        batches = list(loader)
        assert [len(batch) for batch in batches] == [3, 3, 1]
        assert [name for batch in batches for name in batch.ids] == [f"sample {row}" for row in rows]
    assert len(loader) == 3


@pytest.mark.parametrize(("count", "num_processes"), [(23, 2), (7, 3), (2, 3)])
def test_processes_share_out_the_evaluation(count: int, num_processes: int) -> None:
    rows = np.arange(count)
    loaders = [
        EvaluationLoader(FakeStore(), rows, 4, rank=rank, num_processes=num_processes) for rank in range(num_processes)
    ]
    assert [name for loader in loaders for batch in loader for name in batch.ids] == [f"sample {row}" for row in rows]
    assert [len(list(loader)) for loader in loaders] == [len(loader) for loader in loaders]


def test_boxes_from_masks_are_taken_from_the_moved_mask(real_store: Store) -> None:
    loader = train_loader(real_store, real_store.rows("train"), 9, augment=AugmentConfig(flip=0.0, rotation=45.0))
    checked = 0
    for (batch,) in loader.steps(0, 4):
        for box, mask in zip(batch.box, batch.mask, strict=True):
            if not box.isnan().any():
                rows, columns = torch.where(mask == 1)
                seen = torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
                torch.testing.assert_close(box * 32, seen.float())
                checked += 1
    assert checked > 20


def digest(loader: TrainLoader) -> str:
    """A few steps in a few characters."""
    looks = by_sample(loader.steps(2, 6))
    return hashlib.sha256(repr(looks).encode()).hexdigest()


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_the_loader_works_in_another_process(method: str, real_store: Store) -> None:
    loader = train_loader(real_store, real_store.rows("train"), 5, workers=2)
    here = digest(loader)
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(digest, (loader,)) == here


def test_collate_makes_a_batch_of_nothing_else() -> None:
    batch = collate(FakeStore(), np.array([4, 4, 2]))
    assert batch.ids == ("sample 4", "sample 4", "sample 2")
    assert torch.equal(batch.image[0], batch.image[1])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="page-locked memory needs a GPU")
@pytest.mark.parametrize("loader", [train_loader, EvaluationLoader])
def test_memory_is_pinned_when_asked(loader) -> None:
    made = loader(FakeStore(), np.arange(23), 4, pin_memory=True)
    first = next(made.steps(0, 1))[0] if isinstance(made, TrainLoader) else next(iter(made))
    for value in (first.image, first.clean, first.mask, first.box, first.inside, first.classes["breed"]):
        assert value.is_pinned()


LABELLED = np.array([2, 7, 11, 16, 20])


def has_mask(batch: Batch) -> list[bool]:
    return [bool((mask != IGNORE).any()) for mask in batch.mask]


def rows_of(batches: Sequence[Batch]) -> list[int]:
    return [int(name.split()[1]) for batch in batches for name in batch.ids]


def test_masks_that_are_not_used_are_missing_and_nothing_else_is() -> None:
    store, rows = FakeStore(), np.arange(23)
    for (all_masks,), (few,) in zip(
        train_loader(store, rows).steps(0, 12),
        train_loader(store, rows, labelled=LABELLED).steps(0, 12),
        strict=True,
    ):
        used = torch.tensor([row in LABELLED for row in rows_of([few])])
        assert has_mask(few) == used.tolist()
        assert torch.equal(few.mask[used], all_masks.mask[used])
        assert few.ids == all_masks.ids
        assert torch.equal(few.image, all_masks.image)
        assert torch.equal(few.classes["breed"], all_masks.classes["breed"])
        torch.testing.assert_close(few.box, all_masks.box, equal_nan=True, atol=0, rtol=0)


@settings(max_examples=15)
@given(batch_size=st.integers(1, 12), data=st.data())
def test_every_batch_holds_as_many_masks_as_asked(batch_size: int, data: st.DataObject) -> None:
    target = data.draw(st.integers(1, batch_size))
    loader = train_loader(FakeStore(), np.arange(23), batch_size, labelled=LABELLED, target_per_batch=target)
    steps = list(loader.steps(0, 10))
    assert [sum(has_mask(batch)) for (batch,) in steps] == [target] * 10
    assert all(len(batch) == batch_size for (batch,) in steps)
    sequence = [row for batches in steps for row in rows_of(batches)]
    for kept, count in ((True, len(LABELLED)), (False, 23 - len(LABELLED))):
        own = [row for row in sequence if (row in LABELLED) == kept]
        for epoch in range(len(own) // count):
            assert len(set(own[epoch * count : (epoch + 1) * count])) == count


@pytest.mark.parametrize("settings", [{"target_per_batch": 3}, {"block": 3}, {"block": 2, "target_per_batch": 2}])
def test_streams_resume_and_are_shared_out_as_one(settings: dict[str, int]) -> None:
    store, rows = FakeStore(), np.arange(23)
    whole = train_loader(store, rows, 8, labelled=LABELLED, **settings)
    expected = by_sample(whole.steps(0, 9))
    assert by_sample(train_loader(store, rows, 8, labelled=LABELLED, workers=3, **settings).steps(4, 9)) == expected[4:]
    shares = [
        list(
            train_loader(store, rows, 8, labelled=LABELLED, rank=rank, num_processes=2, accumulate=2, **settings).steps(
                0, 9
            )
        )
        for rank in range(2)
    ]
    for step in range(9):
        assert by_sample(iter([[batch for share in shares for batch in share[step]]])) == [expected[step]]


def test_masks_are_spread_over_processes_and_micro_batches() -> None:
    loader = train_loader(FakeStore(), np.arange(23), 8, labelled=LABELLED, target_per_batch=4, accumulate=4)
    for batches in loader.steps(0, 5):
        assert [sum(has_mask(batch)) for batch in batches] == [1, 1, 1, 1]


def test_masks_in_every_sample_leave_the_order_as_it_is() -> None:
    store, rows = FakeStore(), np.arange(23)
    plain = train_loader(store, rows, 8).steps(0, 3)
    assert by_sample(train_loader(store, rows, 8, labelled=rows, target_per_batch=2).steps(0, 3)) == by_sample(plain)


@pytest.mark.parametrize(
    ("labelled", "target", "reason"),
    [
        (LABELLED, 5, "target_per_batch must be between 1 and the batch of 4, not 5"),
        (LABELLED, 0, "target_per_batch must be between 1 and the batch of 4, not 0"),
        (LABELLED[:0], 2, "asks for samples with a mask, but no training sample has one"),
    ],
)
def test_masks_per_batch_that_cannot_be_had_are_refused(labelled: np.ndarray, target: int, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        train_loader(FakeStore(), np.arange(23), 4, labelled=labelled, target_per_batch=target)


def test_blocks_mix_neighbours_alone() -> None:
    (batches,) = train_loader(FakeStore(), np.arange(23), 8, block=2).steps(0, 1)
    assert len({row // 2 for row in rows_of(batches)}) == 4


def test_fault_10_labels_stay_with_their_pictures(real_store: Store) -> None:
    # The square of picture i begins in row 8 + i, and i decides the parity.
    for (batch,) in train_loader(real_store, real_store.rows("train"), 7, augment=NO_AUGMENTATION).steps(0, 5):
        for index, name in enumerate(batch.ids):
            number = int(name.split()[1])
            assert batch.classes["parity"][index] == ["even", "odd"].index("odd" if number % 2 else "even")
            assert batch.box[index][1] * 40 == pytest.approx(8 + number)
            inside = batch.clean[index].mean(0)[batch.mask[index] == 1].mean()
            assert inside > batch.clean[index].mean(0)[batch.mask[index] == 0].mean() + 0.2


def test_fault_21_boxes_and_masks_move_with_the_picture(real_store: Store) -> None:
    moved = 0
    strong = AugmentConfig(photometric=0.0, rotation=30.0, perspective=0.2)
    for (batch,) in train_loader(real_store, real_store.rows("train"), 9, augment=strong).steps(0, 4):
        for index, name in enumerate(batch.ids):
            grey, mask = batch.clean[index].mean(0), batch.mask[index]
            if (mask == 1).sum() < 30 or (mask == 0).sum() < 30 or batch.box[index].isnan().any():
                continue
            assert grey[mask == 1].mean() > grey[mask == 0].mean() + 0.2
            columns = torch.where(mask == 1)[1]
            assert batch.box[index][0] * 32 == pytest.approx(columns.min().item(), abs=1e-3)
            moved += abs(batch.box[index][1].item() * 40 - (8 + int(name.split()[1]))) > 1
    assert moved > 20


def test_keys_are_new_in_every_epoch_and_the_same_in_every_evaluation() -> None:
    store, rows = FakeStore(8), np.arange(8)

    def keys(batches: list[Batch]) -> dict[str, int]:
        return {name: key for batch in batches for name, key in zip(batch.ids, batch.keys.tolist(), strict=True)}

    first, second = (
        keys([each for step in train_loader(store, rows).steps(start, start + 2) for each in step]) for start in (0, 2)
    )
    other = keys([each for step in train_loader(store, rows, seed=4).steps(0, 2) for each in step])
    evaluated = keys(list(EvaluationLoader(store, rows, 3)))
    assert evaluated == keys(list(EvaluationLoader(store, rows, 8)))
    assert len({key for part in (first, second, other, evaluated) for key in part.values()}) == 4 * 8
