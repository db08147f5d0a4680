"""The index of captured records: the newest come first, and push out the oldest."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from tests.unit.console.doubles import NOW, Session, endpoint_answers, record

from console.aws.captures.index import CaptureIndex
from console.aws.client import Aws

PREFIX = "data_capture/bikes/"


def file_at(hour: int) -> tuple[str, bytes]:
    time: datetime = NOW + timedelta(hours=hour)
    return f"{PREFIX}AllTraffic/{time:%Y/%m/%d/%H}/a.jsonl", f"{record(f'e{hour}', [0.9, 0.1], time)}\n".encode()


def read(index: CaptureIndex, session: Session, budget_s: float = 60.0) -> list[str]:
    aws = Aws(session)
    try:
        asyncio.run(index.advance(aws, budget_s))
    finally:
        aws.close()
    return [each.event_id for each in index.records]


def test_a_new_record_pushes_out_the_oldest_when_the_index_is_full() -> None:
    files = dict(map(file_at, range(5)))
    session, index = Session(endpoint_answers(files)), CaptureIndex("images", PREFIX, limit=3)
    assert set(read(index, session)) >= {"e4", "e3", "e2"}
    assert len(index.records) == 3
    files.update([file_at(5)])
    assert read(index, session) == ["e5", "e4", "e3"]
    assert index.unread == 0


def test_the_newest_hours_are_listed_first_and_old_ones_only_as_far_as_time_allows() -> None:
    session, index = Session(endpoint_answers(dict(map(file_at, range(48))))), CaptureIndex("images", PREFIX)
    read(index, session, budget_s=0.0)
    listed = [request["Prefix"] for request in session.asked("s3.list_objects_v2")]
    assert listed[-1] == f"{PREFIX}AllTraffic/{NOW + timedelta(hours=47):%Y/%m/%d/%H}/"
    assert index.unread > 0


def test_an_index_that_is_whole_stays_so_while_its_listing_is_read_again() -> None:
    files = dict(map(file_at, range(48)))
    session, index = Session(endpoint_answers(files)), CaptureIndex("images", PREFIX)
    read(index, session)
    assert index.unread == 0
    read(index, session, budget_s=0.0)
    assert index.unread == 0


def test_a_listing_that_does_not_reach_what_was_read_leaves_files_unread() -> None:
    files = dict(map(file_at, range(48)))
    session, index = Session(endpoint_answers(files)), CaptureIndex("images", PREFIX)
    read(index, session)
    files.update(map(file_at, range(48, 60)))
    read(index, session, budget_s=0.0)
    assert index.unread == 2  # the newest hour's file, and those that were not listed
    read(index, session)
    assert index.unread == 0
    assert len(index.records) == 60


def test_a_variant_of_which_nothing_was_read_leaves_files_unread() -> None:
    files = dict(map(file_at, range(48)))
    session, index = Session(endpoint_answers(files)), CaptureIndex("images", PREFIX)
    read(index, session)
    files.update((name.replace("AllTraffic", "Challenger"), body) for name, body in map(file_at, range(48)))
    read(index, session, budget_s=0.0)
    assert index.unread == 2


def test_files_in_the_folders_of_all_hours_are_found() -> None:
    session, index = Session(endpoint_answers(dict(map(file_at, range(-30, 30))))), CaptureIndex("images", PREFIX)
    assert read(index, session) == [f"e{hour}" for hour in range(29, -31, -1)]
