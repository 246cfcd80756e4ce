"""Which photographs are meant, and what their predictions are called."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.drawing import save_png
from auxseg.errors import InputError
from auxseg.run.prediction.image_files import find_images, readable
from auxseg.run.prediction.own_files import is_own_picture, mark, refuse_others


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(*paths: Path) -> list[str]:
    return [photograph.name for photograph in find_images(paths).photographs]


def test_folders_are_searched_with_all_that_is_in_them(tmp_path: Path) -> None:
    touch(tmp_path, "b.JPG", "a.png", "sub/a.jpg", "sub/deep/c.webp", "d.jfif", "notes.txt", "._a.png", ".hidden/e.png")
    assert names(tmp_path) == ["a", "b", "d", "sub/a", "sub/deep/c"]


def test_a_folder_without_pictures_holds_arrays(tmp_path: Path) -> None:
    touch(tmp_path, "arrays/a.npy", "arrays/b.npz", "packed/a.mat", "text/a.txt")
    assert (names(tmp_path / "arrays"), names(tmp_path / "packed")) == (["a"], ["a"])
    with pytest.raises(InputError, match="no image was found"):
        find_images([tmp_path / "text"])


def test_files_of_arrays_are_images_where_channels_are_kept(tmp_path: Path) -> None:
    touch(tmp_path, "plain/a.png", "plain/b.npy", "plain/c.npz", "packed/a.npz", "packed/sub/b.mat", "packed/c.txt")
    for folder, expected in (("plain", ["a", "b"]), ("packed", ["a", "sub/b"])):
        found = find_images([tmp_path / folder], arrays=True).photographs
        assert [photograph.name for photograph in found] == expected
    assert [photograph.name for photograph in find_images([tmp_path / "plain"]).photographs] == ["a"]


def test_one_name_is_given_once(tmp_path: Path) -> None:
    touch(tmp_path, "one/dog.jpg", "one/dog.png", "two/dog.jpg")
    assert names(tmp_path / "one", tmp_path / "two") == ["dog", "dog-2", "dog-3"]


def test_long_names_leave_room_for_suffixes(tmp_path: Path) -> None:
    long = ["é" * 120 + letter for letter in "ab"]
    touch(tmp_path, *(f"{name}.jpg" for name in long))
    found = names(tmp_path)
    assert len(set(found)) == 2
    assert all(len(os.fsencode(name)) <= 189 for name in found)


def test_names_that_are_no_text_are_read(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path / "caf") + b"\xe9.jpg"))
    path.touch()
    (photograph,) = find_images([tmp_path]).photographs
    assert photograph.path == path
    assert readable(photograph.path).endswith("caf\ufffd.jpg")


def test_what_predict_wrote_is_no_photograph(tmp_path: Path) -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    save_png(tmp_path / "dog.overlay.png", picture, mark())
    with pytest.raises(InputError, match=r"auxseg predict wrote 1 image there"):
        find_images([tmp_path])
    save_png(tmp_path / "dog.png", picture)
    found = find_images([tmp_path])
    assert [each.name for each in found.photographs] == ["dog"]
    assert found.num_own == 1
    assert len(find_images([tmp_path / "dog.overlay.png"]).photographs) == 1  # if it is asked for


def test_pipes_do_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    touch(tmp_path, "a.png")
    assert names(tmp_path) == ["a"]


def test_missing_photographs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        find_images([tmp_path / "nowhere.jpg"])
    with pytest.raises(InputError, match=r"no image was found in .*; names should end with one of \."):
        find_images([tmp_path])


def test_only_our_own_pictures_may_be_replaced(tmp_path: Path) -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    own, other = tmp_path / "own.png", tmp_path / "other.png"
    save_png(own, picture, mark())
    save_png(other, picture)
    assert is_own_picture(own)
    refuse_others(own, overwrite=True)
    refuse_others(tmp_path / "none.png", overwrite=False)
    with pytest.raises(InputError, match="--overwrite"):
        refuse_others(own, overwrite=False)
    os.symlink(tmp_path / "gone", tmp_path / "link.png")
    for path in (other, tmp_path / "link.png"):
        with pytest.raises(InputError, match="was not written by auxseg predict; give another --out"):
            refuse_others(path, overwrite=True)


def test_a_picture_that_another_program_saved_again_is_no_longer_ours(tmp_path: Path) -> None:
    save_png(tmp_path / "mask.png", np.zeros((4, 4, 3), np.uint8), mark())
    with Image.open(tmp_path / "mask.png") as opened:
        opened.save(tmp_path / "mask.png")
    assert not is_own_picture(tmp_path / "mask.png")


def test_our_own_large_picture_is_told_without_a_warning(tmp_path: Path) -> None:
    """Pillow warns of pictures that are larger than its limit, which is below ours."""
    Image.new("1", (10_000, 9_500)).save(tmp_path / "own.png", pnginfo=mark())
    assert is_own_picture(tmp_path / "own.png")
