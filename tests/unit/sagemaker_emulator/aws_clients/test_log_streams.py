"""Log lines on their way to CloudWatch: cleaned, cut, slowed down, and dropped when CloudWatch is away."""

from __future__ import annotations

import threading
from typing import Any

from sagemaker_emulator.aws_clients.log_backlog import LINE_OVERHEAD_BYTES, LogBacklog
from sagemaker_emulator.aws_clients.log_streams import LogStream


class Logs:
    """A CloudWatch Logs that keeps its events. The first PutLogEvents waits until it is `open`."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.batches: list[int] = []
        self.open, self.asked = threading.Event(), threading.Event()
        self.open.set()

    def create_log_group(self, **_: str) -> None:
        pass

    def create_log_stream(self, **_: str) -> None:
        pass

    def put_log_events(self, logEvents: list[dict[str, Any]], **_: str) -> None:  # noqa: N803 - boto3's name
        self.asked.set()
        self.open.wait()
        self.batches.append(sum(len(event["message"].encode()) + 26 for event in logEvents))
        self.messages += [event["message"] for event in logEvents]


def test_lines_arrive_in_their_order_without_control_characters() -> None:
    logs = Logs()
    stream = LogStream(logs, "group", "stream")
    for line in ("one", "", "\x1b[31mred\x1b[0m", "nul\0"):
        assert stream.write(line)
    stream.close()
    assert logs.messages == ["one", "red", "nul\ufffd"]


def test_a_line_that_is_longer_as_utf_8_is_cut() -> None:
    logs = Logs()
    stream = LogStream(logs, "group", "stream")
    stream.write("\ufffd" * 200_000)
    stream.close()
    assert logs.messages[0].endswith("\ufffd [cut]")
    assert len(logs.messages[0].encode()) <= 256 * 1024 - 26


def test_batches_keep_to_the_limits_of_cloudwatch() -> None:
    logs = Logs()
    stream = LogStream(logs, "group", "stream")
    for _ in range(20):
        stream.write("x" * 300_000)
    stream.close()
    assert len(logs.messages) == 20
    assert max(logs.batches) <= 1 << 20


def test_a_flood_waits_for_room_while_its_lines_are_delivered() -> None:
    backlog, numbers = LogBacklog(room_bytes=3 * (LINE_OVERHEAD_BYTES + 3)), range(500)

    def write() -> None:
        for number in numbers:
            backlog.put((number, str(number)))
        backlog.close()

    writing = threading.Thread(target=write)
    writing.start()
    taken = []
    while line := backlog.take():
        taken.append(line)
        backlog.delivered(is_delivered=True)
    writing.join()
    assert taken == [(number, str(number)) for number in numbers]


def test_nobody_waits_for_a_cloudwatch_that_refuses_lines() -> None:
    backlog = LogBacklog(room_bytes=2 * (LINE_OVERHEAD_BYTES + 1), stalled_s=3600)
    backlog.put((0, "0"))
    assert backlog.take() == (0, "0")
    backlog.delivered(is_delivered=False)
    for number in range(1, 6):
        backlog.put((number, str(number)))
    assert backlog.take() == (4, "[3 lines were dropped: CloudWatch took none for a while]")


def test_the_oldest_lines_are_dropped_and_the_log_says_so() -> None:
    backlog = LogBacklog(room_bytes=3 * (LINE_OVERHEAD_BYTES + 1), stalled_s=0.01)
    for number in range(9):
        backlog.put((number, str(number)))
    backlog.close()
    lines = [backlog.take() for _ in range(5)]
    assert lines == [
        (6, "[6 lines were dropped: CloudWatch took none for a while]"),
        (6, "6"),
        (7, "7"),
        (8, "8"),
        None,
    ]
    assert backlog.is_over


def test_one_line_always_has_room() -> None:
    backlog = LogBacklog(room_bytes=1)
    backlog.put((0, "long"))
    assert backlog.take() == (0, "long")


def test_what_waits_when_the_log_ends_is_sent() -> None:
    logs = Logs()
    logs.open.clear()
    stream = LogStream(logs, "group", "stream")
    stream.write("first")
    assert logs.asked.wait(60)
    stream.write("second")
    closing = threading.Thread(target=stream.close)
    closing.start()
    logs.open.set()
    closing.join()
    assert logs.messages == ["first", "second"]
