"""Fetching a model directory from a Hub into the cache of huggingface_hub, which no later run fetches again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from auxseg.errors import InputError
from auxseg.extras import need_extra
from auxseg.models.network_access import answers
from auxseg.records.names import CARD_FILE, CONFIG_FILE, MODEL_FILE
from auxseg.run.packed.description import MAX_CONFIG_BYTES
from auxseg.run.packed.directory import FILES, MAX_MODEL_BYTES

LIMITS: Final = {MODEL_FILE: MAX_MODEL_BYTES, CONFIG_FILE: MAX_CONFIG_BYTES, CARD_FILE: 4 * 2**20}
"""How many bytes are fetched at most, by file."""

_NAME: Final = r"[A-Za-z0-9][\w.-]*"
_ADDRESS: Final = re.compile(rf"({_NAME}/{_NAME})(?:@([\w][\w./-]*))?", re.ASCII)
_SECONDS: Final = 20.0


def fetch(address: str) -> Path:
    """The directory with the files of ``OWNER/NAME`` or ``OWNER/NAME@REVISION``; nothing else of it is fetched.

    A branch or tag is resolved to its commit first, whose files are looked at and fetched. With ``HF_HUB_OFFLINE`` only
    what was fetched before is used.

    Raises:
        InputError: this is no address, the extra ``hub`` is not installed, there is no such model, it is larger than
            `LIMITS`, or the Hub cannot be reached.
    """
    shown = f"hf://{address[:200]}"
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise InputError(f"{shown}: expected hf://OWNER/NAME or hf://OWNER/NAME@REVISION")
    need_extra("hub", shown)
    import huggingface_hub
    from huggingface_hub import constants

    repo, revision = match[1], match[2]
    commit = None if constants.HF_HUB_OFFLINE else _commit(shown, repo, revision)
    try:  # By the name of the revision, under which the cache then knows it without a network too.
        folder = huggingface_hub.snapshot_download(
            repo, revision=revision, allow_patterns=list(FILES), local_files_only=constants.HF_HUB_OFFLINE
        )
    except Exception as error:  # The library lets those of its connections through, which differ between versions.
        if constants.HF_HUB_OFFLINE:
            raise InputError(f"{shown}: was not fetched before, and HF_HUB_OFFLINE forbids to fetch it now") from None
        raise InputError(f"{shown}: could not be fetched ({in_few_words(error)})") from None
    if commit not in (None, Path(folder).name):
        raise InputError(f"{shown}: was changed while it was fetched; try again")
    return Path(folder)


def _commit(shown: str, repo: str, revision: str | None) -> str | None:
    """The commit that a branch or tag stands for, after its files were looked at."""
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    refuse_unreachable(shown)
    try:
        info = HfApi().model_info(repo, revision=revision, files_metadata=True, timeout=_SECONDS)
    except RevisionNotFoundError:
        raise InputError(f"{shown}: this model has no branch, tag or commit {revision}") from None
    except RepositoryNotFoundError:
        raise InputError(
            f"{shown}: {constants.ENDPOINT} has no such model, or it is private and needs a token (`hf auth login`)"
        ) from None
    except Exception as error:  # see above
        raise InputError(f"{shown}: could not be looked up ({in_few_words(error)})") from None
    _refuse_files({each.rfilename: each.size for each in info.siblings or ()}, shown)
    return info.sha


def _refuse_files(sizes: Mapping[str, Any], shown: str) -> None:
    for name, limit in LIMITS.items():
        if name not in sizes and name != CARD_FILE:
            raise InputError(f"{shown}: holds no {name}, so it is not a model that auxseg packed")
        size = sizes.get(name)
        if isinstance(size, int) and size > limit:
            raise InputError(f"{shown}: its {name} has {size:,} bytes, expected at most {limit:,}")


def refuse_unreachable(shown: str) -> None:
    """Raise `InputError` if the Hub does not answer within seconds; the library itself tries for much longer."""
    from huggingface_hub import constants

    if not answers(constants.ENDPOINT):
        raise InputError(
            f"{shown}: {constants.ENDPOINT} does not answer; HF_HUB_OFFLINE=1 uses what was fetched before, and "
            "HF_ENDPOINT names another Hub"
        )


def in_few_words(error: Exception) -> str:
    """What went wrong, in a few words."""
    return (" ".join(str(error).split()) or type(error).__name__)[:200]
