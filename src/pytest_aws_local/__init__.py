"""Fixtures for tests that need AWS: the local cloud, an account of a test's own, endpoints, captured records.

pytest finds `plugin.py` by the entry point `pytest11`. It is imported in every project whose environment has the kit.
So it imports nothing but pytest, and nothing happens until a test asks for a fixture.
"""
