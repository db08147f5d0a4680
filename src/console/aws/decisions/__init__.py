"""Decisions: why an execution failed, what the workflow decided about an image, and what a person answered."""
