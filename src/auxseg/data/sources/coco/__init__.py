"""Annotation files of COCO and of those who write like it."""
