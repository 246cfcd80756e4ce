from __future__ import annotations

import os
import socket
import threading
from urllib.parse import urlsplit

import pytest

from auxseg.deploy.serving.server import address_elsewhere, address_of, end, hosts_of, listen
from auxseg.deploy.serving.worker import Worker
from auxseg.errors import InputError, Terminated


def test_a_free_port_is_taken_and_told() -> None:
    with listen("127.0.0.1", 0) as listening:
        host, port = listening.getsockname()
        assert address_of(listening) == f"http://127.0.0.1:{port}"
        assert host == "127.0.0.1"
        with pytest.raises(InputError, match=f"127.0.0.1:{port}: cannot listen there .*; --port 0 takes a free port"):
            listen("127.0.0.1", port)


def test_a_port_can_be_used_again_at_once() -> None:
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            listening.accept()[0].close()  # the server closes first, so that the port waits
    listen("127.0.0.1", port).close()


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_address_of_ipv6_stands_in_brackets() -> None:
    try:
        listening = listen("::1", 0)
    except InputError:
        pytest.skip("this machine has no IPv6")
    with listening:
        assert address_of(listening).startswith("http://[::1]:")
        assert hosts_of(listening).names == {"localhost", "127.0.0.1", "::1"}


def test_only_a_server_of_this_machine_is_particular_about_its_name() -> None:
    with listen("127.0.0.1", 0) as listening:
        assert hosts_of(listening).names == {"localhost", "127.0.0.1", "::1"}
    with listen("0.0.0.0", 0) as listening:
        assert hosts_of(listening).names is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_server_of_all_addresses_tells_one_for_here_and_one_for_elsewhere(host: str) -> None:
    try:
        listening = listen(host, 0)
    except InputError:
        pytest.skip("this machine has no IPv6")
    with listening:
        port = listening.getsockname()[1]
        assert address_elsewhere(listening) == f"http://{socket.gethostname()}:{port}"
        name = urlsplit(address_of(listening)).hostname
        assert name in ("127.0.0.1", "::1")
        socket.create_connection((name, port), 10).close()
    with listen("127.0.0.1", 0) as listening:
        assert address_elsewhere(listening) is None


def test_what_is_no_address_is_refused() -> None:
    for host in ("no.such.host.invalid", "a" * 70, "host\nname"):
        with pytest.raises(InputError, match="cannot listen there"):
            listen(host, 0)


def test_what_has_begun_is_finished_before_the_end() -> None:
    worker, begun, let, told = Worker(1), threading.Event(), threading.Event(), []
    future = worker.submit(lambda: (begun.set(), let.wait(30))[1])
    assert begun.wait(30)

    def tell(text: str) -> None:
        told.append(text)
        let.set()

    end(worker, tell)
    assert future.result(0)
    assert worker.join(0)
    assert told == ["finishing the prediction that has begun (Ctrl-C ends it at once)"]


@pytest.mark.parametrize(("signalled", "code"), [(KeyboardInterrupt, 130), (Terminated, 143)])
def test_who_asks_again_does_not_wait(
    signalled: type[BaseException], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, codes = Worker(1), []

    def join(seconds: float | None = None) -> bool:
        raise signalled

    monkeypatch.setattr(worker, "join", join)
    monkeypatch.setattr(os, "_exit", codes.append)
    end(worker, print)
    assert codes == [code]
