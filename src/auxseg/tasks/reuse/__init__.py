"""Tasks that train the target's own output or decoder in other ways.

- `consistency`: the target's output of a strongly changed image agrees with what a teacher says of the image
- `box-mask`: the foreground fills its box and ends where colours change
- `tag-mask`: the picture's class bounds which classes its mask holds
- `deep-supervision`: coarser steps of the target's decoder give its mask too
"""
