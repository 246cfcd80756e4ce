"""Which class a pixel of a mask file belongs to, believed by evidence only."""
