from __future__ import annotations

import json

from auxseg.deploy.serving.problems import CLIENT_LEFT, problem


def test_a_refusal_says_what_is_wrong_and_what_to_do() -> None:
    response = problem(503, "come back", {"retry-after": "2"})
    assert json.loads(bytes(response.body)) == {"title": "Service Unavailable", "status": 503, "detail": "come back"}
    assert (response.status_code, response.headers["retry-after"]) == (503, "2")
    assert response.media_type == "application/problem+json"


def test_titles_do_not_depend_on_the_version_of_python() -> None:
    titles = {status: json.loads(bytes(problem(status, "").body))["title"] for status in (413, 422, CLIENT_LEFT)}
    assert titles == {413: "Content Too Large", 422: "Unprocessable Content", 499: "Client Closed Request"}
