"""The page in a browser: a photograph in, the mask seen. ``AUXSEG_REQUIRE_CHROMIUM=1`` makes a missing browser fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from auxseg.deploy.serving.app import create_app
from auxseg.deploy.serving.limits import Limits
from auxseg.deploy.serving.models import Served
from auxseg.errors import InputError
from auxseg.run.prediction.prediction import Prediction
from tests.chromium import Tab, tab
from tests.deploy.serving.running import running

SHOWN = "document.querySelector('#status').textContent.startsWith('Done')"


@pytest.fixture(scope="module")
def page(browser: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with tab(browser, tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def address(models: Mapping[str, Served]) -> Iterator[str]:
    """A server of two models, the first of which finds the animal in the right half."""
    (model,) = models.values()

    def ask(image: np.ndarray, tasks: tuple[str, ...] | None) -> Prediction:
        prediction = model.ask(image, tasks)
        answers = dict(prediction.answers)
        if "segmentation" in answers:
            mask = np.zeros_like(image[..., 0])
            mask[:, mask.shape[1] // 2 :] = 1
            answers["segmentation"] = replace(answers["segmentation"], mask=mask, scores={})
        return Prediction(image, answers)

    app, worker = create_app({"right": replace(model, name="right", ask=ask), **models}, Limits(bytes=100_000))
    with running(app, worker) as address:
        yield address


def _grey(folder: Path) -> Path:
    """A photograph that is dark grey all over."""
    Image.new("RGB", (200, 100), (60, 60, 60)).save(folder / "grey.png")
    return folder / "grey.png"


def _stage(page: Tab, folder: Path) -> np.ndarray:
    """What is painted where the first model's photograph stands."""
    labels = "[...document.querySelectorAll('.shown label')]"
    page.evaluate(
        f"{labels}.filter(each => each.textContent === 'box' && each.control.checked).forEach(each => each.click())"
    )
    page.evaluate("document.querySelector('.layers').scrollIntoView()")
    place = page.evaluate("document.querySelector('.layers').getBoundingClientRect().toJSON()")
    left, top, right, bottom = (round(place[name]) for name in ("left", "top", "right", "bottom"))
    window = Image.open(page.screenshot(folder / "window.png")).convert("RGB")
    return np.asarray(window.crop((left, top, right, bottom))).astype(int)


def _instead(app: ASGIApp, path: str, response: Response) -> ASGIApp:
    """The application behind a proxy that answers one address itself."""

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        await (response if scope["path"] == path else app)(scope, receive, send)

    return proxy


@pytest.mark.parametrize(("width", "is_phone"), [(1280, False), (390, True)])
def test_a_photograph_goes_in_and_its_mask_is_seen(
    page: Tab, address: str, tmp_path: Path, width: int, is_phone: bool
) -> None:
    page.open(address, width, 1200, is_phone=is_phone)
    page.wait_for("document.querySelectorAll('#models input').length === 2")
    page.choose("#file", _grey(tmp_path))
    page.wait_for(SHOWN)
    assert page.evaluate("[...document.querySelectorAll('article h2')].map(each => each.textContent)") == [
        "right",
        "attentive",
    ]
    stage = _stage(page, tmp_path)
    height, middle = stage.shape[0] // 2, stage.shape[1] // 2
    left, right = stage[height, middle // 2], stage[height, middle + middle // 2]
    assert np.abs(left - 60).max() < 6
    assert right[0] > right[2] + 60  # tinted orange, at 55 %
    page.evaluate("document.querySelector('#opacity').value = 0")
    page.evaluate("document.querySelector('#opacity').dispatchEvent(new Event('input'))")
    assert np.abs(_stage(page, tmp_path)[height, middle + middle // 2] - 60).max() < 6
    assert page.evaluate("document.documentElement.scrollWidth") == width
    words = page.evaluate("document.querySelector('#answers').innerText")
    assert all(word in words for word in ("background", "50.0\u00a0%", "box", "edges", "Mask (PNG)", "100 pixels"))
    assert "answered in 0 s" not in words
    assert page.evaluate("[...document.querySelectorAll('a[download]')].map(each => each.download)") == [
        f"grey.{model}.{what}" for model in ("right", "attentive") for what in ("mask.png", "json")
    ]


def test_what_is_shown_later_is_fetched_when_it_is_opened(page: Tab, address: str, tmp_path: Path) -> None:
    page.open(address)
    page.wait_for("document.querySelectorAll('#models input').length === 2")
    page.choose("#file", _grey(tmp_path))
    page.wait_for(SHOWN)
    labels = page.evaluate("[...document.querySelectorAll('article:last-child summary')].map(each => each.textContent)")
    assert labels[-2:] == ["More outputs: denoising", "Where each task looks (attention)"]
    page.evaluate("document.querySelectorAll('article:last-child details.more').forEach(each => { each.open = true; })")
    page.wait_for("document.querySelectorAll('article:last-child details.more img').length >= 6")
    page.wait_for("[...document.images].every(each => each.complete && each.naturalWidth > 0)")


def test_errors_are_told_in_words(page: Tab, address: str, tmp_path: Path) -> None:
    page.open(address)
    page.wait_for("document.querySelectorAll('#models input').length === 2")
    (tmp_path / "words.jpg").write_text("no image")
    page.choose("#file", tmp_path / "words.jpg")
    page.wait_for("!document.querySelector('#error').hidden")
    said = page.evaluate("document.querySelector('#error').textContent")
    assert said.startswith("words.jpg: The file cannot be decoded as an image; supported formats are JPEG")
    (tmp_path / "large.jpg").write_bytes(bytes(200_000))
    page.choose("#file", tmp_path / "large.jpg")
    page.wait_for("document.querySelector('#error').textContent.includes('0.2 MB; this server takes at most 0.1 MB')")
    page.choose("#file", _grey(tmp_path))
    page.wait_for(SHOWN)
    assert page.evaluate("document.querySelector('#error').hidden")


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (
            502,
            "<html>Bad Gateway</html>",
            "The request was refused without a reason (502 Bad Gateway), perhaps by a proxy",
        ),
        (
            403,
            '{"error": "log in first"}',
            "The request was refused without a reason (403 Forbidden), perhaps by a proxy",
        ),
        (422, '{"detail": [{"msg": "wrong"}]}', "The request was refused without a reason (422 "),
        (500, "null", "The request was refused without a reason (500 Internal Server Error), perhaps by a proxy"),
        (200, "<html>Log in</html>", "The answer cannot be read. Does a proxy stand between this page and the server?"),
        (200, "{}", "The answer cannot be read. Does a proxy stand between this page and the server?"),
        (413, '{"detail": "too large"}', "Too large."),
    ],
)
def test_what_a_proxy_says_in_the_place_of_the_server_is_told(
    page: Tab, models: Mapping[str, Served], tmp_path: Path, status: int, content: str, said: str
) -> None:
    app, worker = create_app(models, Limits())

    with running(_instead(app, "/v1/predict", Response(content, status)), worker) as address:
        page.open(address)
        page.wait_for("document.querySelector('#limits').textContent")
        page.choose("#file", _grey(tmp_path))
        page.wait_for("!document.querySelector('#error').hidden")
    assert page.evaluate("document.querySelector('#error').textContent").startswith(f"grey.png: {said}")
    assert page.evaluate("document.querySelector('#status').textContent") == ""


def test_one_model_answers_where_another_cannot(page: Tab, models: Mapping[str, Served], tmp_path: Path) -> None:
    (model,) = models.values()

    def ask(image: np.ndarray, tasks: tuple[str, ...] | None) -> Prediction:
        raise InputError("the model's numbers are not finite")

    app, worker = create_app({"broken": replace(model, name="broken", ask=ask), **models}, Limits())
    with running(app, worker) as address:
        page.open(address)
        page.wait_for("document.querySelectorAll('#models input').length === 2")
        page.choose("#file", _grey(tmp_path))
        page.wait_for("!document.querySelector('#error').hidden")
    said = page.evaluate("document.querySelector('#error').textContent")
    assert said == "grey.png: Model broken: The model's numbers are not finite."
    assert page.evaluate("[...document.querySelectorAll('article h2')].map(each => each.textContent)") == ["attentive"]


def test_a_page_that_cannot_learn_the_models_says_so(page: Tab, models: Mapping[str, Served], tmp_path: Path) -> None:
    app, worker = create_app(models, Limits())
    with running(_instead(app, "/v1/models", Response("<html>Log in</html>")), worker) as address:
        page.open(address)
        page.wait_for("!document.querySelector('#error').hidden")
        said = page.evaluate("document.querySelector('#error').textContent")
        assert said.startswith("The answer cannot be read. Does a proxy stand ")
        assert said.endswith(" Reload the page to try again.")
        page.choose("#file", _grey(tmp_path))
        assert page.evaluate("document.querySelector('#error').textContent") == said


def test_a_server_that_has_ended_is_told(page: Tab, models: Mapping[str, Served], tmp_path: Path) -> None:
    app, worker = create_app(models, Limits())
    with running(app, worker) as address:
        page.open(address)
        page.wait_for("document.querySelector('#limits').textContent")
    page.choose("#file", _grey(tmp_path))
    page.wait_for(
        "document.querySelector('#error').textContent === 'grey.png: The server did not answer. Is it still running?'"
    )


def test_what_is_dropped_and_is_no_file_is_told(page: Tab, address: str) -> None:
    page.open(address)
    page.wait_for("document.querySelectorAll('#models input').length === 2")
    page.evaluate(
        "(() => { const data = new DataTransfer(); data.setData('text/plain', 'words');"
        "document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true })); })()"
    )
    page.wait_for("document.querySelector('#error').textContent.startsWith('That was not a file. Save the image')")


def test_a_photograph_that_is_pasted_or_dropped_is_taken(page: Tab, address: str) -> None:
    for kind, make in (
        ("paste", "new ClipboardEvent('paste', { clipboardData: data, bubbles: true })"),
        ("drop", "new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })"),
    ):
        page.open(f"{address}/?{kind}")
        page.wait_for("document.querySelectorAll('#models input').length === 2")
        page.evaluate(
            "(async () => { const canvas = new OffscreenCanvas(40, 30); canvas.getContext('2d').fillRect(0, 0, 9, 9);"
            "const blob = await canvas.convertToBlob(); const data = new DataTransfer();"
            f"data.items.add(new File([blob], '{kind}.png', {{ type: 'image/png' }}));"
            f"document.body.dispatchEvent({make}); }})()"
        )
        page.wait_for(f"document.querySelector('#status').textContent === 'Done: {kind}.png.'")


def test_the_page_is_reached_by_keyboard_and_named_for_readers(page: Tab, address: str, tmp_path: Path) -> None:
    page.open(address)
    page.wait_for("document.querySelectorAll('#models input').length === 2")
    page.choose("#file", _grey(tmp_path))
    page.wait_for(SHOWN)
    focused, reached = "document.activeElement", set()
    for _ in range(24):
        for kind in ("keyDown", "keyUp"):
            page.send("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        reached.add(page.evaluate(f"({focused}.id || {focused}.textContent || {focused}.type).trim()"))
    assert {"file", "opacity", "Mask (PNG)", "Answer (JSON)", "HTTP interface", "checkbox"} <= reached
    nodes = page.send("Accessibility.getFullAXTree")["nodes"]
    roles = [(node.get("role", {}).get("value"), node.get("name", {}).get("value")) for node in nodes]
    assert [
        role for role, name in roles if role in ("button", "checkbox", "slider", "link", "image") and not name
    ] == []


def test_nothing_is_loaded_from_elsewhere_and_nothing_goes_wrong(page: Tab, address: str) -> None:
    page.events.clear()
    page.open(f"{address}/docs")
    page.wait_for("document.querySelectorAll('section.operation').length === 5")
    page.open(address)
    page.wait_for("document.querySelector('#limits').textContent")
    asked = [e["params"]["request"]["url"] for e in page.events if e["method"] == "Network.requestWillBeSent"]
    assert len(asked) > 5
    assert [url for url in asked if not url.startswith((address, "blob:"))] == []
    wrong = [e for e in page.events if e["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")]
    assert wrong == []
