"""LocalStack's state on disk: it is saved as it changes, and loaded at the start."""
