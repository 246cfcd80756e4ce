"""Damage to what files of weights say: the header of safetensors, the archive and the pickle of a checkpoint."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from typing import Any

from benchmarks.tools.damage.guard import CANARY
from benchmarks.tools.damage.trees import Change, json_changes, yaml_changes

_MOST_PARTS = 12
_CODE = f"open({CANARY!r}, 'w')"


def safetensors_changes(content: bytes) -> list[Change]:
    """All changes to the header, and to the recipe and vocabulary in it."""
    (length,) = struct.unpack("<Q", content[:8])
    header, tensors = json.loads(content[8 : 8 + length]), content[8 + length :]
    found: list[Change] = []

    def whole(text: bytes) -> bytes:
        return struct.pack("<Q", len(text)) + text + tensors

    def with_metadata(key: str, text: bytes) -> bytes:
        metadata = header["__metadata__"] | {key: text.decode("utf-8", "replace")}
        return whole(json.dumps(header | {"__metadata__": metadata}).encode())

    metadata = header["__metadata__"]
    for key, value in metadata.items():
        for other in ("", "x", "-1", "1e400", "null", "[]", "9" * 5000, "NaN", "2"):
            found.append((f"{key} = {other:.10}", lambda k=key, o=other: with_metadata(k, o.encode())))
        inner = _inner(key, value)
        found += [(f"{key}: {name}", lambda k=key, c=change: with_metadata(k, c())) for name, change in inner]
    few = {key: header[key] for key in ["__metadata__", *[key for key in header if key != "__metadata__"][:6]]}
    rest = {key: value for key, value in header.items() if key not in few}
    for name, change in json_changes(json.dumps(few | {"__metadata__": {"a": "b"}}).encode()):
        found.append((name, lambda c=change: whole(_merged(c(), rest, metadata))))
    for number in (0, 1, 7, length - 1, length + 1, 2**31, 2**32, 2**63, 2**64 - 1):
        found.append((f"length {number}", lambda n=number: struct.pack("<Q", n) + content[8:]))
    return found


def _inner(key: str, value: str) -> list[Change]:
    if key == "recipe":
        return yaml_changes(value.encode())
    return json_changes(value.encode()) if value[:1] in ("{", "[") and value else []


def _merged(text: bytes, rest: dict[str, Any], metadata: dict[str, str]) -> bytes:
    """What was left out of the changed header, where that still is one; without the checksum, as older files are."""
    try:
        changed = json.loads(text)
        if changed.get("__metadata__") == {"a": "b"}:
            changed["__metadata__"] = {key: value for key, value in metadata.items() if not key.endswith("sha256")}
        return json.dumps({**changed, **rest}).encode()
    except (ValueError, AttributeError, RecursionError):
        return text


def checkpoint_changes(content: bytes) -> list[Change]:
    """All changes to the archive's parts; a zip file that torch wrote, once without its seal and once sealed anew."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        comment = archive.comment
        parts = {name: archive.read(name) for name in archive.namelist()}
    found = _archive_changes(parts)
    if comment:
        found += [(f"sealed anew: {name}", lambda c=change: _sealed(c(), comment)) for name, change in found]
        for name, change in json_changes(comment):
            found.append((f"seal: {name}", lambda c=change: _commented(content, c())))
    found.append(("no archive, a pickle", lambda: _PAYLOADS["runs a command"]))
    return found


def _archive_changes(parts: dict[str, bytes]) -> list[Change]:
    found: list[Change] = []
    pickle = next(name for name in parts if name.endswith("data.pkl"))
    for name, payload in _PAYLOADS.items():
        found.append((f"pickle: {name}", lambda p=payload: _zipped({**parts, pickle: p})))
    for name in list(parts)[:_MOST_PARTS]:
        others = {key: value for key, value in parts.items() if key != name}
        found.append((f"{name} dropped", lambda o=others: _zipped(o)))
        for what, other in (("empty", b""), ("zeros", bytes(len(parts[name]))), ("ones", b"\xff" * len(parts[name]))):
            found.append((f"{name} {what}", lambda n=name, o=other: _zipped({**parts, n: o})))
        found.append((f"{name} deflated", lambda n=name: _zipped(parts, deflated=n)))
    found.append(("blown up", lambda: _zipped(parts, blown_up=list(parts)[-1])))
    found.append(("an outside name", lambda: _zipped({**parts, "../../outside": b"x"})))
    return found + [
        (f"pickle: {name}", lambda c=change: _zipped({**parts, pickle: c()}))
        for name, change in _numbers(parts[pickle])
    ]


def _commented(archive: bytes, comment: bytes) -> bytes:
    """With another comment, which stands at the end of the file."""
    with zipfile.ZipFile(io.BytesIO(archive)) as whole:
        body = archive[: len(archive) - len(whole.comment) - 2]
    return body + struct.pack("<H", len(comment[:65535])) + comment[:65535]


def _sealed(archive: bytes, comment: bytes) -> bytes:
    """With a seal that is right, as one has it who damages on purpose."""
    try:
        seal = {**json.loads(comment), "sha256": hashlib.sha256(archive[:-2]).hexdigest()}
        return _commented(archive, json.dumps(seal).encode())
    except zipfile.BadZipFile:
        return archive


def _numbers(pickle: bytes) -> list[Change]:
    """Every small integer in the pickle in turn replaced by a huge one or by nothing; its words by others."""
    found: list[Change] = []
    for place in [place for place in range(len(pickle) - 1) if pickle[place : place + 1] == b"K"][:120]:
        for name, other in (
            ("huge", b"\x8a\x08" + b"\xff" * 7 + b"\x3f"),
            ("None", b"N"),
            ("negative", b"J\xff\xff\xff\xff"),
            ("text", b"X\x01\x00\x00\x00x"),
        ):
            found.append((f"number at {place} {name}", lambda p=place, o=other: pickle[:p] + o + pickle[p + 2 :]))
    for word in _WORDS:
        if word in pickle:
            found.append((f"{word.decode()} renamed", lambda w=word: pickle.replace(w, bytes(reversed(w)))))
    return found


_WORDS = (
    b"progress", b"step", b"network", b"optimizer", b"balancer", b"schedule", b"average", b"best", b"param_groups",
    b"state", b"lr", b"torch", b"FloatStorage", b"_rebuild_tensor_v2",
)  # fmt: skip

_PAYLOADS: dict[str, bytes] = {
    "runs a command": b"\x80\x02cos\nsystem\nX"
    + struct.pack("<I", len(f"touch {CANARY}"))
    + f"touch {CANARY}".encode()
    + b"\x85R.",
    "executes code": b"\x80\x02cbuiltins\nexec\nX" + struct.pack("<I", len(_CODE)) + _CODE.encode() + b"\x85R.",
    "a number": b"\x80\x02K\x01.",
    "an empty mapping": b"\x80\x02}.",
    "a list": b"\x80\x02].",
    "None": b"\x80\x02N.",
    "nested": b"\x80\x02" + b"]" * 200_000 + b"a" * 199_999 + b".",
    "many copies": b"\x80\x02]q\x00"
    + b"".join(b"]q" + bytes([n + 1]) + b"(" + b"".join(b"h" + bytes([n]) for _ in range(40)) + b"e" for n in range(20))
    + b".",
    "a huge number": b"\x80\x02\x8b\x00\x00\x00\x40" + bytes(1000) + b".",
    "a huge text": b"\x80\x02X\xff\xff\xff\x7f" + b"x" * 1000 + b".",
}


def _zipped(parts: dict[str, bytes], deflated: str | None = None, blown_up: str | None = None) -> bytes:
    """One part may be compressed, or be 2.5 GiB of zeros that take 3 MiB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, compresslevel=1) as archive:
        for name, part in parts.items():
            if name == blown_up:
                with archive.open(_deflated(name), "w", force_zip64=True) as file:
                    for _ in range(160):
                        file.write(bytes(2**24))
            else:
                archive.writestr(_deflated(name) if name == deflated else name, part)
    return buffer.getvalue()


def _deflated(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info
