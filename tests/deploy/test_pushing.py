"""Pushing to a Hub that is not there: what is sent, and what is refused before anything is."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auxseg.deploy import pack
from auxseg.deploy.pushing import push
from auxseg.errors import InputError, RunError
from tests.deploy.made_models import make_run

huggingface_hub = pytest.importorskip("huggingface_hub")


class _Hub:
    """A Hub that takes everything."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.created: list[tuple[str, bool | None, bool]] = []
        self.branches: list[tuple[str, str, bool]] = []
        self.uploads: list[dict[str, Any]] = []
        self.failures: dict[str, Exception] = {}
        self.token: str | None = "hf_secret"
        self.is_there = True
        api = huggingface_hub.HfApi
        monkeypatch.setattr(api, "create_repo", self._create)
        monkeypatch.setattr(api, "create_branch", self._branch)
        monkeypatch.setattr(api, "upload_folder", self._upload)
        monkeypatch.setattr(huggingface_hub, "get_token", lambda: self.token)
        monkeypatch.setattr("auxseg.run.packed.hub.answers", lambda address: self.is_there)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)

    def _create(self, repo: str, *, private: bool | None, exist_ok: bool) -> Any:
        self._fail("create")
        self.created.append((repo, private, exist_ok))
        return SimpleNamespace(repo_id=repo if "/" in repo else f"me/{repo}")

    def _branch(self, repo: str, *, branch: str, exist_ok: bool) -> None:
        self.branches.append((repo, branch, exist_ok))

    def _upload(self, **asked: Any) -> Any:
        self._fail("upload")
        self.uploads.append(asked)
        return SimpleNamespace(oid="abc123")

    def _fail(self, what: str) -> None:
        if what in self.failures:
            raise self.failures[what]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> _Hub:
    return _Hub(monkeypatch)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    return pack(make_run(folder / "pets"), folder / "model")


def test_three_files_are_sent_and_nothing_else(hub: _Hub, packed: Path) -> None:
    pushed = push(packed, "me/pets")
    assert (pushed.address, pushed.commit) == ("hf://me/pets", "abc123")
    assert pushed.url.endswith("/me/pets")
    assert hub.created == [("me/pets", None, True)]
    assert hub.branches == []
    (sent,) = hub.uploads
    assert (sent["repo_id"], sent["folder_path"], sent["revision"]) == ("me/pets", packed, None)
    assert sent["allow_patterns"] == ["model.safetensors", "config.json", "README.md"]


def test_a_branch_is_made_and_privacy_is_asked_for(hub: _Hub, packed: Path) -> None:
    pushed = push(packed, "pets", private=True, revision="v2")
    assert hub.created == [("pets", True, True)]
    assert hub.branches == [("me/pets", "v2", True)]
    assert hub.uploads[0]["revision"] == "v2"
    assert pushed.address == "hf://me/pets@v2"


def test_what_nobody_could_load_is_not_sent(hub: _Hub, packed: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(packed, tmp_path / "broken"))
    content = bytearray((broken / "model.safetensors").read_bytes())
    content[-1] ^= 64
    (broken / "model.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=r"broken/model\.safetensors: its SHA-256 begins with"):
        push(broken, "me/pets")
    with pytest.raises(InputError, match=r"expected a model directory with .*, found none of them"):
        push(tmp_path, "me/pets")
    (broken / "README.md").unlink()
    with pytest.raises(InputError, match=r"README\.md, found model\.safetensors and config\.json; pack"):
        push(broken, "me/pets")
    assert hub.created == hub.uploads == []


def test_a_card_that_is_a_link_would_send_another_file(hub: _Hub, packed: Path, tmp_path: Path) -> None:
    linked = Path(shutil.copytree(packed, tmp_path / "linked"))
    (linked / "README.md").unlink()
    (tmp_path / "secret").write_text("password")
    (linked / "README.md").symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match=r"README\.md: is a link to a file elsewhere"):
        push(linked, "me/pets")
    assert hub.uploads == []


@pytest.mark.parametrize("name", ["", "a/b/c", "me/", "me/pe ts", "../pets", "hf://me/pets", "-x"])
def test_what_is_no_name_is_refused(name: str, hub: _Hub, packed: Path) -> None:
    with pytest.raises(InputError, match="expected the name of a repository, such as OWNER/NAME"):
        push(packed, name)
    assert hub.created == []


def test_without_a_token_it_says_how_to_log_in(hub: _Hub, packed: Path) -> None:
    hub.token = None
    with pytest.raises(InputError, match=r"needs a token of the Hub; run `hf auth login`, or set HF_TOKEN$"):
        push(packed, "me/pets")
    assert hub.created == []


def test_a_hub_out_of_reach_is_said(hub: _Hub, packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.is_there = False
    with pytest.raises(InputError, match=r"me/pets: https://\S+ does not answer"):
        push(packed, "me/pets")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="HF_HUB_OFFLINE forbids to reach it; unset it"):
        push(packed, "me/pets")
    assert hub.created == []


def test_a_refusal_comes_before_the_upload_and_a_failure_after(hub: _Hub, packed: Path) -> None:
    hub.failures = {"create": OSError("403\nForbidden")}
    with pytest.raises(InputError, match=r"^me/pets: the Hub refuses to create or open it \(403 Forbidden\)$"):
        push(packed, "me/pets")
    hub.failures = {"upload": ConnectionError("reset")}
    with pytest.raises(RunError, match=r"^me/pets: the upload failed \(reset\); push it again$"):
        push(packed, "me/pets")


def test_without_the_extra_it_says_how_to_install_it(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auxseg.extras.find_spec", lambda module: None)
    with pytest.raises(InputError, match=r"auxseg model push needs huggingface_hub, .*pip install 'auxseg\[hub\]'"):
        push(packed, "me/pets")
