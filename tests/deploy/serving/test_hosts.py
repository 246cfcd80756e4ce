"""Names in ``Host`` and ``Origin``: this machine's, a proxy's, and those of others."""

from __future__ import annotations

import pytest
from fastapi import HTTPException
from starlette.datastructures import Headers

from auxseg.deploy.serving.hosts import Hosts, allowed_hosts
from auxseg.errors import InputError

BEHIND = Hosts(allowed=frozenset({"models.example.org"}))


def _refused(hosts: Hosts, method: str = "GET", **headers: str) -> tuple[int, str]:
    with pytest.raises(HTTPException) as caught:
        hosts.check(method, Headers(headers))
    return caught.value.status_code, caught.value.detail


@pytest.mark.parametrize(
    "host", ["127.0.0.1:7860", "localhost", "localhost:1", "[::1]:7860", "LOCALHOST", "localhost."]
)
def test_names_of_this_machine_are_answered(host: str) -> None:
    Hosts().check("POST", Headers({"host": host, "origin": f"http://{host}"}))


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example:80", "", "[::1"])
def test_other_names_are_refused(host: str) -> None:
    status, detail = _refused(Hosts(), host=host)
    assert status == 421
    assert detail.startswith("this server answers to 127.0.0.1, ::1, localhost, not to ")
    assert detail.endswith("; auxseg serve --allow-host NAME adds a name")


def test_where_others_are_let_in_any_name_will_do() -> None:
    Hosts(None).check("GET", Headers({"host": "box.example"}))
    assert _refused(Hosts(None), "POST", host="", origin="null")[0] == 403  # a page of nowhere has no name


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[", "http://localhost:8888"])
def test_pages_of_other_sites_may_not_post(origin: str) -> None:
    for hosts in (Hosts(), Hosts(None), BEHIND):
        status, detail = _refused(hosts, "POST", host="127.0.0.1:7860", origin=origin)
        assert status == 403
        assert detail == (
            f"pages of '{origin}' may not post to '127.0.0.1:7860'; "
            "if a proxy stands between, name its host with auxseg serve --allow-host NAME"
        )
    Hosts().check("GET", Headers({"host": "127.0.0.1:7860", "origin": origin}))  # gives nothing away without a post


@pytest.mark.parametrize("host", ["models.example.org", "models.example.org:8443", "127.0.0.1:7860"])
def test_a_proxy_is_let_in_whichever_host_it_passes_on(host: str) -> None:
    for hosts in (BEHIND, Hosts(None, BEHIND.allowed)):
        hosts.check("POST", Headers({"host": host, "origin": "https://models.example.org"}))
    assert _refused(BEHIND, host="evil.example")[1].startswith(
        "this server answers to 127.0.0.1, ::1, localhost, models.example.org, not to 'evil.example'"
    )


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Models.Example.org.", "models.example.org"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("gpu_box-2", "gpu_box-2"),
        ("192.168.1.7", "192.168.1.7"),
        ("[FE80::1]", "fe80::1"),
    ],
)
def test_names_are_compared_as_requests_write_them(name: str, written: str) -> None:
    assert allowed_hosts([name]) == {written}


@pytest.mark.parametrize(
    "name",
    [
        "https://models.example.org",
        "models.example.org:8443",
        "a/b",
        "*",
        "*.example.org",
        "",
        "a b",
        "a..b",
        "-",
        "a" * 70,
        "stra\u00dfe.example",
    ],
)
def test_what_is_no_host_name_is_refused(name: str) -> None:
    with pytest.raises(InputError) as caught:
        allowed_hosts([name])
    assert str(caught.value) == (
        f"--allow-host {name}: expected a host name such as models.example.org, without scheme, port and path"
    )
