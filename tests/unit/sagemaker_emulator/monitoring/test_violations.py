"""Violations that an analyzer left in its output."""

import pytest
from tests.unit.sagemaker_emulator.in_memory_s3 import InMemoryS3

from sagemaker_emulator.monitoring.violations import has_violations


@pytest.mark.parametrize(
    ("name", "body", "found"),
    [
        ("constraint_violations.json", b'{"violations": [{"feature_name": "a"}]}', True),
        ("constraints_violations.json", b'{"violations": [{"feature_name": "a"}]}', True),
        ("constraint_violations.json", b'{"violations": []}', False),
        ("constraint_violations.json", b"nonsense", False),
        ("constraint_violations.json", b"[1]", False),
        ("other.json", b'{"violations": [1]}', False),
    ],
)
def test_a_document_lists_violations_or_does_not(name: str, body: bytes, found: bool) -> None:
    assert has_violations(InMemoryS3({f"reports/e/{name}": body}), "s3://bucket/reports/e") is found
