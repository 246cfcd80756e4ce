"""Lists, numbers and pairs as `auxseg study` is given them."""

from __future__ import annotations

from auxseg.errors import InputError


def listed(text: str | None) -> tuple[str, ...] | None:
    """The parts of a text that commas divide; ``None`` for none."""
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())


def numbers(text: str | None, option: str) -> tuple[float, ...] | None:
    """The same as numbers. Raises `InputError`, naming the ``option``, for what is none."""
    parts = listed(text)
    try:
        return None if parts is None else tuple(float(part) for part in parts)
    except ValueError:
        raise InputError(f"{option} {text}: expected numbers separated by commas, such as 0.05,0.1,1") from None


def looks(text: str | None) -> tuple[int, ...] | int | None:
    """Numbers of seeds; a single 1 or 2 is what the method per arm understands. Raises `InputError` for others."""
    parts = listed(text)
    if parts is None:
        return None
    if not parts or not all(part.isdecimal() for part in parts):
        raise InputError(f"--looks {text}: expected numbers of seeds separated by commas, such as 5,10")
    found = tuple(int(part) for part in parts)
    return found[0] if found in ((1,), (2,)) else found


def candidates(parts: tuple[str, ...] | None) -> tuple[float, ...] | None:
    """Weights to choose from, three usual ones if the option has no value."""
    return None if parts is None else numbers(",".join(parts) or "0.1,0.3,1", "--tune-weights")


def weights(text: str | None) -> dict[str, float] | None:
    """By auxiliary its weight. Raises `InputError` for what is no ``name=weight``, and for a name given twice."""
    found: dict[str, float] = {}
    for part in listed(text) or ():
        name, _, value = part.partition("=")
        if name in found:
            raise InputError(f"--weights {text}: names {name} twice")
        try:
            found[name] = float(value)
        except ValueError:
            expected = "expected name=weight separated by commas, such as box=0.5"
            raise InputError(f"--weights {text}: {expected}") from None
    return found or None
