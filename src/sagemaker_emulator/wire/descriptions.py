"""Answers of Describe operations: a resource as its Create request said it, and what the service added."""

from collections.abc import Mapping
from typing import Any

from sagemaker_emulator.wire.protocol import output_members


def described(operation: str, request: Mapping[str, Any], computed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of a Describe operation of SageMaker.

    Members of the Create request are repeated where the answer has a member of that name; `computed` overrides them.
    Members of `computed` that are None are left out.
    """
    members = output_members("sagemaker", operation)
    repeated = {name: value for name, value in request.items() if name in members}
    return {**repeated, **present(computed)}


def present(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that have a value: AWS leaves the others out."""
    return {name: value for name, value in members.items() if value is not None}
