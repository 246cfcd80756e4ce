"""Fetching from a Hub that is not there: what would be asked of it, and what is refused before and after."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auxseg.errors import InputError
from auxseg.run.packed.hub import fetch

huggingface_hub = pytest.importorskip("huggingface_hub")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class _Hub:
    """A Hub with one model."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.folder = folder / COMMIT
        self.sizes: dict[str, int | None] = {"model.safetensors": 10, "config.json": 5, "README.md": 3, "evil.py": 9}
        self.asked: list[tuple[str, str | None]] = []
        self.downloads: list[dict[str, Any]] = []
        self.failure: Exception | None = None
        self.is_there = True
        monkeypatch.setattr(huggingface_hub.HfApi, "model_info", self._info)
        monkeypatch.setattr(huggingface_hub, "snapshot_download", self._download)
        monkeypatch.setattr("auxseg.run.packed.hub.answers", lambda address: self.is_there)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)

    def _info(self, repo: str, *, revision: str | None, files_metadata: bool, timeout: float) -> Any:
        self.asked.append((repo, revision))
        if self.failure:
            raise self.failure
        siblings = [SimpleNamespace(rfilename=name, size=size) for name, size in self.sizes.items()]
        return SimpleNamespace(sha=COMMIT, siblings=siblings)

    def _download(self, repo: str, **asked: Any) -> str:
        self.downloads.append({"repo": repo, **asked})
        if self.failure:
            raise self.failure
        return str(self.folder)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> _Hub:
    return _Hub(monkeypatch, tmp_path)


@pytest.mark.parametrize(("address", "revision"), [("me/pets", None), ("me/pets@v1", "v1"), ("me/pets@a/b", "a/b")])
def test_three_files_are_fetched_by_the_name_that_was_given(address: str, revision: str | None, hub: _Hub) -> None:
    assert fetch(address) == hub.folder
    assert hub.asked == [("me/pets", revision)]
    assert hub.downloads == [
        {
            "repo": "me/pets",
            "revision": revision,
            "allow_patterns": ["model.safetensors", "config.json", "README.md"],
            "local_files_only": False,
        }
    ]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "pets",
        "me/",
        "/pets",
        "me/pets/x",
        "../pets",
        "me/..",
        "me/pets@",
        "me/pets@-x",
        "me/pe ts",
        "mé/pets",
        "a\n/b",
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_asked(address: str, hub: _Hub) -> None:
    with pytest.raises(InputError, match=r"expected hf://OWNER/NAME or hf://OWNER/NAME@REVISION"):
        fetch(address)
    assert hub.asked == hub.downloads == []


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("model.safetensors", 16 * 2**30 + 1, "its model.safetensors has 17,179,869,185 bytes, expected at most"),
        ("config.json", 4 * 2**20 + 1, "its config.json has 4,194,305 bytes, expected at most 4,194,304"),
        ("README.md", 4 * 2**20 + 1, "its README.md has 4,194,305 bytes"),
    ],
)
def test_what_is_too_large_is_not_fetched(name: str, size: int, message: str, hub: _Hub) -> None:
    hub.sizes[name] = size
    with pytest.raises(InputError, match=f"hf://me/pets: {message}"):
        fetch("me/pets")
    assert hub.downloads == []


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_model_of_something_else_is_not_fetched(name: str, hub: _Hub) -> None:
    del hub.sizes[name]
    with pytest.raises(InputError, match=f"hf://me/pets: holds no {name}, so it is not a model that auxseg packed"):
        fetch("me/pets")
    assert hub.downloads == []


def test_what_changes_while_it_is_fetched_was_never_looked_at(hub: _Hub) -> None:
    hub.folder = hub.folder.with_name("fedcba9876543210fedcba9876543210fedcba98")
    with pytest.raises(InputError, match=r"^hf://me/pets: was changed while it was fetched; try again$"):
        fetch("me/pets")


def test_a_card_may_be_missing(hub: _Hub) -> None:
    del hub.sizes["README.md"]
    assert fetch("me/pets") == hub.folder


def test_a_hub_that_does_not_answer_is_said(hub: _Hub) -> None:
    hub.is_there = False
    with pytest.raises(InputError, match=r"hf://me/pets: https://\S+ does not answer; HF_HUB_OFFLINE=1 uses what was"):
        fetch("me/pets")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("RepositoryNotFoundError", "has no such model, or it is private and needs a token"),
        ("RevisionNotFoundError", "this model has no branch, tag or commit v9"),
        ("GatedRepoError", "has no such model, or it is private and needs a token"),
    ],
)
def test_what_is_not_there_is_said(kind: str, message: str, hub: _Hub) -> None:
    error = getattr(huggingface_hub.errors, kind)
    hub.failure = error.__new__(error)  # its constructor wants a response
    with pytest.raises(InputError, match=f"hf://me/pets@v9: .*{message}"):
        fetch("me/pets@v9")


def test_a_connection_that_breaks_is_one_sentence(hub: _Hub) -> None:
    hub.failure = ConnectionError("reset\nby peer")
    with pytest.raises(InputError, match=r"^hf://me/pets: could not be looked up \(reset by peer\)$"):
        fetch("me/pets")


def test_a_download_that_breaks_is_one_sentence(hub: _Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> str:
        raise TimeoutError

    monkeypatch.setattr(huggingface_hub, "snapshot_download", broken)
    with pytest.raises(InputError, match=r"^hf://me/pets: could not be fetched \(TimeoutError\)$"):
        fetch("me/pets")


def test_offline_only_what_was_fetched_before_is_used(hub: _Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert fetch("me/pets@v1") == hub.folder
    assert hub.asked == []
    assert hub.downloads[0]["revision"] == "v1"
    assert hub.downloads[0]["local_files_only"]
    hub.failure = FileNotFoundError("no")
    with pytest.raises(InputError, match="was not fetched before, and HF_HUB_OFFLINE forbids to fetch it now"):
        fetch("me/pets@v1")


def test_the_real_cache_is_read_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the library itself, so that a change of its layout is noticed."""
    home = tmp_path / "models--me--pets"
    for folder in ("refs", "blobs", f"snapshots/{COMMIT}"):
        (home / folder).mkdir(parents=True)
    (home / "refs" / "main").write_text(COMMIT)
    for name in ("model.safetensors", "config.json"):
        (home / "blobs" / name).write_text(name)
        (home / "snapshots" / COMMIT / name).symlink_to(f"../../blobs/{name}")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    for address in ("me/pets", "me/pets@main", f"me/pets@{COMMIT}"):
        assert (fetch(address) / "config.json").read_text() == "config.json"


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auxseg.extras.find_spec", lambda module: None)
    with pytest.raises(InputError, match=r"hf://me/pets needs huggingface_hub, .*pip install 'auxseg\[hub\]'"):
        fetch("me/pets")
