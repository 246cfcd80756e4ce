"""What is refused before a network is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auxseg.deploy.export.request import Request, chosen, written
from auxseg.errors import InputError


def _request(out: Path, **settings: Any) -> Request:
    usual: dict[str, Any] = {
        "format": "onnx", "tasks": None, "int8": False, "data": None, "calibration": 100, "overwrite": False,
    }  # fmt: skip
    return Request(out=out, **{**usual, **settings})


def test_what_can_work_passes(tmp_path: Path) -> None:
    _request(tmp_path / "x.onnx").check()
    _request(tmp_path / "x.pt2", format="torch", tasks=("box",)).check()
    _request(tmp_path / "x.onnx", int8=True, data=tmp_path / "x.h5").check()


def test_what_cannot_work_is_refused(tmp_path: Path) -> None:
    (tmp_path / "there.bin").touch()
    (tmp_path / "folder.onnx").mkdir()
    for name, settings, message in (
        ("x.onnx", {"format": "tflite"}, r"--format tflite: expected one of onnx, torch, openvino"),
        ("x.pt", {"format": "torch"}, r"expected a name that ends in \.pt2 for --format torch"),
        ("x", {}, r"expected a name that ends in \.onnx"),
        ("folder.onnx", {}, "is a directory"),
        ("none/x.onnx", {}, r"cannot be written: .*none is not a directory"),
        ("there.xml", {"format": "openvino"}, r"there\.bin already exists; --overwrite replaces it"),
        ("x.onnx", {"int8": True}, r"name a store with --data"),
        (
            "x.xml",
            {"format": "openvino", "int8": True, "data": tmp_path},
            r"--int8 cannot be combined with --format op",
        ),
        ("x.onnx", {"calibration": 0}, r"--calibration 0: expected at least 1 image"),
        ("x.onnx", {"tasks": ()}, r"--tasks: expected at least one task"),
    ):
        with pytest.raises(InputError, match=message):
            _request(tmp_path / name, **settings).check()
    _request(tmp_path / "there.xml", format="openvino", overwrite=True).check()


@pytest.mark.parametrize(("format", "missing"), [("onnx", "onnxscript"), ("openvino", "openvino")])
def test_a_missing_extra_is_named(format: Any, missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auxseg.extras.find_spec", lambda name: None if name == missing else object())
    out = tmp_path / {"onnx": "x.onnx", "openvino": "x.xml"}[format]
    with pytest.raises(InputError, match=rf"export --format {format} needs {missing}, which is not installed"):
        _request(out, format=format).check()


def test_torch_needs_no_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auxseg.extras.find_spec", lambda name: None)
    _request(tmp_path / "x.pt2", format="torch").check()


def test_tasks_are_those_that_say_something() -> None:
    known, answering = ["segmentation", "box", "noise"], ["segmentation", "box"]
    assert chosen(None, answering, known) == ("segmentation", "box")
    assert chosen(["box", "box"], answering, known) == ("box",)
    with pytest.raises(InputError, match=r"--tasks bx: .*did you mean 'box'\?"):
        chosen(["bx"], answering, known)
    with pytest.raises(InputError, match=r"--tasks noise: this task says nothing .* are segmentation, box"):
        chosen(["noise"], answering, known)


def test_openvino_writes_two_files() -> None:
    assert written(Path("a/x.xml"), "openvino") == (Path("a/x.xml"), Path("a/x.bin"))
    assert written(Path("a/x.onnx"), "onnx") == (Path("a/x.onnx"),)
