"""Tasks over maps that the data hold: depth, surface normals, any other map."""
