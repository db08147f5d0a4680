"""Captured records and their ground truth, read from files."""
