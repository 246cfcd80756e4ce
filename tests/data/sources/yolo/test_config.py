"""A data.yaml is read as Ultralytics documents it, and what is wrong in it is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from auxseg.data.sources.yolo.config import find_config, read_config
from auxseg.errors import InputError

NAMES = "names: [cat, dog]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three folders of images, and a list."""
    result = tmp_path / "set"
    for name in ("images/train", "images/more", "images/val"):
        (result / name).mkdir(parents=True)
    (result / "test.txt").touch()
    return result


def write(folder: Path, text: str, name: str = "data.yaml") -> Path:
    (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("names: [cat, dog]", ("cat", "dog")),
        ("names: {1: dog, 0: cat}", ("cat", "dog")),
        ("names:\n  0: traffic light\n", ("traffic light",)),
        ("names: {'0': cat}", ("cat",)),
        ("nc: 2\nnames: [3, ' dog ']", ("3", "dog")),
    ],
)
def test_names_are_a_list_or_a_mapping(folder: Path, text: str, names: tuple[str, ...]) -> None:
    assert read_config(write(folder, f"train: images/train\n{text}")).names == names


def test_splits_are_folders_lists_of_folders_or_files(folder: Path) -> None:
    config = read_config(
        write(folder, f"path: .\ntrain: [images/train, images/more]\nval: images/val\ntest: test.txt\n{NAMES}")
    )
    assert config.root == folder
    assert config.places == {
        "train": (folder / "images/train", folder / "images/more"),
        "val": (folder / "images/val",),
        "test": (folder / "test.txt",),
    }


@pytest.mark.parametrize("empty", ["", "val:\ntest: null\n", "val: []\n"])
def test_splits_may_be_empty(folder: Path, empty: str) -> None:
    assert list(read_config(write(folder, f"train: images/train\n{empty}{NAMES}")).places) == ["train"]


@pytest.mark.parametrize(
    "path", ["", "path: .\n", "path: set\n", "path: ../set\n", "path: /nowhere/set\n", "path: {}\n"]
)
def test_the_root_is_where_the_images_are(folder: Path, path: str) -> None:
    """Beside the file, below the folder around it, or in the file's own folder where a set was moved."""
    path = path.format(folder) if path.count("{}") else path
    assert read_config(write(folder, f"{path}train: images/train\n{NAMES}")).root == folder


def test_an_absolute_path_may_lead_anywhere(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    config = read_config(write(elsewhere, f"path: {folder}\ntrain: images/train\nval: {folder}/images/val\n{NAMES}"))
    assert (config.root, config.places["val"]) == (folder, (folder / "images/val",))


def test_a_way_up_that_leads_nowhere_is_left_out(folder: Path) -> None:
    """Roboflow writes ../train/images for train/images."""
    config = read_config(write(folder, f"train: ../images/train\n{NAMES}"))
    assert config.places == {"train": (folder / "images/train",)}


def test_a_test_split_that_nobody_wrote_is_left_out(folder: Path) -> None:
    config = read_config(write(folder, f"train: images/train\ntest: ../test/images\n{NAMES}"))
    assert list(config.places) == ["train"]
    assert config.remarks == ("data.yaml: test is ../test/images, which does not exist; the split was left out",)
    with pytest.raises(InputError, match="test is gone, which is not in "):
        read_config(write(folder, f"test: gone\n{NAMES}"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{NAMES}", "names no images; expected train, val or test"),
        (f"train: gone\n{NAMES}", r"train is gone, which is not in .*set$"),
        (f"path: a\ntrain: gone\n{NAMES}", r"train is gone, which is not in .*set/a, nor in .*/a, nor in .*set$"),
        (f"train: [images/train, gone]\n{NAMES}", "train is gone, which is not in "),
        (f"train: {'a' * 5000}\n{NAMES}", "train is aaa"),
        (f"train: {{a: b}}\n{NAMES}", "train should be a text, not a mapping of 1"),
        (f"train: [1.5]\n{NAMES}", r"train should be a text, not 1\.5"),
        (f"path: [a]\ntrain: images/train\n{NAMES}", "path should be a text, not a list of 1"),
        ("train: images/train\n", "names should be a list of the names of classes, .*, not None"),
        ("train: images/train\nnames: []", "names should be a list"),
        ("train: images/train\nnames: {}", "names should be a list"),
        ("train: images/train\nnames: cat", "names should be a list .* not 'cat'"),
        (
            "train: images/train\nnames: [cat, no]",
            r"names\[1\] should be a text, not False; put words such as yes, no, on and off in quotes",
        ),
        ("train: images/train\nnames: {1: cat}", "the ids of the 1 names should be 0 to 0"),
        ("train: images/train\nnames: {a: cat}", "the id of a name should be a whole number, not 'a'"),
        ("train: images/train\nnames: {0: cat, '0': dog}", "the key '0' is given twice"),
        ("train: images/train\nnames: {00: cat}", "expected a text as key"),
        (f"nc: 3\ntrain: images/train\n{NAMES}", "nc is 3, but there are 2 names"),
        (f"nc: many\ntrain: images/train\n{NAMES}", "nc should be a whole number"),
        (f"kpt_shape: [17, 4]\ntrain: images/train\n{NAMES}", "kpt_shape should be the number of key points"),
        ("- a", "expected a description of a YOLO data set as a mapping"),
        ("a: &a [*a]", "not YAML|repeats itself"),
        ("train: !!python/object/apply:os.system ['true']\n", "not YAML"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        read_config(write(folder, text))
    assert "data.yaml" in str(caught.value)


@pytest.mark.parametrize("name", ["data.yaml", "data.yml", "dataset.yaml", "coco8.yaml"])
def test_the_file_is_found_by_its_usual_name_or_as_the_only_one(folder: Path, name: str) -> None:
    write(folder, "", name)
    assert find_config(folder) == folder / name
    assert find_config(folder / name) == folder / name
    write(folder, "", "other.yaml")
    if name == "coco8.yaml":
        with pytest.raises(InputError, match=r"holds coco8\.yaml and other\.yaml; give the one that is meant"):
            find_config(folder)
    else:
        assert find_config(folder) == folder / name


def test_what_is_no_data_set_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"set should hold a data\.yaml"):
        find_config(folder)
    with pytest.raises(InputError, match=r"test\.txt should be a folder with a data\.yaml, or such a file itself"):
        find_config(folder / "test.txt")
    with pytest.raises(InputError, match=r"gone cannot be read|gone: the description .* cannot be read"):
        read_config(folder / "gone")
