import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from localstack_plugin.persistence.graph.document import DocumentError
from localstack_plugin.persistence.log_lines import UNUSED_AT_MOST, Key, LogProgress, append, load
from localstack_plugin.persistence.state_folder import LogFile, StateFolder

KEY: Key = ("1", "us-east-1", "group", "stream")


@dataclass
class LoggedEvent:
    event_id: int
    message: str = "line"
    timestamp: int = 2
    ingestion_time: int = 3


@dataclass(eq=False)
class OneStream:
    events: list[LoggedEvent] = field(default_factory=list)


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "current")
    folder.create()
    return folder


def stream_of(count: int) -> OneStream:
    return OneStream([LoggedEvent(number) for number in range(count)])


def saved(folder: StateFolder, streams: dict[Key, OneStream], progress: LogProgress) -> LogProgress:
    """Save as a saver does, and return what is saved."""
    file, in_file = append(folder, streams, progress)
    folder.write({}, file)
    return LogProgress({stream: len(stream.events) for stream in streams.values()}, in_file)


def lines_of(folder: StateFolder) -> list[Any]:
    file = folder.log_file()
    assert file
    return [json.loads(line) for line in folder.log_lines(file)]


def numbers(folder: StateFolder) -> list[int]:
    return [number for *_, number in load(folder).rows[KEY]]


def test_events_come_back_in_their_order(folder: StateFolder) -> None:
    saved(folder, {KEY: OneStream([LoggedEvent(5, "é\n\ud800"), LoggedEvent(4)])}, LogProgress())
    assert load(folder).rows == {KEY: [(3, 2, "é\n\ud800", 5), (3, 2, "line", 4)]}


def test_a_save_appends_only_the_events_that_are_new(folder: StateFolder) -> None:
    stream, other = stream_of(2), stream_of(1)
    progress = saved(folder, {KEY: stream, (*KEY[:3], "other"): other}, LogProgress())
    stream.events.append(LoggedEvent(2))
    saved(folder, {KEY: stream, (*KEY[:3], "other"): other}, progress)
    assert lines_of(folder)[2:] == [[*KEY, 2, [[3, 2, "line", 2]]]]
    assert numbers(folder) == [0, 1, 2]
    assert load(folder).in_file == 4


@pytest.mark.parametrize("count", [0, 1])
def test_a_stream_that_is_created_anew_has_no_events_of_the_deleted_one(folder: StateFolder, count: int) -> None:
    progress = saved(folder, {KEY: stream_of(3)}, LogProgress())
    saved(folder, {KEY: stream_of(count)}, progress)
    assert numbers(folder) == list(range(count))


def test_what_a_failed_save_has_appended_is_not_read_and_is_overwritten(folder: StateFolder) -> None:
    stream = stream_of(1)
    progress = saved(folder, {KEY: stream}, LogProgress())
    stream.events.append(LoggedEvent(1))
    file, _ = append(folder, {KEY: stream}, progress)
    with folder.log_path(file).open("ab") as lines:
        lines.write(b'["1","us-ea')
    assert numbers(folder) == [0]
    saved(folder, {KEY: stream}, progress)
    assert numbers(folder) == [0, 1]


def test_a_stream_that_was_not_counted_is_appended_again_and_comes_back_once(folder: StateFolder) -> None:
    stream = stream_of(2)
    progress = saved(folder, {KEY: stream}, LogProgress())
    stream.events.append(LoggedEvent(2))
    saved(folder, {KEY: stream}, LogProgress({}, progress.in_file))
    assert numbers(folder) == [0, 1, 2]


def test_a_file_of_deleted_streams_is_replaced(folder: StateFolder) -> None:
    stream = stream_of(2)
    deleted = saved(folder, {KEY: stream, (*KEY[:3], "deleted"): stream_of(UNUSED_AT_MOST + 3)}, LogProgress())
    saved(folder, {KEY: stream}, deleted)
    assert load(folder).rows.keys() == {KEY}
    assert numbers(folder) == [0, 1]
    assert [file.name for file in (folder.path / "services").iterdir()] == ["logevents-2.jsonl"]


def test_the_file_is_private(folder: StateFolder) -> None:
    saved(folder, {KEY: stream_of(1)}, LogProgress())
    assert {file.stat().st_mode & 0o077 for file in folder.path.rglob("*")} == {0}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[" * 100_000,
        '["1","r","g","s",0]',
        '["1","r","g","s",1,[]]',
        '["1","r","g","s",-1,[]]',
        '["1","r","g","s",true,[]]',
        '[["1"],"r","g","s",0,[]]',
        '["1","r","g","s",0,[[1,2,"line"]]]',
        '["1","r","g","s",0,[[1,2,3,4]]]',
        '["1","r","g","s",0,[["1",2,"line",4]]]',
        '["1","r","g","s",0,[[1,2,"line","4"]]]',
        '["1","r","g","s",0,5]',
    ],
)
def test_a_damaged_line_is_refused(folder: StateFolder, line: str) -> None:
    file = LogFile(1, len(line) + 1)
    folder.log_path(file).write_text(line + "\n")
    folder.write({}, file)
    with pytest.raises(DocumentError, match="line 1"):
        load(folder)


def test_a_file_that_is_shorter_than_the_save_is_refused(folder: StateFolder) -> None:
    saved(folder, {KEY: stream_of(1)}, LogProgress())
    file = folder.log_file()
    assert file
    folder.log_path(file).write_bytes(b"")
    with pytest.raises(DocumentError, match="has 0 of"):
        load(folder)
