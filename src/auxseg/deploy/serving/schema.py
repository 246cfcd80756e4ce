"""The answer's JSON, as OpenAPI describes it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Kind = Literal["mask", "classes", "box", "map", "vector"]
MaskForm = Literal["png", "rle", "none"]


class Image(BaseModel):
    """A picture for people, smaller than the photograph if that is large."""

    media_type: str = Field(examples=["image/jpeg"])
    width: int
    height: int
    data: str = Field(description="The file, in base64.")


class RunLengths(BaseModel):
    """COCO's uncompressed run lengths, down the columns; the first run is of pixels of other classes."""

    size: tuple[int, int] = Field(description="Height and width.")
    counts: list[int]


class MaskClass(BaseModel):
    """A class of a mask."""

    id: int = Field(description="The value of its pixels in the mask.")
    category_id: int = Field(description="The number that the training data give to it.")
    name: str
    score: float | None = Field(description="Mean probability of the class over its pixels; null if it has none.")
    pixels: int
    colour: str | None = Field(description="In the PNG, as #rrggbb; null for the first class, which is transparent.")
    rle: RunLengths | None = Field(None, description="Its pixels, if asked for by masks=rle.")


class Mask(BaseModel):
    """Which class every pixel of the photograph belongs to."""

    png: str | None = Field(description="A PNG with a palette, whose values are class ids, in base64.")
    classes: list[MaskClass]


class ClassProbability(BaseModel):
    """A class of the photograph as a whole."""

    name: str
    probability: float


class TaskAnswer(BaseModel):
    """What one task says; what it does not say is null."""

    kinds: list[Kind]
    mask: Mask | None = None
    classes: list[ClassProbability] | None = Field(None, description="The likeliest first.")
    box: tuple[float, float, float, float] | None = Field(
        None, description="x0 y0 x1 y1 in pixels of the photograph, half-open."
    )
    vector: list[float | None] | None = Field(None, description="Numbers; null for what is not finite.")
    record: dict[str, JsonValue] = Field(default={}, description="What predictions.json says of it, such as a range.")
    picture: Image | None = Field(None, description="The answer drawn, if pictures were asked for.")


_EXAMPLE = {
    "model": "tiny-mtl",
    "width": 640,
    "height": 480,
    "seconds": 0.12,
    "answers": {
        "segmentation": {
            "kinds": ["mask"],
            "mask": {
                "png": "iVBORw0KGgo...",
                "classes": [
                    {"id": 0, "category_id": 0, "name": "background", "score": 0.97, "pixels": 251200, "colour": None},
                    {"id": 1, "category_id": 1, "name": "animal", "score": 0.93, "pixels": 56000, "colour": "#e69f00"},
                ],
            },
        },
        "classification": {"kinds": ["classes"], "classes": [{"name": "cat", "probability": 0.91}]},
        "box": {"kinds": ["box"], "box": [104.5, 80.0, 390.2, 401.7]},
    },
}


class Answered(BaseModel):
    """What a model says of a photograph."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    model: str
    width: int = Field(description="Of the photograph, in pixels, as the model saw it: turned upright or not.")
    height: int
    seconds: float = Field(description="How long reading and predicting took, without waiting.")
    answers: dict[str, TaskAnswer] = Field(description="By task.")
    photograph: Image | None = Field(None, description="As the model saw it, if pictures were asked for.")


class Place(BaseModel):
    """Where a task looks at one stage of the network."""

    name: str = Field(examples=["encoder stage 1"])
    minimum: Annotated[float, Field(description="Of the mean over channels, which is in (0, 1).")]
    maximum: float
    picture: Image = Field(description="From dark (the minimum) to bright (the maximum), over the photograph.")


class Attended(BaseModel):
    """Where the tasks of a model look in a photograph."""

    model: str
    tasks: dict[str, list[Place]] = Field(description="By task, the finest stages of encoder and decoder.")


class ModelFacts(BaseModel):
    """A model that is served."""

    name: str
    tasks: list[str] = Field(description="Tasks that answer unless told otherwise.")
    others: list[str] = Field(description="Tasks that answer only if named; each looks at a picture of its own.")
    mask_classes: list[str]
    side: int | tuple[int, int] = Field(
        description="Side of the square that the network sees, in pixels; height and width of what is not square."
    )
    has_attention: bool


class Models(BaseModel):
    """The models that are served, the one that answers by default first, and the limits of a request."""

    models: list[ModelFacts]
    max_bytes: int
    max_pixels: int


class Health(BaseModel):
    """That the server answers."""

    status: Literal["ok"] = "ok"


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["the image cannot be decoded as an image; supported formats are JPEG, PNG"])
