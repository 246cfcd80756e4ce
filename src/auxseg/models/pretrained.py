"""Reading pretrained weights: from a file, without ever running code in it, or as a download by timm."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from auxseg.errors import InputError
from auxseg.models.archive import refuse_growth
from auxseg.models.network_access import answers
from auxseg.records.names import MODEL_FILE

MOST_COMPLAINTS = 3


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors or PyTorch file by name, on the CPU.

    Raises `InputError` if there is no such file, or it holds anything but a dictionary of tensors (it may stand under
    the key ``state_dict`` or ``model``).
    """
    if not path.is_file():
        raise InputError(f"model.weights: {path} is not a file; expected none, timm or a file with weights")
    try:
        content: Any = load_file(path) if path.suffix == ".safetensors" else _load_pickle(path)
    except Exception as error:  # Bytes of another kind make torch's unpickler raise almost anything, KeyError too.
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"model.weights: {path} is neither a safetensors file nor a PyTorch file that holds only weights ({reason})"
        ) from None
    for key in ("state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not (isinstance(content, dict) and content and all(isinstance(value, Tensor) for value in content.values())):
        raise InputError(f"model.weights: {path} does not hold a dictionary of tensors, found {_describe(content)}")
    return content


def download(name: str, **settings: Any) -> Any:
    """A backbone of timm with the weights that timm knows for it. Raises `InputError` if they cannot be had.

    Without a network that is said within seconds; the downloader itself tries again for a minute and a half.
    """
    import timm

    _refuse_without_network(name)
    try:
        return timm.create_model(name, pretrained=True, **settings)
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"model.weights: timm could not get the weights of {name} ({reason}); "
            "set model.weights to a file, or to none for random weights"
        ) from None


def _refuse_without_network(name: str) -> None:
    """Raise `InputError` if the weights have to be fetched and their host does not answer."""
    import timm
    from huggingface_hub import constants, try_to_load_from_cache

    known = timm.get_pretrained_cfg(name)
    if known is None or not (known.hf_hub_id or known.url):
        return  # timm has a sentence for that
    host = constants.ENDPOINT if known.hf_hub_id else str(known.url)
    files = (MODEL_FILE, "pytorch_model.bin", known.hf_hub_filename)
    cached = [try_to_load_from_cache(known.hf_hub_id, file) for file in files if known.hf_hub_id and file]
    if any(isinstance(path, str) for path in cached) or constants.HF_HUB_OFFLINE or answers(host):
        return
    raise InputError(
        f"model.weights: timm would fetch the weights of {name} from {host}, which does not answer; fetch "
        f"{MODEL_FILE} of {known.hf_hub_id or name} on a machine with network access and set model.weights to "
        "that file, or set model.weights=none for random weights"
    )


def describe_file(path: Path) -> str:
    """A file's name and SHA-256, by which its provenance can be looked up."""
    with path.open("rb") as file:
        return f"{path.name} (sha256 {hashlib.file_digest(file, 'sha256').hexdigest()})"


def describe_download(pretrained_cfg: Mapping[str, Any]) -> str:
    """Name, origin and licence of weights that timm downloads, from what timm says of them."""
    name = ".".join(filter(None, (pretrained_cfg.get("architecture"), pretrained_cfg.get("tag"))))
    origin = pretrained_cfg.get("origin_url") or "origin not stated"
    return f"timm {name} ({origin}; licence {pretrained_cfg.get('license') or 'not stated'})"


def check_fit(expected: Mapping[str, Sequence[int]], found: Mapping[str, Tensor], source: str, what: str) -> None:
    """Raise `InputError`, naming keys and shapes, unless exactly the ``expected`` tensors were ``found``."""
    complaints = [f"{key} is missing" for key in expected if key not in found]
    complaints += [
        f"{key} has shape {list(found[key].shape)} instead of {list(shape)}"
        for key, shape in expected.items()
        if key in found and tuple(found[key].shape) != tuple(shape)
    ]
    complaints += [f"{key} is unexpected" for key in found if key not in expected]
    if complaints:
        more = f" and {len(complaints) - MOST_COMPLAINTS} more" if len(complaints) > MOST_COMPLAINTS else ""
        raise InputError(
            f"model.weights: {source} does not fit {what}: {', '.join(complaints[:MOST_COMPLAINTS])}{more}"
        )


def _load_pickle(path: Path) -> Any:
    refuse_growth(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def _describe(content: Any) -> str:
    if not isinstance(content, dict):
        return type(content).__name__
    return f"the keys {', '.join(map(str, list(content)[:3]))}" if content else "an empty dictionary"
