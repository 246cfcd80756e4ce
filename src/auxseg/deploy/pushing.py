"""From a model directory to a Hub."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from auxseg.arguments import as_path
from auxseg.errors import InputError, RunError
from auxseg.extras import need_extra
from auxseg.run.load import load
from auxseg.run.packed.directory import FILES, read_checked, refuse_strange
from auxseg.run.packed.hub import in_few_words, refuse_unreachable
from auxseg.version import __version__

_REPOSITORY: Final = re.compile(r"(?:[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*", re.ASCII)


@final
@dataclass(frozen=True)
class Pushed:
    """Where a model lies now: its page, its address for `auxseg.load`, and the commit."""

    url: str
    address: str
    commit: str


def push(directory: str | Path, repository: str, *, private: bool = False, revision: str | None = None) -> Pushed:
    """Upload a model directory to a Hub, after it was read as whoever uses it will read it.

    Args:
        directory: what `pack` wrote.
        repository: ``OWNER/NAME``; created if it does not exist.
        private: let only its owner see a repository that is created here.
        revision: the branch; created if it does not exist. The main one if not told.

    Raises:
        InputError: the directory is damaged, the extra ``hub`` or a token is missing, the name is none, or the Hub does
            not answer or refuses.
        RunError: the upload broke off.
    """
    need_extra("hub", "auxseg model push")
    directory = as_path(directory, "directory")
    if not _REPOSITORY.fullmatch(repository):
        raise InputError(f"{repository[:200]!r}: expected the name of a repository, such as OWNER/NAME")
    for name in FILES:
        refuse_strange(directory / name)
    read_checked(directory)
    load(directory, "cpu")
    from huggingface_hub import HfApi, constants, get_token

    if constants.HF_HUB_OFFLINE:
        raise InputError("auxseg model push needs the Hub, but HF_HUB_OFFLINE forbids to reach it; unset it")
    if get_token() is None:
        raise InputError("auxseg model push needs a token of the Hub; run `hf auth login`, or set HF_TOKEN")
    refuse_unreachable(repository)
    api = HfApi(library_name="auxseg", library_version=__version__)
    try:
        repository = api.create_repo(repository, private=private or None, exist_ok=True).repo_id
        if revision is not None:
            api.create_branch(repository, branch=revision, exist_ok=True)
    except Exception as error:  # The library lets those of its connections through, which differ between versions.
        raise InputError(f"{repository}: the Hub refuses to create or open it ({in_few_words(error)})") from None
    try:
        done = api.upload_folder(
            repo_id=repository,
            folder_path=directory,
            allow_patterns=list(FILES),
            revision=revision,
            commit_message=f"Upload a model packed by auxseg {__version__}",
        )
    except Exception as error:
        raise RunError(f"{repository}: the upload failed ({in_few_words(error)}); push it again") from error
    address = f"hf://{repository}" + (f"@{revision}" if revision else "")
    return Pushed(f"{constants.ENDPOINT}/{repository}", address, str(getattr(done, "oid", "")))
