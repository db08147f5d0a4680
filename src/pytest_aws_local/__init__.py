"""Fixtures for tests that need AWS: the local AWS, an account for each test, endpoints, captured records, executions.

pytest finds `plugin.py` by the entry point `pytest11`, and imports it in every project whose environment has the
package. It therefore imports nothing but pytest, and does nothing until a test requests a fixture.
"""
