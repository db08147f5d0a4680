"""Tags of all kinds of resources, by ARN."""

from __future__ import annotations

from sagemaker_emulator.errors import validation
from sagemaker_emulator.storage.store import Store

TAGS_MAX = 50


class Tags:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, arn: str, tags: dict[str, str]) -> dict[str, str]:
        self._require(arn)
        with self._store.transaction():
            merged = {**self._store.tags(arn), **tags}
            if len(merged) > TAGS_MAX:
                raise validation(
                    f"The number of tags for {arn} would be {len(merged)}; at most {TAGS_MAX} are allowed."
                )
            self._store.put_tags(arn, tags)
        return merged

    def remove(self, arn: str, keys: list[str]) -> None:
        self._require(arn)
        self._store.remove_tags(arn, keys)

    def of(self, arn: str) -> dict[str, str]:
        self._require(arn)
        return self._store.tags(arn)

    def _require(self, arn: str) -> None:
        if not self._store.has_arn(arn):
            raise validation(f"Could not find resource {arn!r}.")
