"""What the addresses answer: to photographs, to what is none, and to wrong parameters."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from auxseg.deploy.serving.models import Served
from benchmarks.tools.serving.files import bomb
from tests.deploy.serving.conftest import encoded

Make = Callable[..., TestClient]


def ask(client: TestClient, content: bytes, path: str = "/v1/predict", **options: Any) -> Any:
    return client.post(path, files={"image": ("photo.png", content)}, **options)


def opened(data: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_the_answer_is_that_of_predict(client: TestClient, models: Mapping[str, Served], photograph: bytes) -> None:
    said = ask(client, photograph).json()
    (model,) = models.values()
    expected = model.ask(np.asarray(Image.open(io.BytesIO(photograph))), None)
    assert (said["model"], said["width"], said["height"]) == ("attentive", 60, 40)
    assert list(said["answers"]) == ["segmentation", "classification", "box", "edges"]
    mask = said["answers"]["segmentation"]["mask"]
    assert (np.asarray(opened(mask["png"])) == expected.masks["segmentation"]).all()
    names = [each["name"] for each in mask["classes"]]
    assert names == list(model.vocabulary.mask_classes)
    counts = np.bincount(expected.masks["segmentation"].ravel(), minlength=len(names))
    assert [each["pixels"] for each in mask["classes"]] == counts.tolist()
    scores = {each["name"]: each["score"] for each in mask["classes"] if each["score"] is not None}
    assert scores == pytest.approx(expected.scores["segmentation"])
    assert tuple(said["answers"]["box"]["box"]) == pytest.approx(expected.boxes["box"])
    classes = {each["name"]: each["probability"] for each in said["answers"]["classification"]["classes"]}
    assert classes == pytest.approx(dict(expected.classes["classification"]))
    assert [*classes.values()] == sorted(classes.values(), reverse=True)
    assert said["answers"]["edges"]["kinds"] == ["map"]
    assert said["photograph"] is None


def test_a_mask_as_run_lengths(client: TestClient, photograph: bytes) -> None:
    mask = ask(client, photograph, params={"masks": "rle", "answers": "segmentation"}).json()["answers"]["segmentation"]
    assert mask["mask"]["png"] is None
    for each in mask["mask"]["classes"]:
        assert each["rle"]["size"] == [40, 60]
        assert sum(each["rle"]["counts"][1::2]) == each["pixels"]


def test_a_mask_as_a_file(client: TestClient, photograph: bytes) -> None:
    whole = ask(client, photograph).json()["answers"]["segmentation"]["mask"]["png"]
    for accept in ("image/png", "image/png, application/json;q=0.5"):
        response = ask(client, photograph, headers={"accept": accept})
        assert response.headers["content-type"] == "image/png"
        assert response.content == base64.b64decode(whole)
    response = ask(client, photograph, params={"answers": "box"}, headers={"accept": "image/png"})
    assert (response.status_code, response.json()["detail"][:31]) == (406, "none of the tasks gives a mask;")
    assert ask(client, photograph, headers={"accept": "*/*, image/png"}).headers["content-type"] == "application/json"


def test_pictures_are_drawn_if_asked_for_and_no_larger(client: TestClient, photograph: bytes) -> None:
    said = ask(client, photograph, params={"pictures": 30}).json()
    assert opened(said["photograph"]["data"]).size == (30, 20)
    pictures = {task: answer["picture"] for task, answer in said["answers"].items()}
    assert opened(pictures.pop("edges")["data"]).size == (30, 20)
    assert set(pictures.values()) == {None}
    assert opened(ask(client, photograph, params={"pictures": 500}).json()["photograph"]["data"]).size == (60, 40)


def test_a_task_with_a_picture_of_its_own_answers_when_it_is_named(client: TestClient, photograph: bytes) -> None:
    said = ask(client, photograph, params={"answers": ["denoising", "box"], "pictures": 64}).json()
    assert sorted(said["answers"]) == ["box", "denoising"]
    assert said["answers"]["denoising"]["picture"] is not None
    response = ask(client, photograph, params={"answers": "denosing"})
    assert response.status_code == 422
    assert response.json()["detail"] == (
        "answers: no task 'denosing' answers; those that do are segmentation, classification, box, edges, denoising"
    )


def test_attention_is_shown_per_task(client: TestClient, photograph: bytes, models: Mapping[str, Served]) -> None:
    said = ask(client, photograph, "/v1/attention").json()
    assert list(said["tasks"]) == ["segmentation", "classification", "box", "edges", "denoising"]
    for places in said["tasks"].values():
        assert [place["name"] for place in places] == ["encoder stage 1"]
        assert 0 < places[0]["minimum"] <= places[0]["maximum"] < 1
        assert opened(places[0]["picture"]["data"]).size == (60, 40)


@pytest.mark.parametrize("form", ["JPEG", "TIFF", "WebP", "BMP", "GIF"])
def test_every_format_is_read(client: TestClient, form: str) -> None:
    assert ask(client, encoded(np.full((20, 30, 3), 90, np.uint8), form)).json()["width"] == 30


def test_an_animation_gives_its_first_frame_and_cmyk_is_read(client: TestClient) -> None:
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    said = ask(client, buffer.getvalue(), params={"pictures": 64}).json()
    assert np.asarray(opened(said["photograph"]["data"])).mean((0, 1)).argmax() == 0
    assert ask(client, encoded(np.full((20, 30, 3), 90, np.uint8), "JPEG", "CMYK")).status_code == 200


def test_orientation_is_applied_as_the_training_data_say(client: TestClient) -> None:
    image, buffer, exif = Image.new("RGB", (30, 20)), io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    image.save(buffer, "JPEG", exif=exif)
    said = ask(client, buffer.getvalue()).json()
    assert (said["width"], said["height"]) == (20, 30)


def _deep() -> bytes:
    return encoded(np.zeros((8, 8), np.uint16), "TIFF")


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: b"hello", "the file cannot be decoded as an image; supported formats are JPEG"),
        (lambda: b"", "the file cannot be decoded as an image"),
        (bomb, "the file has 30000 x 30000 pixels, over the limit of 50,000,000; make it smaller first"),
        (_deep, "the file has more than 8 bits per channel"),
        (lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "pip install pillow-heif"),
        (lambda: b"\x89PNG\r\n\x1a\n" + bytes(40), "the file"),
        (lambda: encoded(np.zeros((50, 50, 3), np.uint8), "JPEG")[:300], "the file is damaged"),
    ],
)
def test_what_is_no_photograph_is_refused_in_one_sentence(
    client: TestClient, make: Callable[[], bytes], expected: str
) -> None:
    response = ask(client, make())
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert expected in response.json()["detail"]
    assert "\n" not in response.json()["detail"]


def test_wrong_requests_are_refused_in_one_sentence(client: TestClient, photograph: bytes) -> None:
    for response, status, detail in (
        (client.post("/v1/predict"), 422, "body.image: field required"),
        (client.post("/v1/predict", data={"image": "x"}), 422, "body.image: "),
        (client.post("/v1/predict", content=b"x", headers={"content-type": "multipart/form-data"}), 400, "Missing"),
        (ask(client, photograph, params={"model": "none"}), 404, "there is no model 'none'; those served are attentiv"),
        (ask(client, photograph, params={"masks": "svg"}), 422, "query.masks: input should be 'png', 'rle' or 'none'"),
        (ask(client, photograph, params={"pictures": -1}), 422, "query.pictures: input should be greater than or eq"),
        (client.get("/nothing"), 404, "there is nothing at /nothing"),
        (client.get("/v1/predict"), 405, "/v1/predict does not answer to GET"),
    ):
        assert response.status_code == status
        assert response.json()["status"] == status
        assert response.json()["detail"].startswith(detail)


def test_pixels_are_limited_as_told(make_client: Make) -> None:
    client = make_client(pixels=1000)
    assert ask(client, encoded(np.zeros((25, 40, 3), np.uint8), "PNG")).status_code == 200
    assert "over the limit of 1,000" in ask(client, encoded(np.zeros((25, 41, 3), np.uint8), "PNG")).json()["detail"]


def test_health_counts_and_models(client: TestClient, photograph: bytes) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    ask(client, photograph)
    ask(client, b"")
    counts = client.get("/metrics").text
    assert 'auxseg_requests_total{status="200"} 2\n' in counts
    assert 'auxseg_requests_total{status="422"} 1\n' in counts
    assert "auxseg_prediction_seconds_count 1\n" in counts
    (facts,) = client.get("/v1/models").json()["models"]
    assert facts["tasks"] == ["segmentation", "classification", "box", "edges"]
    assert (facts["others"], facts["has_attention"], facts["side"]) == (["denoising"], True, 32)


def test_the_page_and_its_files_name_nothing_of_elsewhere(client: TestClient) -> None:
    for address, media_type in (
        ("/", "text/html"),
        ("/docs", "text/html"),
        ("/page.css", "text/css"),
        ("/report.css", "text/css"),
        ("/page.js", "text/javascript"),
        ("/answer.js", "text/javascript"),
        ("/docs.js", "text/javascript"),
        ("/icon.svg", "image/svg+xml"),
    ):
        response = client.get(address)
        assert response.headers["content-type"].startswith(media_type)
        outside = response.text.replace("http://www.w3.org/2000/svg", "")
        assert "//" not in outside.replace("// ", ""), address
        assert not re.search(r"<[^>]*\s(on\w+|style)=", outside), address
        assert "default-src 'none'" in response.headers["content-security-policy"]


def test_every_answer_is_described(client: TestClient) -> None:
    api = client.get("/openapi.json").json()
    assert sorted(api["paths"]) == ["/healthz", "/metrics", "/v1/attention", "/v1/models", "/v1/predict"]
    responses = api["paths"]["/v1/predict"]["post"]["responses"]
    assert set(responses["200"]["content"]) == {"application/json", "image/png"}
    assert set(responses["503"]["content"]) == {"application/problem+json"}
    assert json.dumps(api).count("HTTPValidationError") == 0
    assert api["components"]["schemas"]["Answered"]["examples"]
