"""What reads other tasks' outputs or decoders: tasks without a head, side outputs, and the target's refinement."""
