"""Downloads survive bad connections and are believed only with the right checksum."""

from __future__ import annotations

import errno
import hashlib
import http.client
import io
import ssl
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from auxseg.data import download
from auxseg.data.download import download_oxford_iiit_pet, fetch
from auxseg.errors import InputError, RunError

CONTENT = np.random.default_rng(0).bytes(700_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves bytes by path. ``drop_after`` bytes every answer breaks off, ``failures`` times."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {"/file": CONTENT}
        self.ranges = True
        self.drop_after: int | None = None
        self.failures = 0
        self.status: int | None = None
        self.requests: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    @property
    def offer(self) -> Server:
        assert isinstance(self.server, Server)
        return self.server

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.offer.requests.append(wanted)
        if self.offer.failures and self.offer.status:
            self.offer.failures -= 1
            return self.send_error(self.offer.status)
        if self.path not in self.offer.files:
            return self.send_error(404)
        content = self.offer.files[self.path]
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.offer.ranges else 0
        if start >= len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.offer.failures and self.offer.drop_after is not None:
            self.offer.failures -= 1
            self.wfile.write(content[start : start + self.offer.drop_after])
        else:
            self.wfile.write(content[start:])
        return None

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_file_is_fetched_and_progress_told(server, tmp_path):
    told = []
    fetch(f"{server.url}/file", tmp_path / "file", MD5, progress=lambda *each: told.append(each))
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert told[-1] == ("file", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_a_dropped_connection_is_continued(server, tmp_path):
    server.drop_after, server.failures = 200_000, 3
    fetch(f"{server.url}/file", tmp_path / "file", MD5, pause=0)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.requests == [None, "bytes=200000-", "bytes=400000-", "bytes=600000-"]


def test_a_server_without_ranges_starts_again(server, tmp_path):
    server.drop_after, server.failures, server.ranges = 200_000, 2, False
    fetch(f"{server.url}/file", tmp_path / "file", MD5, pause=0)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_starting_again_without_getting_further_ends(server, tmp_path):
    server.drop_after, server.failures, server.ranges = 200_000, 100, False
    with pytest.raises(RunError, match="cannot be fetched"):
        fetch(f"{server.url}/file", tmp_path / "file", MD5, attempts=3, pause=0)
    assert len(server.requests) == 3


@pytest.mark.parametrize("place", ["getresponse", "read"])
@pytest.mark.parametrize("error", [OSError(errno.EHOSTUNREACH, "No route to host"), ssl.SSLError("bad record")])
def test_a_network_that_fails_is_not_called_a_disk(server, tmp_path, monkeypatch, place, error):
    owner: Any = http.client.HTTPConnection if place == "getresponse" else http.client.HTTPResponse
    working, failures = getattr(owner, place), [error, error]

    def fail_twice(*arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return working(*arguments)

    monkeypatch.setattr(owner, place, fail_twice)
    fetch(f"{server.url}/file", tmp_path / "file", MD5, pause=0)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_later_call_continues_what_is_there(server, tmp_path):
    server.drop_after, server.failures = 0, 100
    (tmp_path / "file.partial").write_bytes(CONTENT[:300_000])
    with pytest.raises(RunError, match="run the same command again to continue"):
        fetch(f"{server.url}/file", tmp_path / "file", MD5, attempts=3, pause=0)
    assert server.requests == ["bytes=300000-"] * 3
    server.failures = 0
    fetch(f"{server.url}/file", tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_partial_file_that_is_whole_is_checked_and_kept(server, tmp_path):
    (tmp_path / "file.partial").write_bytes(CONTENT)
    fetch(f"{server.url}/file", tmp_path / "file", MD5)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_whole_file_is_not_fetched_again(server, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    fetch(f"{server.url}/file", tmp_path / "file", MD5)
    assert server.requests == []


def test_a_wrong_checksum_is_refused_and_nothing_kept(server, tmp_path):
    with pytest.raises(RunError, match=f"its MD5 sum is {MD5}, not 0000"):
        fetch(f"{server.url}/file", tmp_path / "file", "0000")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_busy_is_asked_again(server, tmp_path):
    server.status, server.failures = 503, 2
    fetch(f"{server.url}/file", tmp_path / "file", MD5, pause=0)
    assert len(server.requests) == 3


def test_a_missing_file_is_not_asked_for_again(server, tmp_path):
    with pytest.raises(RunError, match="/other answers 404 Not Found"):
        fetch(f"{server.url}/other", tmp_path / "file", MD5)
    assert len(server.requests) == 1


def test_no_server_is_one_clear_sentence(server, tmp_path):
    url = server.url
    server.server_close()
    with pytest.raises(RunError, match=r"cannot be fetched \(.*refused.*\)"):
        fetch(f"{url}/file", tmp_path / "file", MD5, attempts=2, pause=0)


def test_the_wait_doubles_until_bytes_arrive(server, tmp_path, monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr(download.time, "sleep", waits.append)
    server.status, server.failures = 500, 4
    fetch(f"{server.url}/file", tmp_path / "file", MD5, pause=1)
    assert waits == [1, 2, 4, 8]


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def offer(server: Server, archives: dict[str, bytes]) -> dict[str, str]:
    server.files = {f"/{name}": content for name, content in archives.items()}
    return {name: hashlib.md5(content).hexdigest() for name, content in archives.items()}


def test_the_pets_are_fetched_and_unpacked(server, tmp_path):
    images = archive({"images/Tabby_1.jpg": b"picture"})
    annotations = archive({"annotations/trainval.txt": b"Tabby_1 1 1 1"})
    md5 = offer(server, {"images.tar.gz": images, "annotations.tar.gz": annotations})
    to = download_oxford_iiit_pet(tmp_path / "new" / "pets", server.url, md5=md5)
    assert (to / "images" / "Tabby_1.jpg").read_bytes() == b"picture"
    assert (to / "annotations" / "trainval.txt").read_bytes() == b"Tabby_1 1 1 1"
    download_oxford_iiit_pet(to, server.url, md5=md5)
    assert len(server.requests) == 2


def test_an_archive_that_leaves_its_folder_is_refused(server, tmp_path):
    md5 = offer(server, {"images.tar.gz": archive({"../outside": b"x"})})
    with pytest.raises(RunError, match="cannot be unpacked"):
        download_oxford_iiit_pet(tmp_path / "pets", server.url, md5=md5)
    assert not (tmp_path / "outside").exists()


def test_a_damaged_archive_is_refused(server, tmp_path):
    md5 = offer(server, {"images.tar.gz": archive({"a": CONTENT})[:5000]})
    with pytest.raises(RunError, match="cannot be unpacked"):
        download_oxford_iiit_pet(tmp_path / "pets", server.url, md5=md5)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        download_oxford_iiit_pet(tmp_path / "file")


def test_a_place_that_cannot_be_written_is_named(server, tmp_path):
    (tmp_path / "file.partial").mkdir()
    with pytest.raises(RunError, match="cannot be written"):
        fetch(f"{server.url}/file", tmp_path / "file", MD5)
