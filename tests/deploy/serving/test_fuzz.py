"""Requests and files that nobody would write: no failure of the server, and every answer as it is described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import BaseSchema, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from auxseg.deploy.serving.app import create_app
from auxseg.deploy.serving.hosts import Hosts
from auxseg.deploy.serving.limits import Limits
from auxseg.deploy.serving.models import Served
from benchmarks.tools.serving.files import FORMATS, mutated, photograph

NUM_FILES = 20
NUM_REQUESTS = 8
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def api(models: Mapping[str, Served]) -> Iterator[BaseSchema]:
    app, worker = create_app(models, Limits(), hosts=Hosts(None))
    yield schemathesis.openapi.from_asgi("/openapi.json", app)
    worker.close()


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        ("POST", "/v1/predict", GenerationMode.POSITIVE),
        ("POST", "/v1/predict", GenerationMode.NEGATIVE),
        ("POST", "/v1/attention", GenerationMode.POSITIVE),
        ("POST", "/v1/attention", GenerationMode.NEGATIVE),
        ("GET", "/v1/models", GenerationMode.POSITIVE),  # has nothing that could be wrong
    ],
)
def test_requests_that_follow_the_description_or_break_it(
    api: BaseSchema, method: str, path: str, mode: GenerationMode
) -> None:
    strategy = api[path][method].as_strategy(generation_mode=mode)

    @given(case=strategy)
    @settings(max_examples=NUM_REQUESTS, database=None, suppress_health_check=[HealthCheck.filter_too_much])
    def ask(case: Case) -> None:
        case.call_and_validate(checks=CHECKS)

    ask()


@pytest.mark.parametrize("form", FORMATS)
def test_damaged_files_are_answered_or_refused(client: TestClient, form: str) -> None:
    whole = photograph(40, 30, form)
    rng = np.random.default_rng(sum(form.encode()))
    assert client.post("/v1/predict", files={"image": whole}).status_code == 200
    for _ in range(NUM_FILES):
        response = client.post("/v1/predict", files={"image": mutated(whole, rng)})
        assert response.status_code in (200, 422)
        if response.status_code == 422:
            assert response.json()["detail"].startswith("the file ")
