"""A program of torch.export: without the weights of other tasks, without paths, for any size."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import torch

import auxseg
from auxseg.deploy.export import export


def test_the_program_says_the_same_and_holds_no_more_than_it_needs(run: Path, tmp_path: Path) -> None:
    exported = export(run, tmp_path / "small.pt2", format="torch", tasks=["segmentation"])
    texts = dict.fromkeys(["input", "parity"], "")
    program = torch.export.load(str(exported.path), extra_files=texts)
    network = auxseg.load(run, "cpu").network
    image = torch.rand(3, 3, 27, 50)
    with torch.no_grad():
        expected = network(image, ["segmentation"])["segmentation"]
        (found,) = program.module()(image)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-5)
    parts = network.parts()
    needed = sum(parts[part] for part in ("encoder", "decoder segmentation", "head segmentation"))
    assert sum(value.numel() for value in program.parameters()) == needed < sum(parts.values())
    assert json.loads(texts["input"])["name"] == "image"
    assert len(json.loads(texts["parity"])) == 3
    content = exported.path.read_bytes()
    places = (tempfile.gettempdir(), str(Path.home()), str(Path(auxseg.__file__).parent), "site-packages")
    assert not any(place.encode() in content for place in places)
