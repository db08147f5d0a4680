"""Captured records: what they say, the index of those of an endpoint, and the listing of their files."""
