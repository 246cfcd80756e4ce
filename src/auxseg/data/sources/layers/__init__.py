"""Further labels beside the images of a folder, as ``layers.yaml`` declares them.

- `declared`: what stands in ``layers.yaml``
- `pixels`: layers with values for every pixel, from files
- `tags`: tags from cells of a table
- `box_rows`: boxes as rows of a layer, also for other sources
- `box_table`: boxes from a table
- `points`: key points from a table
- `instance_boxes`: boxes around instances
- `folder`: all of them for the samples of one folder
"""
