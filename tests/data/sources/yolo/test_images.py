"""Every image is listed once, with the split and the file of labels that Ultralytics would give it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxseg.data.sources.yolo.config import YoloConfig
from auxseg.data.sources.yolo.images import find_images, image_id, label_path
from auxseg.errors import InputError
from tests.data.sources.yolo.folders import picture


def found(folder: Path, **places: Path | list[Path]) -> dict[str, str]:
    """The split of every id."""
    return {id: image.split for id, image in find_images(config(folder, **places))[0].items()}


def config(folder: Path, **places: Path | list[Path]) -> YoloConfig:
    listed = {split: tuple(place) if isinstance(place, list) else (place,) for split, place in places.items()}
    return YoloConfig(folder / "data.yaml", folder, ("cat",), listed)


def test_folders_are_read_with_their_subfolders(tmp_path: Path) -> None:
    for name in ("images/train/b.PNG", "images/train/deep/a.png", "images/val/a.png", "more/c.png"):
        picture(tmp_path / name)
    places = {"train": [tmp_path / "images/train", tmp_path / "more"], "val": tmp_path / "images/val"}
    assert found(tmp_path, **places) == {
        "train/b": "train",
        "train/deep/a": "train",
        "more/c": "train",
        "val/a": "val",
    }


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_list_names_images_in_every_way(tmp_path: Path, end: str) -> None:
    outside = picture(tmp_path / "outside" / "e.png")
    root = tmp_path / "set"
    for name in ("a", "b", "c", "d"):
        picture(root / "images" / f"{name}.png")
    lines = [
        "./images/a.png",
        "images/b.png",
        f"{root}/images/c.png",
        "images\\d.png",
        "",
        str(outside),
        "images/gone.png",
    ]
    (root / "lists").mkdir()
    for place in (root / "train.txt", root / "lists" / "train.txt"):
        place.write_text("\ufeff" + end.join(lines), newline="")
        ids = list(found(root, train=place))
        assert [id for id in ids if "gone" not in id] == ["a", "b", "c", "d", image_id(outside, root)]
        assert len(ids) == 6


def test_an_image_of_several_splits_counts_for_the_first(tmp_path: Path) -> None:
    for name in ("a", "b"):
        picture(tmp_path / "images" / f"{name}.png")
    images, remarks = find_images(config(tmp_path, train=tmp_path / "images", val=tmp_path / "images"))
    assert {image.split for image in images.values()} == {"train"}
    assert remarks == ("counted only in an earlier split, which lists them too: 2 images of val (a, b)",)


def test_two_images_of_one_id_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "train" / "a.png")
    picture(tmp_path / "train" / "images" / "a.png")
    with pytest.raises(InputError, match=r"have the same id train/a; keep only one"):
        found(tmp_path, train=[tmp_path / "images" / "train", tmp_path / "train" / "images"])
    picture(tmp_path / "images" / "train" / "a.bmp")
    with pytest.raises(InputError, match=r"holds both train/a\.bmp and train/a\.png; keep only one"):
        found(tmp_path, train=tmp_path / "images")


def test_files_that_are_no_images_are_named(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "images" / "a.png")
    for name in ("labels/a.txt", "labels.cache", "film.mp4"):
        (tmp_path / "train" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "train" / name).touch()
    remarks = find_images(config(tmp_path, train=tmp_path / "train"))[1]
    assert remarks == ("train: 1 file is no image that can be read, left out: film.mp4",)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("train.txt", b"gone.png\nimages/gone.png\n", r"none of its 2 lines is one; the first is .*gone\.png"),
        ("train.txt", b"\n\n", r"none of its 0 lines is one$"),
        ("train.txt", b"\xff\xfe\x00", r"train\.txt cannot be read"),
        ("train.json", b"[]", r"train\.json should be a folder of images, or a \.txt file"),
        ("images/labels.txt", b"", r"images holds no images that can be read"),
    ],
)
def test_places_without_images_are_refused(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        found(tmp_path, train=path.parent if "/" in name else path)


@pytest.mark.parametrize(
    ("image", "labels"),
    [
        ("/set/images/train/a.jpg", "/set/labels/train/a.txt"),
        ("/set/train/images/a.b.jpg", "/set/train/labels/a.b.txt"),
        ("/images/set/images/a", "/images/set/labels/a.txt"),
        ("/images/set/a.jpg", "/labels/set/a.txt"),
        ("/set/my-images/a.jpg", "/set/my-images/a.txt"),
        ("/set/a/images", "/set/a/images.txt"),
    ],
)
def test_the_last_folder_of_images_has_the_labels_beside_it(image: str, labels: str) -> None:
    assert label_path(Path(image)) == Path(labels)


@given(
    st.lists(st.sampled_from(["images", "a", "b.c", "labels"]), max_size=5), st.sampled_from(["a.jpg", "images.png"])
)
def test_labels_are_where_replacing_the_last_part_of_the_text_puts_them(folders: list[str], name: str) -> None:
    """Ultralytics works on the text of the path."""
    text = "/".join(["", "set", *folders, name])
    expected = "/labels/".join(text.rsplit("/images/", 1)).rpartition(".")[0] + ".txt"
    assert str(label_path(Path(text))) == expected


@pytest.mark.parametrize(
    ("path", "id"),
    [
        ("/set/images/train/a.jpg", "train/a"),
        ("/set/train/images/a.jpg", "train/a"),
        ("/set/images/images/a.b.jpg", "images/a.b"),
        ("/set/a.jpg", "a"),
        ("/other/images/a.jpg", "other/a"),
        ("/set", "/set"),
        ("/", "/"),
    ],
)
def test_ids_are_paths_below_the_root(path: str, id: str) -> None:
    assert image_id(Path(path), Path("/set")) == id
