"""Many requests at once, some of them bombs, some hanging up: all answered, and none of it stays in memory."""

from __future__ import annotations

import time
from collections.abc import Mapping

from auxseg.deploy.serving.app import create_app
from auxseg.deploy.serving.limits import Limits
from auxseg.deploy.serving.models import Served
from benchmarks.tools.serving.clients import HUNG_UP, numbers, storm
from benchmarks.tools.serving.files import photograph
from tests.deploy.serving.running import running

MEGABYTE = 2**20


def test_all_are_answered_and_none_is_lost(models: Mapping[str, Served]) -> None:
    app, worker = create_app(models, Limits())
    photographs = [photograph(160, 120, seed=seed) for seed in range(3)]
    with running(app, worker) as address:
        storm(address, photographs, 20, 8, 1)
        before = numbers(address)["process_resident_memory_bytes"]
        found = storm(address, photographs, 60, 8, 0)
        assert sum(found.values()) == 60
        assert set(found) <= {"200", "422", HUNG_UP}
        assert found["200"] >= 42
        assert found["422"] >= 6  # the bombs
        assert found[HUNG_UP] == 6
        end = time.monotonic() + 20
        while numbers(address)["auxseg_queue_length"]:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert numbers(address)["process_resident_memory_bytes"] < before + 60 * MEGABYTE


def test_a_full_queue_tells_clients_to_come_back_and_loses_none(models: Mapping[str, Served]) -> None:
    app, worker = create_app(models, Limits(waiting=1))
    with running(app, worker) as address:
        found = storm(address, [photograph(160, 120)], 40, 8, 0)
        assert sum(found.values()) == 40
        assert set(found) <= {"200", "422", "503", HUNG_UP}
        assert found["200"] > 0
