"""Generated rooms with exact classes, depth and surface normals.

- `classes`: the classes and what things look like
- `solids`: boxes and balls, and where rays meet them
- `furnishing`: what stands in a room of a kind
- `camera`: where the picture is taken from
- `light`: from surfaces to colours
- `scene`: one sample
- `source`: the whole set
"""

from __future__ import annotations

from auxseg.data.sources.rooms.source import RoomsSource

__all__ = ["RoomsSource"]
