"""What is drawn is the key's alone: even, pinned, and different for every key."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.keyed import keyed_bytes, keyed_uniforms, sample_keys, step_seed, weights_seed


def test_uniforms_are_even_and_pinned() -> None:
    values = keyed_uniforms(20_000, "test", 0)
    assert np.histogram(values, bins=10, range=(0.0, 1.0))[0] == pytest.approx(np.full(10, 2000), abs=200)
    # An old run must stay repeatable: these never change.
    assert keyed_bytes(6, "geometric", 1, 2, "cat").hex() == "ee41d0640069"
    assert keyed_uniforms(2, "x", 0) == pytest.approx([0.2057088781866988, 0.6989709024524556], abs=1e-15)


@given(st.integers(0, 40), st.lists(st.integers(-5, 5) | st.text("ab1", min_size=1), min_size=1, max_size=4))
def test_bytes_are_those_of_shake_128_of_the_joined_key(count: int, key: list[int | str]) -> None:
    expected = hashlib.shake_128("/".join(str(part) for part in key).encode()).hexdigest(count)
    assert keyed_bytes(count, *key).hex() == expected


def test_fewer_numbers_are_the_first_of_more() -> None:
    """So that a new kind of draw at the end leaves those before it as they were."""
    assert (
        keyed_uniforms(3, "geometric", 1, 2, "cat").tolist() == keyed_uniforms(9, "geometric", 1, 2, "cat")[:3].tolist()
    )
    assert keyed_uniforms(0, "geometric").shape == (0,)


def test_numbers_are_those_of_53_bits_below_one(monkeypatch) -> None:
    content = b"\xff" * 8 + b"\x00" * 8 + (1 << 11).to_bytes(8, "little") + b"\xff\x07" + b"\x00" * 6
    monkeypatch.setattr("auxseg.keyed.keyed_bytes", lambda count, *_: content[:count])
    assert keyed_uniforms(4, "any").tolist() == [1 - 2.0**-53, 0.0, 2.0**-53, 0.0]


def test_parts_of_a_key_do_not_run_into_one_another() -> None:
    keys = [("a", 1, 23, "x"), ("a", 12, 3, "x"), ("a", 123, "x"), ("a1", 23, "x"), ("a", 1, 23, "X")]
    assert len({keyed_bytes(16, *key) for key in keys}) == len(keys)


@pytest.mark.parametrize(("seed", "epoch", "id"), [(0, 0, "cat"), (3, 12, "a/b/c"), (2**31 - 1, 10**6, "Käse 猫")])
def test_the_key_of_a_sample_is_63_bits_of_seed_epoch_and_id(seed: int, epoch: int, id: str) -> None:
    (key,) = sample_keys(seed, [epoch], [id]).tolist()
    digest = hashlib.shake_128(f"sample/{seed}/{epoch}/{id}".encode()).digest(8)
    assert key == int.from_bytes(digest, "little") // 2
    assert 0 <= key < 2**63


def test_samples_keep_their_keys_in_whatever_batch_they_stand() -> None:
    together = sample_keys(5, [0, 1, 0], ["a", "a", "b"]).tolist()
    assert together == [sample_keys(5, [epoch], [id]).item() for epoch, id in ((0, "a"), (1, "a"), (0, "b"))]
    assert len({*together, *sample_keys(6, [0, 1, 0], ["a", "a", "b"]).tolist()}) == 6
    with pytest.raises(ValueError, match="zip"):
        sample_keys(5, [0], ["a", "b"])


def test_seeds_are_pinned() -> None:
    """A recipe must give the same weights and the same dropout in every release: these never change."""
    assert weights_seed(3, "head segmentation") == 4336022449390970972
    assert weights_seed(0, "encoder") == 15893725847951503564
    assert step_seed(0, 0, 0) == 7519334944260373035
    assert step_seed(7, 100, 1) == 7785352943140426890
