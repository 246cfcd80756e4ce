"""One generated room: its picture, and what is exactly known of every pixel.

Shape legend: ``H W`` the picture's size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy.random import PCG64, Generator, SeedSequence

from auxseg.data.sources.rooms.camera import Camera, stand
from auxseg.data.sources.rooms.classes import NUMBER
from auxseg.data.sources.rooms.furnishing import build_shell, furnish
from auxseg.data.sources.rooms.light import expose, shade, vary
from auxseg.data.sources.rooms.solids import Look, Shell, Solid
from auxseg.records.values.size import Size


@dataclass(frozen=True)
class Room:
    """A room as it was built, before it is seen."""

    shell: Shell
    solids: list[Solid]
    camera: Camera


@dataclass(frozen=True)
class Seen:
    """A finished sample: depth along the optical axis in metres, normals as x right, y down, z towards the camera."""

    image: UInt8[np.ndarray, "H W 3"]
    mask: UInt8[np.ndarray, "H W"]
    depth: Float32[np.ndarray, "H W 1"]
    normals: Float32[np.ndarray, "H W 3"]


@dataclass(frozen=True)
class Surface:
    """What every pixel sees: depth, normal in the room, place on the solid, and the number of its look."""

    depth: Float[np.ndarray, "H W"]
    normal: Float[np.ndarray, "H W 3"]
    place: Float[np.ndarray, "H W 3"]
    look: UInt8[np.ndarray, "H W"]


def render(kind: str, seed: int, index: int, size: Size) -> Seen:
    """Generate sample ``index`` of the data set ``seed``; another size shows the same room."""
    building, standing, lighting, sensor = Generator(PCG64(SeedSequence([seed, index]))).spawn(4)
    room = build(kind, building, standing)
    surface, looks = cast(room, size)
    image = expose(_lit(room, surface, looks, lighting), sensor)
    numbers = np.array([NUMBER[look.name] for look in looks], np.uint8)
    normals = surface.normal @ room.camera.axes.T * [1, 1, -1]
    return Seen(image, numbers[surface.look], surface.depth.astype(np.float32)[..., None], normals.astype(np.float32))


def build(kind: str, building: Generator, standing: Generator) -> Room:
    """A furnished room and a place to look at it from."""
    shell = build_shell(building)
    solids = furnish(kind, shell, building)
    return Room(shell, solids, stand(shell, solids, standing))


def cast(room: Room, size: Size) -> tuple[Surface, list[Look]]:
    """Send a ray through every pixel's centre; the nearest solid is seen. Each is asked only where it may be."""
    start, rays = room.camera.place, room.camera.directions(size)
    looks = [room.shell.floor, room.shell.ceiling, room.shell.wall, *(solid.look for solid in room.solids)]
    meeting, own = room.shell.meet(start, rays.reshape(-1, 3))
    depth, normal = meeting.t.reshape(*size), meeting.normal.reshape(rays.shape)
    place, look = meeting.place.reshape(rays.shape), own.reshape(*size).astype(np.uint8)
    for number, solid in enumerate(room.solids, start=3):
        window = room.camera.window(solid.corners(), size)
        part = rays[window]
        if not part.size:
            continue
        meeting = solid.meet(start, part.reshape(-1, 3))
        t = meeting.t.reshape(part.shape[:2])
        is_nearer = t < depth[window]
        depth[window][is_nearer], look[window][is_nearer] = t[is_nearer], number
        normal[window][is_nearer] = meeting.normal.reshape(part.shape)[is_nearer]
        place[window][is_nearer] = meeting.place.reshape(part.shape)[is_nearer]
    return Surface(depth, normal, place, look), looks


def _lit(room: Room, surface: Surface, looks: list[Look], random: Generator) -> Float[np.ndarray, "H W 3"]:
    """The room in the light of a lamp."""
    width, height, length = room.shell.size
    lamp = np.array([random.uniform(0.3, 0.7) * width, height - 0.2, random.uniform(0.3, 0.7) * length])
    colours = np.array([look.colour for look in looks])[surface.look]
    pattern, fineness = (
        np.array([getattr(look, name) for look in looks])[surface.look] for name in ("pattern", "fineness")
    )
    rays = room.camera.directions(Size(*surface.depth.shape))
    points = room.camera.place + surface.depth[..., None] * rays
    brightness = shade(points, surface.normal, lamp, float(random.uniform(0.35, 0.55)))
    return vary(colours, surface.place, pattern, fineness) * brightness
