"""The addresses that are served: the page and its files, the interface under ``/v1``, health and counts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib.resources import files
from typing import Annotated, Any, Final

from fastapi import FastAPI, File, Header, HTTPException, Query, Request, Response, UploadFile
from starlette.types import ASGIApp

from auxseg.deploy.serving import schema
from auxseg.deploy.serving.answering import answer_of
from auxseg.deploy.serving.answers import Wanted
from auxseg.deploy.serving.guard import Guard
from auxseg.deploy.serving.hosts import Hosts
from auxseg.deploy.serving.limits import Limits
from auxseg.deploy.serving.metrics import MEDIA_TYPE, Metrics
from auxseg.deploy.serving.models import Served
from auxseg.deploy.serving.problems import MEDIA_TYPE as PROBLEM_TYPE
from auxseg.deploy.serving.problems import answer_problems
from auxseg.deploy.serving.uploads import Upload
from auxseg.deploy.serving.worker import Worker
from auxseg.records.values.size import Size
from auxseg.version import __version__

_FILES: Final[Mapping[str, tuple[str, str]]] = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/answer.js": ("answer.js", "text/javascript; charset=utf-8"),
    "/docs": ("docs.html", "text/html; charset=utf-8"),
    "/docs.js": ("docs.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
"""By address the file of the page, and its type."""

_PICTURE_SIDE: Final = 1024
_ABOUT: Final = """What trained segmentation networks say of a photograph.

    curl -F image=@photo.jpg http://127.0.0.1:7860/v1/predict
    curl -F image=@photo.jpg -H 'Accept: image/png' http://127.0.0.1:7860/v1/predict -o mask.png
"""
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": schema.Problem, "description": text}
    for status, text in {
        400: "The body is no multipart form, or the client has left.",
        403: "The request comes from a page of another site.",
        404: "There is no such model, or its network has no attention.",
        406: "No task gives a mask, which was asked for as a PNG.",
        408: "The upload took too long.",
        413: "The upload is too large.",
        421: "The server does not answer to this host name.",
        422: "The image cannot be read, or a parameter is wrong.",
        500: "The prediction failed.",
        503: "Too many requests wait; see Retry-After.",
        504: "The answer took too long.",
    }.items()
}

_IMAGE_TEXT: Final = "The photograph: JPEG, PNG, TIFF, WebP, BMP, GIF, PPM, AVIF or HEIF; of several frames the first."
_Image = Annotated[UploadFile, File(description=_IMAGE_TEXT)]
_Model = Annotated[str | None, Query(description="Name of the model; the first one if left out.")]


_HERE: Final = Hosts()


def create_app(models: Mapping[str, Served], limits: Limits, *, hosts: Hosts = _HERE) -> tuple[ASGIApp, Worker]:
    """The application (ASGI), and the worker that answers its requests, which the caller closes.

    Args:
        models: by name; the first one answers unless told otherwise.
        limits: what a request may cost.
        hosts: names by which the server may be called, and sites whose pages may use it.
    """
    worker, metrics = Worker(limits.waiting), Metrics()
    app = FastAPI(title="auxseg", version=__version__, description=_ABOUT, docs_url=None, redoc_url=None)
    app.router.redirect_slashes = False
    answer_problems(app)
    _add_page(app)
    _add_health(app, worker, metrics)
    _add_models(app, models, limits)
    _add_predict(app, models, limits, worker, metrics)
    _add_attention(app, models, limits, worker, metrics)
    _describe_refusals(app)
    return Guard(app, limits, metrics, hosts), worker


def _add_page(app: FastAPI) -> None:
    folder = files("auxseg.deploy.serving") / "page"
    contents = {address: (folder / name, media_type) for address, (name, media_type) in _FILES.items()}
    contents["/report.css"] = files("auxseg.report") / "style.css", "text/css; charset=utf-8"
    for address, (file, media_type) in contents.items():
        content = file.read_bytes()
        give = partial(Response, content, media_type=media_type)
        app.add_route(address, lambda _, give=give: give(), methods=["GET"], include_in_schema=False)


def _add_health(app: FastAPI, worker: Worker, metrics: Metrics) -> None:
    @app.get("/healthz", summary="Whether the server answers", response_description="It does.")
    async def healthz() -> schema.Health:
        return schema.Health()

    @app.get("/metrics", summary="Counts for a monitoring system", response_class=Response, responses=_text_response())
    async def metrics_text() -> Response:
        return Response(metrics.text(worker.num_waiting), media_type=MEDIA_TYPE)


def _text_response() -> dict[int | str, dict[str, Any]]:
    content = {"text/plain": {"schema": {"type": "string"}}}
    return {200: {"description": "The text format of Prometheus.", "content": content}}


def _side(size: Size) -> int | tuple[int, int]:
    return size.height if size.is_square else (size.height, size.width)


def _add_models(app: FastAPI, models: Mapping[str, Served], limits: Limits) -> None:
    facts = [
        schema.ModelFacts(
            name=model.name,
            tasks=list(model.tasks),
            others=list(model.others),
            mask_classes=list(model.vocabulary.mask_classes),
            side=_side(model.vocabulary.size),
            has_attention=model.attend is not None,
        )
        for model in models.values()
    ]

    @app.get("/v1/models", summary="The models that are served", response_description="The default one first.")
    async def models_served() -> schema.Models:
        return schema.Models(models=facts, max_bytes=limits.bytes, max_pixels=limits.pixels)


def _add_predict(app: FastAPI, models: Mapping[str, Served], limits: Limits, worker: Worker, metrics: Metrics) -> None:
    png = {"image/png": {"schema": {"type": "string", "format": "binary"}}}

    @app.post(
        "/v1/predict",
        summary="What a model says of a photograph",
        response_model=schema.Answered,
        responses={200: {"content": png, "description": "As JSON, or with Accept: image/png the mask."}, **_REFUSALS},
    )
    async def predict(
        request: Request,
        image: _Image,
        model: _Model = None,
        answers: Annotated[list[str] | None, Query(description="Names of the tasks to ask, if not all.")] = None,
        masks: Annotated[schema.MaskForm, Query(description="How masks are given.")] = "png",
        pictures: Annotated[int, Query(ge=0, le=4096, description="Longer side of drawn pictures; 0 for none.")] = 0,
        accept: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> Response:
        served = _chosen(models, model)
        tasks = None if answers is None else _tasks(served, answers)
        upload = Upload(await image.read(), served, limits.pixels, metrics)
        if _prefers_png(accept):
            content = await answer_of(request, worker, limits, lambda: upload.to_png(tasks))
            return Response(content, media_type="image/png")
        wanted = Wanted(masks, pictures)
        content = await answer_of(request, worker, limits, lambda: upload.to_json(tasks, wanted))
        return Response(content, media_type="application/json")


def _add_attention(
    app: FastAPI, models: Mapping[str, Served], limits: Limits, worker: Worker, metrics: Metrics
) -> None:
    @app.post(
        "/v1/attention",
        summary="Where the tasks of a network with attention look",
        response_model=schema.Attended,
        response_description="Heat maps.",
        responses={status: said for status, said in _REFUSALS.items() if status != 406},
    )
    async def attention(request: Request, image: _Image, model: _Model = None) -> Response:
        upload = Upload(await image.read(), _chosen(models, model), limits.pixels, metrics)
        content = await answer_of(request, worker, limits, lambda: upload.attention_json(_PICTURE_SIDE))
        return Response(content, media_type="application/json")


def _chosen(models: Mapping[str, Served], name: str | None) -> Served:
    if name is None:
        return next(iter(models.values()))
    if name not in models:
        raise HTTPException(404, f"there is no model {name[:100]!a}; those served are {', '.join(models)}")
    return models[name]


def _tasks(model: Served, names: list[str]) -> tuple[str, ...]:
    known = (*model.tasks, *model.others)
    for name in names:
        if name not in known:
            raise HTTPException(422, f"answers: no task {name[:100]!a} answers; those that do are {', '.join(known)}")
    return tuple(names)


def _prefers_png(accept: str) -> bool:
    """Whether a PNG stands before JSON among the media types of a request."""
    types = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    known = [each for each in types if each in ("image/png", "application/json", "*/*")]
    return known[:1] == ["image/png"]


def _describe_refusals(app: FastAPI) -> None:
    """Refusals have a media type of their own, which FastAPI cannot be told."""
    make = app.openapi

    def described() -> dict[str, Any]:
        content = make()
        for path in content["paths"].values():
            for operation in path.values():
                for status, response in operation["responses"].items():
                    if status >= "400" and "application/json" in response.get("content", {}):
                        response["content"] = {PROBLEM_TYPE: response["content"]["application/json"]}
        return content

    app.openapi = described
