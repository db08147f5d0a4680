"""Training jobs: lists and descriptions, their logs with the curves in them, and many side by side."""
