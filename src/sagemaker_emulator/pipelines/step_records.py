"""The records of steps: those of an execution, the one that waits for a token, and results that may be used again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from sagemaker_emulator.resources.model_building.execution import StepExecution, StepStatus
from sagemaker_emulator.storage.listing import Filter, Page, in_json, page
from sagemaker_emulator.storage.store import Store

ALL = 1_000_000
LISTED = 100


def of_execution(execution_id: str) -> Filter:
    """Return the filter for the steps of an execution: their names are `<id>/<step>`, and `0` follows `/`."""
    return "name > ? AND name < ?", (f"{execution_id}/", f"{execution_id}0")


class StepRecords:
    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, execution_id: str) -> dict[str, StepExecution]:
        """Return the records of an execution's steps by the steps' names, in the order in which they began."""
        return {record.step: record for record in self._select([of_execution(execution_id)], "created, name", ALL)}

    def get(self, name: str) -> StepExecution:
        return self._store.get(StepExecution, name)

    def add(self, record: StepExecution) -> None:
        self._store.add(record)

    def change(self, name: str, change: Callable[[StepExecution], StepExecution]) -> StepExecution:
        return self._store.change(StepExecution, name, change)

    def page(self, execution_id: str, request: dict[str, Any]) -> Page:
        listed = {"MaxResults": LISTED, **request}
        return page(self._store, StepExecution, listed, filters=[of_execution(execution_id)])

    def waiting_for(self, token: str) -> StepExecution | None:
        """Return the callback step that was given a token, if it has not ended."""
        filters: list[Filter] = [in_json("$.resource_name", token), in_json("$.type", "Callback")]
        records = self._select(filters, "created DESC", ALL)
        return next((record for record in records if not record.is_over), None)

    def cached(self, pipeline_arn: str, key: str, expire_after_s: float | None) -> StepExecution | None:
        """Return the newest run of a pipeline's step with this key that has succeeded and not expired."""
        filters: list[Filter] = [
            ("status = ?", (StepStatus.SUCCEEDED,)),
            in_json("$.cache_key", key),
            in_json("$.pipeline_arn", pipeline_arn),
            ("json_extract(CAST(body AS TEXT), '$.cached_from') IS NULL", ()),
        ]
        if expire_after_s is not None:
            filters.append(("modified > ?", (time.time() - expire_after_s,)))
        return next(iter(self._select(filters, "modified DESC", 1)), None)

    def _select(self, filters: Sequence[Filter], order: str, limit: int) -> list[StepExecution]:
        where = " AND ".join(sql for sql, _ in filters)
        parameters = tuple(value for _, values in filters for value in values)
        return self._store.select(StepExecution, where, parameters, order, limit)
