"""Lines for a terminal: progress and logs."""
