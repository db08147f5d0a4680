"""Snapshots: the state of a whole local cloud as one file."""
