"""Commands that hand a model over: `serve`."""
