"""Choice states."""
