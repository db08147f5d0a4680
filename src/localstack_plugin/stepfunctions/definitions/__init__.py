"""How definitions are read."""
