"""The text that a terminal shows: progress and log lines."""
