"""Tasks about the things in a picture.

- `tags`: which of several tags fit the picture
- `boxes`: where every thing is, and of which class
- `heat_maps`: from boxes to what a network is to say of each pixel
- `peaks`: from what a network says of each pixel to boxes
"""
