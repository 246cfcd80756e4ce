"""What only some commands need, and how to install it: the extras of pyproject.toml."""

from __future__ import annotations

from importlib.util import find_spec

from auxseg.errors import InputError

EXTRAS: dict[str, tuple[str, ...]] = {
    "export": ("onnx", "onnxruntime", "onnxscript"),
    "hub": ("huggingface_hub",),
    "openvino": ("onnx", "onnxscript", "openvino"),
    "parquet": ("pyarrow",),
    "ray": ("ray",),
    "serve": ("fastapi", "python_multipart", "uvicorn"),
    "tensorboard": ("tensorboard",),
}
"""Of each extra the modules that it brings, each named as its distribution."""


def need_extra(extra: str, asker: str) -> None:
    """Raise `InputError` if the ``extra`` is not installed, with what ``asker`` needs and how to install it.

    Nothing is imported, so a command can ask before it begins.
    """
    missing = [module for module in EXTRAS[extra] if find_spec(module) is None]
    if missing:
        raise InputError(
            f"{asker} needs {' and '.join(missing)}, which is not installed; pip install 'auxseg[{extra}]' installs it"
        )
