"""Collections: errors in AWS's words, and the feed of their changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.job import JobStatus
from sagemaker_emulator.resources.transform_job import TransformJob
from sagemaker_emulator.storage.changes import ChangeFeed
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError


class Jobs(Collection[TransformJob]):
    def missing(self, name: str) -> AwsError:
        return AwsError("ValidationException", f"no {name}")

    def existing(self, name: str, arn: str) -> AwsError:
        return AwsError("ResourceInUse", f"{name} is {arn}")

    def create(self, name: str) -> TransformJob:
        return self._add(TransformJob(name, self.arn_of(name), {}, 1.0, 1.0), {})

    def finish(self, name: str) -> TransformJob:
        return self._change(name, lambda job: job.moved_to(JobStatus.COMPLETED, 2.0))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store.sqlite3")
    yield store
    store.close()


@pytest.fixture
def jobs(store: Store) -> Jobs:
    return Jobs(store, Arns("us-east-1", "000000000000"), TransformJob)


def test_a_resource_is_found_by_its_name(jobs: Jobs) -> None:
    created = jobs.create("one")
    assert jobs.get("one") == jobs.find("one") == created
    assert [job.name for job in jobs.page({}).resources] == ["one"]


def test_a_changed_resource_is_returned_and_stored(jobs: Jobs) -> None:
    jobs.create("one")
    assert jobs.finish("one") == jobs.get("one")
    assert jobs.get("one").status is JobStatus.COMPLETED


def test_a_missing_name_is_the_collections_error(jobs: Jobs) -> None:
    assert jobs.find("none") is None
    for operation in (jobs.get, jobs.delete, jobs.finish):
        with pytest.raises(AwsError, match="no none"):
            operation("none")


def test_names_that_differ_only_in_case_share_an_arn(jobs: Jobs) -> None:
    arn = jobs.create("One").arn
    with pytest.raises(AwsError, match=f"ONE is {arn}"):
        jobs.create("ONE")


def test_a_deleted_resource_is_missing_and_its_name_is_free(jobs: Jobs) -> None:
    jobs.create("one")
    jobs.delete("one")
    assert jobs.find("one") is None
    assert jobs.create("one")


def test_the_feed_has_creations_and_changes_of_state_in_order(store: Store, jobs: Jobs) -> None:
    created = jobs.create("one")
    finished = jobs.finish("one")
    batch, is_open = store.changes.take(10)
    assert [change.resource for change in batch] == [created, finished]
    assert is_open


class Watched(ChangeFeed):
    """A feed that notes, at each change, the statuses that another connection reads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.statuses = path, list[str]()

    def put(self, before: Any, after: Any) -> None:
        with closing(sqlite3.connect(self.path)) as other:
            self.statuses += [status for (status,) in other.execute("SELECT status FROM resource")]


def test_a_change_is_in_the_feed_once_it_is_stored(store: Store, jobs: Jobs, tmp_path: Path) -> None:
    store.changes = watched = Watched(tmp_path / "store.sqlite3")
    jobs.create("one")
    with store.transaction():
        jobs.finish("ONE")
    assert watched.statuses == ["InProgress", "Completed"]


def test_a_change_that_is_undone_is_not_in_the_feed(store: Store, jobs: Jobs) -> None:
    jobs.create("one")
    with suppress(AwsError), store.transaction():
        jobs.finish("one")
        jobs.create("one")  # is taken
    jobs.create("two")
    batch, _ = store.changes.take(10)
    assert [(change.resource.name, change.resource.status) for change in batch] == [
        ("one", JobStatus.IN_PROGRESS),
        ("two", JobStatus.IN_PROGRESS),
    ]


JOB = TransformJob("one", "arn", {}, 1.0, 1.0)


def test_a_change_that_keeps_the_state_is_not_in_the_feed() -> None:
    feed = ChangeFeed()
    feed.put(JOB, replace(JOB, modified=2.0))
    feed.close()
    assert feed.take(10) == ([], False)


def test_a_batch_has_at_most_as_many_changes_as_requested() -> None:
    feed = ChangeFeed()
    for _ in range(3):
        feed.put(None, JOB)
    feed.close()
    assert [(len(batch), is_open) for batch, is_open in (feed.take(2), feed.take(2))] == [(2, True), (1, False)]


def test_a_feed_that_nobody_reads_drops_changes_and_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    feed = ChangeFeed(waiting_max=2)
    for _ in range(4):
        feed.put(None, JOB)
    batch, _ = feed.take(10)
    assert len(batch) == 2
    assert len(caplog.messages) == 1
