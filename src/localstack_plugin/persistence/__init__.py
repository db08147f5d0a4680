"""LocalStack's state on disk, which is saved as it changes and loaded at the start."""
