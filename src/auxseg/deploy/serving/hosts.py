"""The names that a server answers to, and the sites whose pages may use it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, final
from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.datastructures import Headers

from auxseg.errors import InputError

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")


@final
@dataclass(frozen=True)
class Hosts:
    """Who may be meant by a request, and who may have sent it.

    Attributes:
        names: the server's own names, ``None`` for any.
        allowed: further names, such as that of a proxy ahead of it, whose pages may post too.
    """

    names: frozenset[str] | None = LOOPBACK
    allowed: frozenset[str] = frozenset()

    def check(self, method: str, headers: Headers) -> None:
        """Raise `HTTPException` for a request that calls the server by another name, or comes from another site."""
        host = headers.get("host", "")
        if self.names is not None and _host_name(host) not in self.names | self.allowed:
            known = ", ".join(sorted(self.names | self.allowed))
            raise HTTPException(
                421,
                f"this server answers to {known}, not to {_host_name(host)[:100]!a}; "
                "auxseg serve --allow-host NAME adds a name",
            )
        origin = headers.get("origin")
        if origin is None or method != "POST":
            return
        sender = _netloc(origin)
        if (sender and sender == host) or _host_name(sender) in self.allowed:
            return
        raise HTTPException(
            403,
            f"pages of {origin[:100]!a} may not post to {host[:100]!a}; "
            "if a proxy stands between, name its host with auxseg serve --allow-host NAME",
        )


def allowed_hosts(names: Iterable[str]) -> frozenset[str]:
    """Host names as requests write them. Raises `InputError` for what is none, such as a whole address."""
    return frozenset(map(_allowed, names))


def _allowed(name: str) -> str:
    try:
        return str(ip_address(name.strip("[]")))
    except ValueError:
        pass
    known = name.lower().rstrip(".")
    try:
        plain = known.encode("idna").decode()
        if plain.encode().decode("idna") != known:  # browsers write such a name in another way: xn--strae-oqa.de
            plain = ""
    except UnicodeError:
        plain = ""
    if not all(map(_LABEL.fullmatch, plain.split("."))):
        raise InputError(
            f"--allow-host {name}: expected a host name such as models.example.org, without scheme, port and path"
        )
    return plain


def _host_name(host: str) -> str:
    """The name in a ``Host``, without the port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return host


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
