"""Figures of merit as pure functions of sums, so that they come out the same however the data set is cut up.

- `segmentation`: confusion matrices per image; IoU, Dice, F-beta, precision, recall, pixel accuracy from them
- `classification`: accuracy and the confusion matrix
- `boxes`: IoU, generalized IoU, distance IoU and squared error of boxes
- `colour`: CIE Lab and the difference of colours
- `edges`: precision, recall and F1 of edges, with a tolerance
- `maps`: errors and PSNR of maps of numbers
- `directions`: angles between maps of unit vectors
- `points`: how near predicted key points are to true ones

Write ``from auxseg.metrics import segmentation`` and call ``segmentation.iou``.
"""

from auxseg.metrics import boxes, classification, colour, directions, edges, maps, points, segmentation

__all__ = ["boxes", "classification", "colour", "directions", "edges", "maps", "points", "segmentation"]
