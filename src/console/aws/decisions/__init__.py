"""Decisions: why executions failed, which failures are alike, and what the workflow decided about an image."""
