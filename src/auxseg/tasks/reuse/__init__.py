"""Tasks without a head of their own: other supervision of the target's output.

- `consistency`: the target's output of a strongly changed image agrees with what a teacher says of the image
- `box-mask`: the foreground fills its box and ends where colours change
"""
