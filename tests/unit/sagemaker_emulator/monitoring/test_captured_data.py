"""The search for folders with captured data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from sagemaker_emulator.monitoring.captured_data import captured_folders, ground_truth_folders


class GoingDown(Exception):
    """The emulator is going down."""


@dataclass
class CountedS3:
    """An S3 with one variant's folder and no data, which counts the listings of hours."""

    listings: int = 0

    def get_paginator(self, _: str) -> CountedS3:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"CommonPrefixes": [{"Prefix": "captured/endpoint/AllTraffic/"}]}]

    def list_objects_v2(self, **_: Any) -> dict[str, Any]:
        self.listings += 1
        return {}

    def watch(self) -> None:
        if self.listings == 2:
            raise GoingDown


def test_a_search_ends_when_the_emulator_goes_down() -> None:
    hours = [f"2026/11/27/{hour:02}" for hour in range(24)]
    s3 = CountedS3()
    with pytest.raises(GoingDown):
        captured_folders(s3, "s3://bucket/captured", "endpoint", hours, s3.watch)
    with pytest.raises(GoingDown):
        ground_truth_folders(s3, "s3://bucket/truth", hours, s3.watch)
    assert s3.listings == 2
