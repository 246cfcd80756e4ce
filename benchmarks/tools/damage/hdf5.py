"""Damage to what an HDF5 file says: every dataset and attribute in turn removed, of another kind, shape or content."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

import h5py
import numpy as np

from benchmarks.tools.damage.guard import MARKUP
from benchmarks.tools.damage.trees import Change, json_changes

_HUGE: Final = 2**40

Rewrite = Callable[[h5py.File, str], None]


def hdf5_changes(content: bytes) -> list[Change]:
    """All changes to the file."""
    found: list[Change] = []
    with h5py.File(io.BytesIO(content), "r") as file:
        names: list[str] = []
        file.visit(names.append)
        for name in names:
            found += [
                (
                    f"/{name} {rewrite.__name__.strip('_').replace('_', ' ')}",
                    lambda r=rewrite, n=name: _with(content, r, n),
                )
                for rewrite in _REWRITES
            ]
        for name in names:
            found += _text_changes(content, name, file[name])
        for key, value in file.attrs.items():
            found += _attribute_changes(content, key, value)
    return found


def _text_changes(content: bytes, name: str, dataset: Any) -> list[Change]:
    """Of bytes that are JSON."""
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype != np.uint8 or dataset.ndim != 1:
        return []
    text = bytes(dataset[:])
    if text[:1] not in (b"{", b"["):
        return []

    def rewritten(change: Callable[[], bytes]) -> bytes:
        return _with(content, lambda file, _: _replace(file, name, np.frombuffer(change(), np.uint8)), name)

    return [(f"/{name}: {what}", lambda c=change: rewritten(c)) for what, change in json_changes(text)]


def _attribute_changes(content: bytes, key: str, value: Any) -> list[Change]:
    found: list[Change] = [(f"attribute {key} dropped", lambda: _with_attribute(content, key, None))]
    others: tuple[Any, ...] = (
        "", "x", 0, -1, 2**40, 2**63, 1.5, np.nan, True, "x" * 60_000, np.zeros(3), b"\xff\x00", h5py.Empty("f"), "1",
        "null", "[]", "{}", "1e400", np.array(["a", "b"], object), "[" * 30_000, "\x1b[2J", f"[/b]{MARKUP}",
    )  # fmt: skip
    for other in others:
        found.append((f"attribute {key} = {other!r:.20}", lambda o=other: _with_attribute(content, key, o)))
    if isinstance(value, str) and value[:1] in "[{" and value:
        for name, change in json_changes(value.encode()):
            found.append(
                (
                    f"attribute {key}: {name}",
                    lambda c=change: _with_attribute(content, key, c().decode("utf-8", "replace")),
                )
            )
    return found


def _with(content: bytes, rewrite: Rewrite, name: str) -> bytes:
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        rewrite(file, name)
    return buffer.getvalue()


def _with_attribute(content: bytes, key: str, value: Any) -> bytes:
    def rewrite(file: h5py.File, _: str) -> None:
        del file.attrs[key]
        if value is not None:
            try:
                file.attrs[key] = value
            except (TypeError, OSError, ValueError, RuntimeError, OverflowError, UnicodeError):
                file.attrs[key] = "what HDF5 does not hold"

    return _with(content, rewrite, key)


def _values(file: h5py.File, name: str) -> np.ndarray:
    found = file[name]
    return np.asarray(found) if isinstance(found, h5py.Dataset) else np.zeros(3)


def _removed(file: h5py.File, name: str) -> None:
    del file[name]


def _a_group(file: h5py.File, name: str) -> None:
    del file[name]
    file.create_group(name)


def _a_scalar(file: h5py.File, name: str) -> None:
    del file[name]
    file[name] = 1


def _no_space(file: h5py.File, name: str) -> None:
    del file[name]
    file[name] = h5py.Empty("u1")


def _floats(file: h5py.File, name: str) -> None:
    _replace(file, name, np.resize(np.array([0.5, np.nan, -np.inf, 1e300]), _values(file, name).shape))


def _big_integers(file: h5py.File, name: str) -> None:
    _replace(file, name, np.full(_values(file, name).shape, 2**62, np.int64))


def _negative(file: h5py.File, name: str) -> None:
    _replace(file, name, np.full(_values(file, name).shape, -5, np.int32))


def _all_bits(file: h5py.File, name: str) -> None:
    values = _values(file, name)
    _replace(
        file, name, np.full(values.shape, 255, np.uint8) if values.dtype == object else values.view(np.uint8) | 255
    )


def _texts(file: h5py.File, name: str) -> None:
    shape = _values(file, name).shape[:1]
    _replace(file, name, np.full(shape, f"\x1b[2J[/b]{MARKUP}", object), h5py.string_dtype())


def _invalid_texts(file: h5py.File, name: str) -> None:
    _replace(file, name, np.full(_values(file, name).shape[:1], b"\xff\xfe\x80", object), h5py.string_dtype("ascii"))


def _fixed_texts(file: h5py.File, name: str) -> None:
    _replace(file, name, np.full(_values(file, name).shape[:1], b"same", "S4"))


def _a_huge_text(file: h5py.File, name: str) -> None:
    _replace(file, name, np.full(_values(file, name).shape[:1], b"x" * 30_000_000, object), h5py.string_dtype())


def _lists(file: h5py.File, name: str) -> None:
    kind = h5py.vlen_dtype(np.int32)
    del file[name]
    file.create_dataset(name, (3,), kind)


def _records(file: h5py.File, name: str) -> None:
    _replace(file, name, np.zeros(_values(file, name).shape[:1] or (1,), [("a", "i4"), ("b", "f8")]))


def _no_rows(file: h5py.File, name: str) -> None:
    _replace(file, name, _values(file, name)[:0])


def _one_row_less(file: h5py.File, name: str) -> None:
    _replace(file, name, _values(file, name)[:-1])


def _doubled_rows(file: h5py.File, name: str) -> None:
    values = _values(file, name)
    _replace(file, name, np.concatenate([values, values]))


def _one_axis_more(file: h5py.File, name: str) -> None:
    _replace(file, name, _values(file, name)[..., None])


def _flat(file: h5py.File, name: str) -> None:
    _replace(file, name, _values(file, name).ravel())


def _so_many_rows(file: h5py.File, name: str) -> None:
    """More than any machine holds, of which none takes room in the file."""
    values = _values(file, name)
    del file[name]
    row = values.shape[1:]
    kind = h5py.string_dtype() if values.dtype == object else values.dtype
    file.create_dataset(name, (_HUGE, *row), kind, maxshape=(None, *row), chunks=(1, *row))


def _so_wide_rows(file: h5py.File, name: str) -> None:
    values = _values(file, name)
    num_rows = max(len(values), 1)
    kind = np.dtype(np.uint8) if values.dtype == object else values.dtype
    shape = (num_rows, *(200_000 for _ in values.shape[1:3]), *values.shape[3:])
    del file[name]
    file.create_dataset(name, shape, kind, chunks=(1, *(64 for _ in shape[1:3]), *shape[3:]))


def _compressed(file: h5py.File, name: str) -> None:
    values = _values(file, name)
    if values.dtype != object and values.ndim:
        del file[name]
        file.create_dataset(name, data=values, compression="gzip")


def _blown_up(file: h5py.File, name: str) -> None:
    """One chunk of zeros that takes a hundredth of its size."""
    del file[name]
    file.create_dataset(name, data=np.zeros((4, 3_000_000), np.uint8), chunks=(4, 3_000_000), compression="gzip")


def _its_own_link(file: h5py.File, name: str) -> None:
    del file[name]
    file[name] = h5py.SoftLink(f"/{name}")


def _outside(file: h5py.File, name: str) -> None:
    del file[name]
    file[name] = h5py.ExternalLink("/etc/passwd", "/x")


def _other_storage(file: h5py.File, name: str) -> None:
    """Rows that lie in another file of the machine."""
    values = _values(file, name)
    if values.dtype != object and values.ndim:
        del file[name]
        file.create_dataset(name, values.shape, values.dtype, external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def _replace(file: h5py.File, name: str, values: np.ndarray, kind: Any = None) -> None:
    del file[name]
    file.create_dataset(name, data=values, dtype=kind)


_REWRITES: Final[tuple[Rewrite, ...]] = (
    _removed, _a_group, _a_scalar, _no_space, _floats, _big_integers, _negative, _all_bits, _texts, _invalid_texts,
    _fixed_texts, _a_huge_text, _lists, _records, _no_rows, _one_row_less, _doubled_rows, _one_axis_more, _flat,
    _so_many_rows, _so_wide_rows, _compressed, _blown_up, _its_own_link, _outside, _other_storage,
)  # fmt: skip
