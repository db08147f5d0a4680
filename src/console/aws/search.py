"""What searches of SageMaker's Search have in common. Source: docs.aws.amazon.com/sagemaker/latest/APIReference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import MappingProxyType

NEWEST_FIRST = MappingProxyType({"SortBy": "CreationTime", "SortOrder": "Descending"})


def created_until(newest: datetime) -> dict[str, str]:
    """Return the filter of what was created until a moment, or a second later: its times are whole seconds."""
    until = f"{(newest + timedelta(seconds=1)).astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
    return {"Name": "CreationTime", "Operator": "LessThanOrEqualTo", "Value": until}
