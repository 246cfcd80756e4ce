"""From a source to a finished store, and what there is to say about one."""
