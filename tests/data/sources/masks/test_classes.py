"""Ids are believed when nothing speaks against them; otherwise they are refused with a way out, or it is said."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auxseg.data.sample import IGNORE
from auxseg.data.sources.class_names import ClassNames
from auxseg.data.sources.masks.classes import MaskClasses, MaskSettings, decide_classes, mask_settings
from auxseg.data.sources.masks.reader import MaskReader
from auxseg.data.sources.source import SampleError
from auxseg.errors import InputError
from tests.data.sources.masks.drawn import indexed

AUTO, INDEX = MaskSettings("auto"), MaskSettings("index")
RED, GREEN = (255, 0, 0), (0, 255, 0)


def draw(*ids: int, hw: tuple[int, int] = (24, 40)) -> np.ndarray:
    """A background of 0 and a rectangle of each id, side by side."""
    mask = np.zeros(hw, np.uint8)
    for place, id in enumerate(ids):
        mask[2:12, 2 + 4 * place : 5 + 4 * place] = id
    return mask


def save(folder: Path, *masks: np.ndarray | Image.Image, suffix: str = ".png") -> list[Path]:
    paths = [folder / f"{index}{suffix}" for index in range(len(masks))]
    for path, mask in zip(paths, masks, strict=True):
        (mask if isinstance(mask, Image.Image) else Image.fromarray(mask)).save(path)
    return paths


def named(*names: str, **options) -> ClassNames:
    return ClassNames("classes.txt", names, tuple(range(len(names))), **options)


def decide(paths: list[Path], names: ClassNames | None = None, settings: MaskSettings | None = None) -> MaskClasses:
    return decide_classes(paths, names, settings or MaskSettings())


def test_ids_with_gaps_are_the_classes_that_occur(tmp_path):
    paths = save(tmp_path, draw(38), draw(75), draw(38, 75))
    classes = decide(paths)
    assert classes.reader.names == ("background", "class 38", "class 75")
    assert classes.category_ids == (0, 38, 75)
    assert classes.has_background
    assert "only the ids 0, 38, 75; they become 3 classes" in classes.remarks[0]
    np.testing.assert_array_equal(classes.reader.read(paths[2]), draw(1, 2))


def test_an_id_0_that_never_occurs_is_said_and_nothing_is_background(tmp_path):
    paths = save(tmp_path, draw(1) + 1, draw(2) + 1)
    classes = decide(paths)
    assert (classes.reader.names, classes.category_ids) == (("class 1", "class 2", "class 3"), (1, 2, 3))
    assert not classes.has_background
    assert "id 0 never occurs in the masks, so none of the classes 1, 2, 3 counts as background" in classes.remarks[0]
    np.testing.assert_array_equal(classes.reader.read(paths[1]), draw(2))


def test_as_many_names_as_ids_from_1_are_theirs(tmp_path):
    paths = save(tmp_path, draw(1) + 1, draw(2) + 1)
    classes = decide(paths, named("ground", "leaf", "stem"))
    assert classes.category_ids == (1, 2, 3)
    assert classes.remarks == (
        "id 0 never occurs in the masks; the ids 1 to 3 are taken for the 3 names of classes.txt",
    )
    np.testing.assert_array_equal(classes.reader.read(paths[1]), draw(2))


def test_a_whole_foreground_stays_foreground(tmp_path):
    classes = decide(save(tmp_path, np.ones((9, 9), np.uint8)))
    assert (classes.reader.names, classes.category_ids) == (("background", "foreground"), ())


def test_class_0_is_background_if_it_is_called_so(tmp_path):
    paths = save(tmp_path, draw(1, 2))
    assert decide(paths, named("_background_", "a", "b")).has_background
    assert not decide(paths, named("sky", "a", "b")).has_background


def test_grey_of_few_bits_is_read_as_it_is_in_the_file(tmp_path):
    for bits in (2, 4):
        mask = draw(1, 3)
        packed = np.zeros((mask.shape[0], mask.shape[1] * bits // 8), np.uint8)
        per_byte = 8 // bits
        for place in range(per_byte):
            packed |= mask[:, place::per_byte] << (8 - bits * (place + 1))
        rows = b"".join(b"\0" + row.tobytes() for row in packed)
        header = struct.pack(">IIBBBBB", mask.shape[1], mask.shape[0], bits, 0, 0, 0, 0)
        chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
        path = tmp_path / f"{bits}.png"
        path.write_bytes(
            b"\x89PNG\r\n\x1a\n"
            + b"".join(
                struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
                for kind, data in chunks
            )
        )
        np.testing.assert_array_equal(decide([path]).reader.read(path), draw(1, 2))
        assert decide([path]).category_ids == (0, 1, 3)


def test_palettes_that_differ_are_refused_and_colours_tell(tmp_path):
    first, second = indexed(draw(1, 2), (0, 0, 0), RED, GREEN), indexed(draw(2, 1), (0, 0, 0), GREEN, RED)
    paths = save(tmp_path, first, second)
    with pytest.raises(
        InputError, match=r"index 1 is \(255, 0, 0\) in 0\.png, but \(0, 255, 0\) in 1\.png; .*--colours"
    ):
        decide(paths)
    table = named("background", "leaf", "stem", colours=((0, 0, 0), GREEN, RED))
    for names, settings, expected in ((None, AUTO, (2, 1)), (table, None, (2, 1))):
        reader = decide(paths, names, settings).reader
        masks = [reader.read(path) for path in paths]
        np.testing.assert_array_equal(masks[0], masks[1])
        assert set(np.unique(masks[0])) == {0, *expected}
    assert decide(paths, table).reader.read(paths[0])[5, 3] == 2  # red is stem
    np.testing.assert_array_equal(decide(paths, None, INDEX).reader.read(paths[1]), draw(2, 1))


def test_a_palette_that_was_not_looked_at_is_checked_when_its_mask_is_read(tmp_path):
    paths = save(tmp_path, *[indexed(draw(1), (0, 0, 0), RED)] * 130)
    indexed(draw(1), (0, 0, 0), GREEN).save(paths[1])
    reader = decide(paths, named("background", "leaf")).reader
    with pytest.raises(
        SampleError, match=r"palette of 1\.png index 1 is \(0, 255, 0\), in that of 0\.png \(255, 0, 0\)"
    ):
        reader.read(paths[1])


def test_palettes_that_differ_where_no_pixel_is_are_alike(tmp_path):
    paths = save(tmp_path, indexed(draw(1), (0, 0, 0), RED, GREEN), indexed(draw(1), (0, 0, 0), RED, RED))
    np.testing.assert_array_equal(decide(paths).reader.read(paths[1]), draw(1))


def colourful(*colours: tuple[int, int, int]) -> np.ndarray:
    return np.array([(0, 0, 0), *colours], np.uint8)[draw(*range(1, len(colours) + 1))]


def test_colours_are_read_by_a_table_and_others_cost_their_mask(tmp_path):
    paths = save(tmp_path, colourful(RED, GREEN), colourful(RED, (1, 2, 3)), colourful(GREEN))
    names = named("background", "leaf", "stem", colours=((0, 0, 0), RED, GREEN))
    reader = decide(paths, names).reader
    np.testing.assert_array_equal(reader.read(paths[0]), draw(1, 2))
    np.testing.assert_array_equal(reader.read(paths[2]), draw(2))
    with pytest.raises(
        SampleError, match=r"1\.png has 30 pixels of the colour \(1, 2, 3\), which belongs to no class; known"
    ):
        reader.read(paths[1])


def test_colours_without_a_table_are_refused_or_numbered(tmp_path):
    paths = save(tmp_path, colourful(RED, GREEN), colourful(GREEN))
    with pytest.raises(
        InputError, match=r"hold colours; 0\.png, for one, \(0, 0, 0\), \(0, 255, 0\), \(255, 0, 0\)\. Say"
    ):
        decide(paths)
    classes = decide(paths, None, AUTO)
    assert classes.reader.names == ("background", "#00ff00", "#ff0000")
    np.testing.assert_array_equal(classes.reader.read(paths[1]), draw(1))


def test_a_table_that_fits_no_mask_is_refused(tmp_path):
    names = named("background", "leaf", colours=((0, 0, 0), (9, 9, 9)))
    with pytest.raises(
        InputError, match=r"the colours of classes\.txt fit no mask; 0\.png, for one, has \(255, 0, 0\)"
    ):
        decide(save(tmp_path, colourful(RED)), names)


@pytest.mark.parametrize("mode", ["RGB", "LA", "RGBA"])
def test_black_and_white_in_several_channels_is_black_and_white(tmp_path, mode):
    paths = save(tmp_path, Image.fromarray(draw(255)).convert(mode))
    classes = decide(paths)
    assert classes.reader.names == ("background", "foreground")
    np.testing.assert_array_equal(classes.reader.read(paths[0]), draw(1))


def test_transparent_masks_are_refused(tmp_path):
    picture = Image.fromarray(draw(255)).convert("LA")
    picture.putalpha(Image.fromarray(draw(255)))
    paths = save(tmp_path, picture)
    with pytest.raises(SampleError, match=r"0\.png has transparent pixels"):
        MaskReader(("a", "b")).read(paths[0])
    with pytest.raises(InputError, match=r"no mask can be read; the first: 0\.png has transparent pixels"):
        decide(paths)


def test_0_and_1_beside_0_and_255_are_refused_with_a_way_out(tmp_path):
    paths = save(tmp_path, draw(1), draw(255))
    for names in (None, named("a", "b")):
        with pytest.raises(
            InputError, match=r"0 and 1, such as 0\.png, others 0 and 255, such as 1\.png; --threshold 1"
        ):
            decide(paths, names)
    reader = decide(paths, None, MaskSettings(threshold=1)).reader
    for path in paths:
        np.testing.assert_array_equal(reader.read(path), draw(1))
    both = draw(1)
    both[0] = IGNORE
    Image.fromarray(both).save(
        paths[0]
    )  # so 255 is ignored, and the other file may be ignored where it is not background
    assert decide(paths).reader.read(paths[1]).max() == IGNORE


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_a_threshold_makes_two_classes_of_interpolated_masks(tmp_path, suffix):
    smooth = Image.fromarray(draw(255)).resize((80, 48), Image.Resampling.BILINEAR)
    paths = save(tmp_path, smooth, suffix=suffix)
    mask = decide(paths, None, MaskSettings(threshold=128)).reader.read(paths[0])
    expected = (np.asarray(smooth) >= 128).astype(np.uint8)
    assert (mask != expected).mean() < 0.01
    assert set(np.unique(mask)) == {0, 1}


def test_a_threshold_that_nothing_reaches_is_refused(tmp_path):
    with pytest.raises(InputError, match="threshold 128: no value of the masks reaches it; the largest is 75"):
        decide(save(tmp_path, draw(75)), None, MaskSettings(threshold=128))
    with pytest.raises(InputError, match=r"threshold makes two classes, but classes\.txt names 3"):
        decide(save(tmp_path, draw(255)), named("a", "b", "c"), MaskSettings(threshold=128))


def test_numbered_objects_are_asked_about(tmp_path):
    paths = save(tmp_path, draw(1, 2), draw(1, 2, 3, 4, 5), draw(1), draw())
    with pytest.raises(
        InputError, match=r"number their objects, 1 to 1 in 2\.png and 1 to 5 in 1\.png: --instances merge"
    ):
        decide(paths)
    merged = decide(paths, None, MaskSettings(instances="merge"))
    assert merged.reader.names == ("background", "foreground")
    np.testing.assert_array_equal(merged.reader.read(paths[1]), draw(1, 1, 1, 1, 1))
    assert len(decide(paths, None, MaskSettings(instances="classes")).reader.names) == 6
    assert decide(paths, named(*"abcdef")).reader.names == tuple("abcdef")


def test_classes_in_several_pieces_are_no_numbered_objects(tmp_path):
    paths = save(tmp_path, draw(1, 2, 1, 2), draw(1, 2, 3, 1, 2, 3), draw(1, 1))
    assert len(decide(paths).reader.names) == 4


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool, np.float32])
def test_arrays_are_masks(tmp_path, dtype):
    path = tmp_path / "0.npy"
    np.save(path, draw(1).astype(dtype))
    np.testing.assert_array_equal(decide([path]).reader.read(path), draw(1))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_ids_in_16_bits_are_read(tmp_path, kind):
    path = tmp_path / "0.tif"
    Image.fromarray(draw(1, 2).astype(np.uint16)).save(path, kind)
    np.testing.assert_array_equal(decide([path]).reader.read(path), draw(1, 2))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ((None, 128, "merge"), "cannot be combined"),
        ((None, 0, None), "threshold must be above 0, not 0"),
        ((None, None, "split"), "instances must be one of merge, classes, not 'split'"),
        (("nowhere.txt", None, None), r"--colours nowhere\.txt: there is no such file; .* auto or index"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, reason):
    with pytest.raises(InputError, match=reason):
        mask_settings(*settings)


def test_a_file_of_colours_needs_colours(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("a\nb\n")
    with pytest.raises(InputError, match=r"names\.txt should hold a colour for every class"):
        mask_settings(path, None, None)
