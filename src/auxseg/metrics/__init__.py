"""Figures of merit as pure functions of sums, so that they come out the same however the data set is cut up.

- `segmentation`: confusion matrices per image; IoU, Dice, F-beta, precision, recall, pixel accuracy from them
- `classification`: accuracy and the confusion matrix
- `boxes`: IoU, generalized IoU and squared error of boxes

Nothing is exported here: write ``from auxseg.metrics import segmentation`` and call ``segmentation.iou``.
"""
