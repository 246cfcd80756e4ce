"""XML of Pascal VOC gives half-open boxes from 0, costs no more than what is wrong in it, and does no harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auxseg.data.sample import Box
from auxseg.data.sources import voc_xml
from auxseg.data.sources.source import SampleError
from auxseg.data.sources.voc_xml import VocObjects, read_voc_objects


def item(*corners: object, name: str = "cat") -> str:
    keys = ("xmin", "ymin", "xmax", "ymax")
    inside = "".join(f"<{key}>{corner}</{key}>" for key, corner in zip(keys, corners, strict=False))
    return f"<object><name>{name}</name><bndbox>{inside}</bndbox></object>"


def size(height: object, width: object) -> str:
    return f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"


def read(folder: Path, *parts: str, head: str = "", encoding: str = "utf-8") -> VocObjects:
    path = folder / "p0.xml"
    path.write_bytes(f"{head}<annotation>{''.join(parts)}</annotation>".encode(encoding))
    return read_voc_objects(path)


def test_pixels_are_counted_from_1_and_the_last_is_included(tmp_path):
    """The first pixel alone is the box [0, 1) x [0, 1)."""
    assert read(tmp_path, item(1, 1, 1, 1)).boxes == (Box(0, 0, 1, 1, "cat"),)
    assert read(tmp_path, item(3, 4, 20, 30)).boxes == (Box(2, 3, 20, 30, "cat"),)


@settings(max_examples=30)
@given(*[st.integers(-3, 3000)] * 4)
def test_a_box_is_as_wide_as_its_pixels(tmp_path_factory, x0, y0, width, height):
    folder = tmp_path_factory.mktemp("xml")
    (box,) = read(folder, item(x0, y0, x0 + width - 1, y0 + height - 1)).boxes
    assert (box.x1 - box.x0, box.y1 - box.y0) == (width, height)
    assert (box.x0, box.y0) == (x0 - 1, y0 - 1)


def test_objects_keep_their_order_and_fractions(tmp_path):
    found = read(tmp_path, item(2, 2, 9, 9, name="a"), item(1.5, " 2 ", "9e0", 9.25, name=""))
    assert found.boxes == (Box(1, 1, 9, 9, "a"), Box(0.5, 1, 9, 9.25, ""))
    assert found.dropped == ()


def test_no_objects_are_no_boxes(tmp_path):
    assert read(tmp_path) == VocObjects((), (), None)


def test_the_parts_of_an_object_are_no_objects(tmp_path):
    part = "<part><name>head</name><bndbox><xmin>3</xmin></bndbox></part>"
    whole = item(1, 1, 50, 40).replace("</object>", f"{part}</object>")
    assert read(tmp_path, whole) == VocObjects((Box(0, 0, 50, 40, "cat"),))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (item(), "object 'cat' has no bndbox/xmin"),
        (item(1), "object 'cat' has no bndbox/ymin"),
        (item(1, 2, 3), "object 'cat' has no bndbox/ymax"),
        ("<object><name>dog</name></object>", "object 'dog' has no bndbox/xmin"),
        ("<object/>", "object '' has no bndbox/xmin"),
        (item("wide", 1, 2, 3), "could not convert string to float: 'wide'"),
        (item(1, 1, "", 3), "could not convert string to float: ''"),
    ],
)
def test_a_bad_object_costs_its_box_alone(tmp_path, broken, reason):
    found = read(tmp_path, broken, item(1, 1, 2, 2, name="good"))
    assert found.boxes == (Box(0, 0, 2, 2, "good"),)
    assert found.dropped == (f"p0.xml: {reason}",)


@pytest.mark.parametrize(
    ("part", "hw"),
    [
        (size(40, 50), (40, 50)),
        (size(" 40 ", "50"), (40, 50)),
        (size(0, 50), None),
        (size(40, 0), None),
        (size("", 50), None),
        (size(-1, 50), None),
        (size(40.0, 50), None),
        (size("forty", 50), None),
        (size("²", 50), None),
        (size("9" * 10, 50), None),
        (size("9" * 9, 50), (999_999_999, 50)),
        ("<size><width>50</width></size>", None),
        ("", None),
    ],
)
def test_a_size_that_the_file_does_not_know_is_none(tmp_path, part, hw):
    assert read(tmp_path, part).hw == hw


BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (BOMB, "utf-8"),
        (BOMB.replace("?>", ' encoding="utf-16"?>', 1), "utf-16"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd">', "utf-8"),
    ],
)
def test_document_types_are_refused(tmp_path, head, encoding):
    with pytest.raises(SampleError) as error:
        read(tmp_path, item(1, 1, 50, 40), head=head, encoding=encoding)
    assert str(error.value) == (
        "p0.xml is not a readable box annotation: it declares a document type (<!DOCTYPE>), which is not allowed"
    )


def test_other_encodings_are_read(tmp_path):
    head = '<?xml version="1.0" encoding="{}"?>'
    for encoding in ("utf-16", "latin-1"):
        found = read(tmp_path, item(1, 1, 50, 40, name="Käse"), head=head.format(encoding), encoding=encoding)
        assert found.boxes == (Box(0, 0, 50, 40, "Käse"),)


@pytest.mark.parametrize(
    "content",
    [b"", b"no XML", b"<annotation>", b'<?xml version="1.0" encoding="no-such"?><a/>', b"<a>\xff</a>", b"<a>&b;</a>"],
)
def test_what_is_no_xml_is_refused_with_the_name_of_the_file(tmp_path, content):
    path = tmp_path / "p0.xml"
    path.write_bytes(content)
    with pytest.raises(SampleError, match=r"^p0\.xml is not a readable box annotation: .+"):
        read_voc_objects(path)


def test_a_file_that_is_missing_or_huge_is_refused(tmp_path, monkeypatch):
    with pytest.raises(SampleError, match=r"^p0\.xml is not a readable box annotation: .*No such file"):
        read_voc_objects(tmp_path / "p0.xml")
    monkeypatch.setattr(voc_xml, "_MAX_BYTES", 30)
    with pytest.raises(SampleError, match=r"^p0\.xml is not a readable box annotation: it has over 30 bytes$"):
        read(tmp_path, item(1, 1, 2, 2))
