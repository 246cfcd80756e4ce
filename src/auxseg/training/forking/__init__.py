"""ForkMerge: branches of one network learn with one auxiliary each, and are merged by what the target gains."""
