"""Every way in which a model directory can be damaged or meant badly is one sentence."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from auxseg.deploy import pack
from auxseg.errors import InputError
from auxseg.run import load
from auxseg.run.packed.directory import checksum, is_model_directory, read_checked
from auxseg.training.weights import save_tensors
from tests.deploy.made_models import make_run


class _Code:
    """Makes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.mkdir, ("executed",)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    return pack(make_run(folder / "pets"), folder / "model")


@pytest.fixture
def model(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy that may be damaged."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(packed, tmp_path / "model"))


def _content(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata())  # noqa: SIM118


def _own_up(model: Path) -> None:
    """Let config.json agree with the changed file, as who tampers with both would."""
    path, file = model / "config.json", model / "model.safetensors"
    said = json.loads(path.read_text())
    said["weights"].update(bytes=file.stat().st_size, sha256=checksum(file))
    path.write_text(json.dumps(said))


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 64
    path.write_bytes(content)


def _pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps(_Code()))


def _saved_by_torch(path: Path) -> None:
    torch.save({"code": _Code()}, path)


def _lacking(path: Path) -> None:
    tensors, metadata = _content(path)
    tensors.pop("mean")
    save_tensors(path, tensors, {key: value for key, value in metadata.items() if key != "weights_sha256"})


def _adding(path: Path) -> None:
    tensors, metadata = _content(path)
    save_tensors(path, {**tensors, "more": torch.ones(2)}, metadata)


def _of_another_dtype(path: Path) -> None:
    tensors, metadata = _content(path)
    save_tensors(path, {**tensors, "mean": tensors["mean"].double()}, metadata)


def _of_another_shape(path: Path) -> None:
    tensors, metadata = _content(path)
    save_tensors(path, {**tensors, "mean": torch.zeros(3, 2, 1)}, metadata)


def _not_finite(path: Path) -> None:
    tensors, metadata = _content(path)
    save_tensors(path, {**tensors, "mean": torch.full((3, 1, 1), torch.nan)}, metadata)


def _changed_weights(path: Path) -> None:
    tensors, metadata = _content(path)
    save_file({**tensors, "mean": tensors["mean"] + 1}, path, metadata)


def _huge_metadata(path: Path) -> None:
    tensors, metadata = _content(path)
    save_tensors(path, tensors, {**metadata, "recipe": "#" * (2**20 + 1)})


def _huge_header(path: Path) -> None:
    path.write_bytes((2**40).to_bytes(8, "little") + path.read_bytes()[8:])


def _huge_shape(path: Path) -> None:
    header = json.dumps({"mean": {"dtype": "F32", "shape": [2**40, 2**20], "data_offsets": [0, 2**62]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)


def _huge_network(path: Path) -> None:
    tensors, metadata = _content(path)
    save_tensors(path, tensors, {**metadata, "recipe": metadata["recipe"].replace("width: 1.0", "width: 8.0")})


def _immense_network(path: Path) -> None:
    tensors, metadata = _content(path)
    recipe = (
        metadata["recipe"]
        .replace("    - 8\n    - 12\n", "    - 8192\n    - 8192\n")
        .replace("width: 1.0", "width: 8.0")
    )
    assert recipe != metadata["recipe"]
    save_tensors(path, tensors, {**metadata, "recipe": recipe})


def _without_metadata(path: Path) -> None:
    save_file(_content(path)[0], path)


DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "truncated": (_truncated, "not a model file, or damaged"),
    "a byte": (_flipped, "not a model file, or damaged (the checksum of its weights does not match)"),
    "a pickle": (_pickled, "not a model file, or damaged"),
    "a pickle in a zip": (_saved_by_torch, "not a model file, or damaged"),
    "a tensor missing": (_lacking, "(mean: expected float32 [3, 1, 1], found none)"),
    "a tensor more": (_adding, "(more: expected none, found float32 [2])"),
    "another dtype": (_of_another_dtype, "(mean: expected float32 [3, 1, 1], found float64 [3, 1, 1])"),
    "another shape": (_of_another_shape, "(mean: expected float32 [3, 1, 1], found float32 [3, 2, 1])"),
    "not finite": (_not_finite, "mean holds numbers that are not finite"),
    "other weights": (_changed_weights, "the checksum of its weights does not match"),
    "a huge text": (_huge_metadata, "its metadata recipe has 1,048,577 characters"),
    "a huge header": (_huge_header, "its header would take 1,099,511,627,776 bytes"),
    "a huge shape": (_huge_shape, "not a model file, or damaged"),
    "a wider network": (_huge_network, "its weights do not fit the network of its recipe"),
    "an immense network": (_immense_network, "model: the network would have"),
    "no metadata": (_without_metadata, "not a model file that this version of auxseg can read"),
}


@pytest.mark.parametrize("kind", sorted(DAMAGE))
def test_a_changed_model_is_refused_by_its_description_and_by_itself(kind: str, model: Path) -> None:
    change, message = DAMAGE[kind]
    change(model / "model.safetensors")
    with pytest.raises(
        InputError, match=r"model\.safetensors: (its SHA-256 begins with|config\.json says [\d,]+ bytes)"
    ):
        load(model, "cpu")
    _own_up(model)
    with pytest.raises(InputError) as refused:
        load(model, "cpu")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not Path("executed").exists()


def test_a_whole_directory_is_read(model: Path) -> None:
    assert is_model_directory(model)
    assert read_checked(model).step == load(model, "cpu").step == 30
    (model / "README.md").unlink()  # nobody needs it to load
    assert load(model, "cpu").step == 30


def test_the_description_of_another_model_is_refused(model: Path, tmp_path: Path) -> None:
    other = pack(make_run(tmp_path / "run", settings=("seed=1",)), tmp_path / "other")
    shutil.copy(other / "config.json", model / "config.json")
    with pytest.raises(InputError, match=r"one of them was changed or belongs to another model; pack the model again"):
        load(model, "cpu")


@pytest.mark.parametrize(
    ("gone", "held"),
    [("model.safetensors", "config.json and README.md"), ("config.json", "model.safetensors and README.md")],
)
def test_a_missing_file_is_named_by_what_should_be_there(gone: str, held: str, model: Path) -> None:
    (model / gone).unlink()
    with pytest.raises(InputError, match=f"and config.json and README.md, found {held}; pack the model again"):
        load(model, "cpu")


def test_a_directory_without_files_is_none(tmp_path: Path) -> None:
    assert not is_model_directory(tmp_path)
    with pytest.raises(
        InputError, match=r"holds no recipe\.yaml\), nor a model directory \(it holds no config\.json\)"
    ):
        load(tmp_path, "cpu")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_link_to_elsewhere_is_refused(name: str, model: Path, tmp_path: Path) -> None:
    shutil.move(model / name, tmp_path / "outside")
    (model / name).symlink_to(tmp_path / "outside")
    with pytest.raises(InputError, match=rf"{name}: is a link to a file elsewhere; expected the file itself"):
        load(model, "cpu")
    (model / name).unlink()
    (model / name).symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is a link to a file elsewhere"):
        load(model, "cpu")


def test_a_link_to_itself_is_no_file(model: Path) -> None:
    (model / "config.json").unlink()
    (model / "config.json").symlink_to("config.json")
    with pytest.raises(InputError, match=r"found model\.safetensors and README\.md"):
        load(model, "cpu")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_not_opened(name: str, make: Callable[[Path], None], model: Path) -> None:
    (model / name).unlink()
    make(model / name)
    with pytest.raises(InputError, match=rf"{name}: expected a file, found something else"):
        load(model, "cpu")


def test_the_links_of_a_hubs_cache_are_its_own(model: Path, tmp_path: Path) -> None:
    snapshot, blobs = tmp_path / "models--me--pets" / "snapshots" / "abc", tmp_path / "models--me--pets" / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, path in enumerate(sorted(model.iterdir())):
        shutil.move(path, blobs / str(number))
        (snapshot / path.name).symlink_to(f"../../blobs/{number}")
    assert load(snapshot, "cpu").step == 30


def test_a_file_of_absurd_size_is_not_even_hashed(model: Path) -> None:
    with (model / "model.safetensors").open("r+b") as file:
        file.truncate(16 * 2**30 + 1)  # sparse: it takes no room
    with pytest.raises(InputError, match="expected at most 17,179,869,184 bytes, found 17,179,869,185"):
        load(model, "cpu")
