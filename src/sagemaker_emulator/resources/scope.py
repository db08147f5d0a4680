"""The account and region that a resource belongs to."""

from __future__ import annotations

from typing import NamedTuple


class Scope(NamedTuple):
    """A tuple, because every request looks one up: a dataclass would take three times as long."""

    account_id: str
    region: str

    def __str__(self) -> str:
        return f"{self.account_id}/{self.region}"
