"""What mask files show of what they mean is told apart only where the files agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auxseg.data.sample import IGNORE
from auxseg.data.sources.masks.evidence import (
    Look,
    agreed_palette,
    all_values,
    look_at,
    mixed_files,
    numbered_objects,
)
from auxseg.errors import InputError
from tests.data.sources.masks.drawn import indexed, save

BLACK, RED, GREEN = (0, 0, 0), (255, 0, 0), (0, 255, 0)


def look(name: str, *values: float) -> Look:
    return Look(Path(name), frozenset(values), frozenset(), {})


def objects(folder: Path, name: str, *ids: int, pieces: int = 1) -> Path:
    """A square of each id, in so many pieces."""
    mask = np.zeros((10 * max(pieces, 1), 4 * len(ids) + 4), np.uint8)
    for place, id in enumerate(ids):
        for piece in range(pieces):
            mask[10 * piece + 1 : 10 * piece + 4, 4 * place + 1 : 4 * place + 3] = id
    return save(folder / name, mask)


def test_greys_show_their_values(tmp_path):
    (found,) = look_at([save(tmp_path / "a.png", np.array([[0, 7, 7, 255]], np.uint8))])
    assert found == Look(tmp_path / "a.png", frozenset({0, 7, 255}), frozenset(), {})


def test_arrays_show_values_of_any_kind(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[0.5, -1, 1e6]]))
    (found,) = look_at([tmp_path / "a.npy"])
    assert found.values == {0.5, -1, 1e6}


def test_a_palette_shows_the_colours_that_occur(tmp_path):
    (found,) = look_at([save(tmp_path / "a.png", indexed(np.array([[0, 2]], np.uint8), BLACK, RED, GREEN))])
    assert found == Look(tmp_path / "a.png", frozenset({0, 2}), frozenset({BLACK, GREEN}), {0: BLACK, 2: GREEN})


def test_three_channels_show_values_only_where_they_are_alike(tmp_path):
    grey, coloured = np.array([[[7, 7, 7], [0, 0, 0]]], np.uint8), np.array([[RED, BLACK, RED]], np.uint8)
    first, second = look_at([save(tmp_path / "a.png", grey), save(tmp_path / "b.png", coloured)])
    assert (first.values, first.colours) == ({0, 7}, {BLACK, (7, 7, 7)})
    assert (second.values, second.colours) == (None, {BLACK, RED})


def test_of_very_many_colours_only_so_many_are_kept(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    (found,) = look_at([save(tmp_path / "a.png", picture)])
    assert len(found.colours) == 257


def test_files_that_cannot_be_read_are_passed_over(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no")
    good = save(tmp_path / "good.png", np.zeros((2, 2), np.uint8))
    assert [each.path for each in look_at([tmp_path / "bad.png", good, tmp_path / "gone.png"])] == [good]
    assert look_at([]) == []


def test_values_of_all_files_are_joined():
    assert all_values([look("a", 0, 1), look("b", 0, 5), Look(Path("c"), None, frozenset({RED}), {})]) == {0, 1, 5}
    assert all_values([]) == set()


def test_palettes_agree_where_they_are_used():
    looks = [
        Look(Path("some/a.png"), None, frozenset(), {0: BLACK, 1: RED}),
        Look(Path("b.png"), None, frozenset(), {2: GREEN, 1: RED}),
    ]
    assert agreed_palette(looks) == {0: (BLACK, "a.png"), 1: (RED, "a.png"), 2: (GREEN, "b.png")}


def test_palettes_that_disagree_are_refused_with_both_files():
    looks = [Look(Path("a.png"), None, frozenset(), {1: RED}), Look(Path("b.png"), None, frozenset(), {1: GREEN})]
    with pytest.raises(InputError) as error:
        agreed_palette(looks)
    assert str(error.value).startswith(
        "the palettes of the masks differ: index 1 is (255, 0, 0) in a.png, but (0, 255, 0) in b.png; give the classes'"
    )


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([look("a", 0, 1), look("b", 0, IGNORE)], ("a", "b")),
        ([look("b", IGNORE), look("c", 0), look("a", 1), look("d", 0, 1)], ("a", "b")),
        ([look("a", 0, 1), look("b", 0)], None),
        ([look("a", 0, IGNORE), look("b", 0)], None),
        ([look("a", 0, 1, IGNORE), look("b", 0, IGNORE)], None),
        ([look("a", 0, 1), look("b", 0, IGNORE), look("c", 0, 2)], None),
        ([look("a", 0, 1), look("b", 0, IGNORE), look("c", 0, 1, IGNORE)], None),
        ([], None),
    ],
)
def test_two_ways_to_write_a_foreground_are_mixed_only_where_nothing_else_occurs(looks, expected):
    found = mixed_files(looks)
    assert (found and tuple(path.name for path in found)) == expected


def numbered(paths: list[Path]) -> tuple[str, str] | None:
    found = numbered_objects(look_at(paths))
    return found and (found[0].path.name, found[1].path.name)


def test_files_that_count_their_objects_are_told_by_the_fewest_and_the_most(tmp_path):
    counts = {"c.png": 2, "a.png": 5, "b.png": 1, "d.png": 3}
    paths = [objects(tmp_path, name, *range(1, count + 1)) for name, count in counts.items()]
    assert numbered(paths) == ("b.png", "a.png")
    assert numbered([*paths, objects(tmp_path, "empty.png")]) == ("b.png", "a.png")


def test_two_files_or_two_objects_say_too_little(tmp_path):
    paths = [objects(tmp_path, f"{count}.png", *range(1, count + 1)) for count in (1, 2, 3)]
    assert numbered(paths) == ("1.png", "3.png")
    assert numbered(paths[1:]) is None
    assert numbered([*paths[:2], objects(tmp_path, "other.png", 1)]) is None


def test_gaps_and_equal_counts_are_those_of_classes(tmp_path):
    counting = [objects(tmp_path, f"{count}.png", *range(1, count + 1)) for count in (1, 2, 4)]
    assert numbered([*counting, objects(tmp_path, "gap.png", 1, 3)]) is None
    assert numbered([*counting, objects(tmp_path, "two.png", 2)]) is None
    same = [objects(tmp_path, f"same {index}.png", 1, 2, 3) for index in range(4)]
    assert numbered(same) is None


def test_objects_in_several_pieces_are_classes(tmp_path):
    whole = [objects(tmp_path, f"{count}.png", *range(1, count + 1)) for count in (1, 2, 3)]
    torn = objects(tmp_path, "torn.png", 1, 2, 3, 4, pieces=2)
    assert numbered([*whole, torn]) is None


def test_pieces_that_touch_at_a_corner_are_one(tmp_path):
    mask = np.zeros((12, 12), np.uint8)
    for id in (1, 2, 3):
        mask[4 * id - 4, 1], mask[4 * id - 3, 2] = id, id
    paths = [save(tmp_path / "corner.png", mask), objects(tmp_path, "b.png", 1), objects(tmp_path, "c.png", 1, 2)]
    assert numbered(paths) == ("b.png", "corner.png")


def test_colours_number_no_objects(tmp_path):
    paths = [objects(tmp_path, f"{count}.png", *range(1, count + 1)) for count in (1, 2, 3)]
    assert numbered([*paths, save(tmp_path / "red.png", np.array([[RED, BLACK]], np.uint8))]) == ("1.png", "3.png")
