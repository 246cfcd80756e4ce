"""Arrays in .npz and .mat files are those that other programs wrote, and nothing harmful in such files is believed."""

from __future__ import annotations

import contextlib
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from scipy.sparse import csc_matrix

from auxseg.data.layers import MapForm
from auxseg.data.preparing.prepare import prepare
from auxseg.data.sources import Folder, Index
from auxseg.data.sources.arrays import mat
from auxseg.data.sources.arrays.inside import ArrayInside
from auxseg.data.sources.arrays.npy import read_npy
from auxseg.data.sources.source import SampleError
from auxseg.data.store.store import Store
from auxseg.errors import InputError
from auxseg.testing import check_source

HW = (10, 14)
DEPTH = np.linspace(1, 2, 140, dtype=np.float32).reshape(HW)

Writer = Callable[..., None]


def write_v73(path: Path, **arrays: np.ndarray) -> None:
    """As MATLAB does: 512 bytes of its own in front, the axes the other way round, each with its class."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in arrays.items():
            file[name] = values.T
            file[name].attrs["MATLAB_class"] = np.bytes_(
                {"f8": "double", "f4": "single"}.get(values.dtype.str[1:], "uint8")
            )
        file.create_group("#refs#")
    header = b"MATLAB 7.3 MAT-file".ljust(124) + struct.pack("<H", 0x200) + b"IM"
    with path.open("r+b") as file:
        file.write(header)


WRITERS: dict[str, Writer] = {
    "plain.npz": lambda path, **arrays: np.savez(path, **arrays),
    "packed.npz": lambda path, **arrays: np.savez_compressed(path, **arrays),
    "plain.mat": lambda path, **arrays: savemat(path, arrays),
    "packed.mat": lambda path, **arrays: savemat(path, arrays, do_compression=True),
    "hdf5.mat": write_v73,
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_arrays_are_those_that_were_written(tmp_path: Path, name: str, dtype: type) -> None:
    values = {"a": (10 * DEPTH).astype(dtype), "long_name_of_b": np.arange(60).reshape(4, 5, 3).astype(dtype)}
    WRITERS[name](tmp_path / name, **values)
    for key, expected in values.items():
        found = read_npy(ArrayInside(tmp_path / name, key))
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == dtype
    with pytest.raises(SampleError, match=r"holds several arrays: a, long_name_of_b; `key` in layers\.yaml names one"):
        read_npy(ArrayInside(tmp_path / name))
    with pytest.raises(SampleError, match=r"holds no array 'aa' \(did you mean 'a'\?\); its arrays: a"):
        read_npy(ArrayInside(tmp_path / name, "aa"))


@pytest.mark.parametrize("name", WRITERS)
def test_the_only_array_needs_no_key(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name, depth=DEPTH)
    np.testing.assert_array_equal(read_npy(ArrayInside(tmp_path / name)), DEPTH)


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_is_cut_off_anywhere_says_so(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](path, depth=DEPTH, other=np.arange(10.0))
    content = path.read_bytes()
    for share in np.linspace(0, 0.98, 25):
        path.write_bytes(content[: int(share * len(content))])
        try:
            found = read_npy(ArrayInside(path, "depth"))
        except SampleError as error:
            assert name in str(error)  # noqa: PT017
        else:
            np.testing.assert_array_equal(found, DEPTH)  # what is missing is of the other


@pytest.mark.parametrize("name", WRITERS)
def test_damage_never_goes_by_another_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](path, depth=DEPTH)
    content, random = path.read_bytes(), np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(content)
        for place in random.integers(0, len(content), 3):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        with contextlib.suppress(SampleError):
            assert read_npy(ArrayInside(path)).dtype.kind in "biuf"


def _stored_in_bytes(path: Path, kind: int, values: np.ndarray) -> None:
    """As MATLAB does with whole numbers below 256, whatever their class (MAT-File Format, of MathWorks)."""
    content = values.astype(np.uint8).T.tobytes()
    body = struct.pack("<4I", 6, 8, kind, 0) + struct.pack("<2I2i", 5, 8, *values.shape)
    body += struct.pack("<2I8s", 1, 1, b"x") + struct.pack("<2I", 2, len(content)) + content + bytes(-len(content) % 8)
    path.write_bytes(b"MATLAB 5.0".ljust(124) + b"\x00\x01IM" + struct.pack("<2I", 14, len(body)) + body)


@pytest.mark.parametrize(("kind", "dtype"), [(6, np.float64), (7, np.float32), (9, np.uint8), (11, np.uint16)])
def test_numbers_have_the_type_of_their_class(tmp_path: Path, kind: int, dtype: type) -> None:
    values = np.arange(140).reshape(HW)
    _stored_in_bytes(tmp_path / "a.mat", kind, values)
    found = read_npy(ArrayInside(tmp_path / "a.mat"))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, values)


def test_what_is_no_array_of_numbers_is_passed_over(tmp_path: Path) -> None:
    others = {"record": {"x": 1}, "text": "abc", "cells": np.array([1, "a"], object), "sparse": csc_matrix(np.eye(3))}
    savemat(tmp_path / "a.mat", {**others, "depth": DEPTH})
    np.testing.assert_array_equal(read_npy(ArrayInside(tmp_path / "a.mat")), DEPTH)
    savemat(tmp_path / "b.mat", others)
    with pytest.raises(SampleError, match=r"b\.mat holds no array of numbers"):
        read_npy(ArrayInside(tmp_path / "b.mat"))
    savemat(tmp_path / "c.mat", {"z": DEPTH + 1j})
    with pytest.raises(SampleError, match=r"c\.mat holds no array of numbers"):
        read_npy(ArrayInside(tmp_path / "c.mat"))
    savemat(tmp_path / "both.mat", {"z": DEPTH + 1j, "depth": DEPTH})
    np.savez(tmp_path / "both.npz", depth=DEPTH, names=np.array(["a", "b"]))
    for name in ("both.mat", "both.npz"):
        np.testing.assert_array_equal(read_npy(ArrayInside(tmp_path / name)), DEPTH)
    savemat(tmp_path / "d.mat", {"x": DEPTH}, format="4")
    with pytest.raises(SampleError, match=r"does not begin as a file of version 5 to 7\.3"):
        read_npy(ArrayInside(tmp_path / "d.mat"))


def test_pickles_are_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "sprung",))

    np.savez(tmp_path / "a.npz", trap=np.array([Trap()], object))
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("trap.npy", pickle.dumps(Trap()))
    for name in ("a.npz", "b.npz"):
        with pytest.raises(SampleError):
            read_npy(ArrayInside(tmp_path / name))
    assert not (tmp_path / "sprung").exists()


def test_large_declarations_are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    head = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }".ljust(
        118
    )
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", head)
    with pytest.raises(SampleError, match="8,000,000,000,000 bytes"):
        read_npy(ArrayInside(tmp_path / "a.npz"))
    savemat(tmp_path / "b.mat", {"x": DEPTH})
    content = bytearray((tmp_path / "b.mat").read_bytes())
    place = content.index(struct.pack("<2i", *HW))
    content[place : place + 8] = struct.pack("<2i", 1_000_000, 1_000_000)
    (tmp_path / "b.mat").write_bytes(content)
    with pytest.raises(SampleError, match=r"x has the shape \(1000000, 1000000\), over the limit"):
        read_npy(ArrayInside(tmp_path / "b.mat"))
    with h5py.File(tmp_path / "c.mat", "w", userblock_size=512) as file:
        file.create_dataset("x", (1_000_000, 1_000_000), "f4", chunks=(100, 100))
    with (tmp_path / "c.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + struct.pack("<H", 0x200) + b"IM")
    with pytest.raises(SampleError, match=r"x has the shape \(1000000, 1000000\), over the limit"):
        read_npy(ArrayInside(tmp_path / "c.mat"))


def test_what_unpacks_to_more_than_it_says_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    savemat(tmp_path / "a.mat", {"x": DEPTH})
    content = (tmp_path / "a.mat").read_bytes()
    packed = zlib.compress(content[128:] + bytes(5_000_000))
    (tmp_path / "a.mat").write_bytes(content[:128] + struct.pack("<2I", 15, len(packed)) + packed)
    with pytest.raises(SampleError, match="longer than its shape says"):
        read_npy(ArrayInside(tmp_path / "a.mat"))
    monkeypatch.setattr("auxseg.data.sources.arrays.npz.MAX_BYTES", 100_000)
    np.savez_compressed(tmp_path / "b.npz", x=np.zeros(1_000_000))
    with pytest.raises(SampleError, match=r"x holds 8,000,[0-9]{3} bytes; at most 100,000 are read"):
        read_npy(ArrayInside(tmp_path / "b.npz"))


def test_a_variable_that_lies_in_another_file_is_no_array(tmp_path: Path) -> None:
    write_v73(tmp_path / "a.mat", depth=DEPTH)
    with h5py.File(tmp_path / "a.mat", "r+") as file:
        file["secret"] = h5py.ExternalLink("other.mat", "depth")
    assert mat.mat_keys(tmp_path / "a.mat") == ["depth"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images, masks and layers in files of several arrays."""
    random = np.random.default_rng(0)
    for name in ("images", "masks", "depth", "parts", "organs"):
        (tmp_path / name).mkdir()
    for number, id in enumerate("xyz"):
        mask = np.zeros(HW, np.uint8)
        mask[2:5, number : number + 4] = 1
        image = random.integers(0, 65536, (*HW, 4), np.uint16)
        np.savez(tmp_path / "images" / f"{id}.npz", cube=image, wavelengths=np.arange(4))
        savemat(tmp_path / "masks" / f"{id}.mat", {"S": mask, "names": np.array(["a", "b"], object), "T": 7 * mask})
        np.savez(tmp_path / "depth" / f"{id}.npz", depth=DEPTH + number, confidence=DEPTH)
        write_v73(tmp_path / "parts" / f"{id}.mat", ids=mask)
        np.savez_compressed(tmp_path / "organs" / f"{id}.npz", np.stack([mask, 1 - mask]))
    (tmp_path / "layers.yaml").write_text(
        "images: {key: cube}\nmasks: {key: S}\ndepth: {kind: map, unit: m, key: depth}\n"
        "parts: {kind: mask, names: [none, leg]}\norgans: {kind: multimask, names: [a, b]}\n"
    )
    return tmp_path


def test_a_folder_takes_arrays_by_key_wherever_it_takes_npy(folder: Path) -> None:
    source = Folder(folder, channels="native")
    check_source(source, unlabelled={}, folder=folder)
    store = Store.open(prepare(source, folder / "out.h5", size=16, split="0-0-100").path)
    assert len(store.channels) == 4
    assert store.has_mask.all()
    assert store.layers["depth"].form == MapForm(unit="m")
    assert all(layer.present.all() for layer in store.layers.values())
    sample = source.read(source.items()[1])
    np.testing.assert_array_equal(sample.layers["depth"].values[..., 0], DEPTH + 1)
    assert sample.mask is not None
    assert (sample.mask == sample.layers["parts"].values).all()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("key: S", "key: SS", r"masks: x\.mat holds no array 'SS' \(did you mean 'S'\?\)"),
        ("masks: {key: S}\n", "", r"masks: x\.mat holds several arrays: S, T; `key` in layers\.yaml names one"),
        ("key: depth", "key: 7", "depth: key should be the name of an array, not 7"),
        (
            "names: [none, leg]",
            "names: [none, leg], key: idz",
            r"parts: x\.mat holds no array 'idz' \(did you mean 'ids'\?\)",
        ),
    ],
)
def test_a_wrong_key_says_which_there_are(folder: Path, old: str, new: str, reason: str) -> None:
    path = folder / "layers.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match=reason):
        Folder(folder, channels="native")


def test_a_key_of_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    Image.new("RGB", HW).save(tmp_path / "images" / "a.png")
    (tmp_path / "layers.yaml").write_text("images: {key: cube}\n")
    with pytest.raises(InputError, match=r"images: the key 'cube' needs \.npz or \.mat files, and there are none"):
        Folder(tmp_path)


def test_one_damaged_file_costs_its_own_layer(folder: Path) -> None:
    path = folder / "depth" / "x.npz"
    path.write_bytes(path.read_bytes()[:100])
    source = Folder(folder, channels="native")
    sample = source.read(source.items()[0])
    assert "depth" not in sample.layers
    assert sample.dropped == ("x.npz is damaged or no .npz file: File is not a zip file",)


def test_a_table_takes_files_of_one_array(folder: Path) -> None:
    table = folder / "table.csv"
    for id in "xyz":
        np.savez(folder / "images" / f"{id}.npz", np.full((*HW, 2), 7, np.uint8))
    table.write_text("image,mask\n" + "".join(f"images/{id}.npz,parts/{id}.mat\n" for id in "xyz"))
    source = Index(table, channels="native")
    sample = source.read(source.items()[0])
    assert sample.image.shape == (*HW, 2)
    assert sample.mask is not None
    assert sample.mask.sum() == 12


def test_beside_pictures_they_are_left_out_and_named(folder: Path) -> None:
    Image.fromarray(np.zeros(HW, np.uint8)).save(folder / "masks" / "x_mask.png")
    (folder / "layers.yaml").unlink()
    for id in "xyz":
        np.savez(folder / "images" / f"{id}.npz", np.full((*HW, 2), 7, np.uint8))
    Image.fromarray(np.eye(*HW, dtype=np.uint8)).save(folder / "masks" / "y.png")
    source = Folder(folder, channels="native")
    assert "masks/: 3 files are no mask that can be read, left out: x.mat, y.mat, z.mat" in source.remarks
    samples = [source.read(item) for item in source.items()]
    assert [sample.mask is None for sample in samples] == [False, False, True]
