"""Tasks about the things in a picture.

- `tags`: which of several tags fit the picture
- `boxes`: where every thing is, and of which class
- `keypoints`: where the named points of a thing are
- `heat_maps`: from boxes to what a network is to say of each pixel
- `peaks`: from what a network says of each pixel to boxes
- `point_maps`: from key points to heat maps and back
- `centre_loss`: the loss of heat maps of centres
- `kept_rows`: numbers about single pixels, behind the channels of a target
"""
