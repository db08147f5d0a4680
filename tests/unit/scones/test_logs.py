"""LogReader returns each line of a CloudWatch log once, while it is being written."""

import time

import pytest

from scones.context import Context
from scones.logs import LogReader

GROUP = "/aws/sagemaker/TrainingJobs"


@pytest.fixture
def reader(context: Context) -> LogReader:
    return LogReader(context.client("logs"), GROUP, "job-1/")


def write(context: Context, stream: str, *lines: str) -> None:
    logs = context.client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]:
        logs.create_log_group(logGroupName=GROUP)
    if not logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=stream)["logStreams"]:
        logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    events = [{"timestamp": int(time.time() * 1000), "message": line} for line in lines]
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


def test_a_log_that_does_not_exist_yet_has_no_lines(reader: LogReader) -> None:
    assert reader.read() == []
    assert reader.tail() == ""


def test_each_line_is_returned_once(context: Context, reader: LogReader) -> None:
    write(context, "job-1/algo-1", "one", "two\n")
    assert reader.read() == ["one", "two"]
    assert reader.read() == []
    write(context, "job-1/algo-1", "three")
    assert reader.read() == ["three"]
    assert reader.lines == ["one", "two", "three"]


def test_all_streams_of_the_job_are_read_and_no_others(context: Context, reader: LogReader) -> None:
    write(context, "job-1/algo-1", "first host")
    write(context, "job-1/algo-2", "second host")
    write(context, "job-10/algo-1", "another job")
    assert sorted(reader.read()) == ["first host", "second host"]


def test_the_tail_has_the_last_lines(context: Context, reader: LogReader) -> None:
    write(context, "job-1/algo-1", *(str(number) for number in range(20)))
    reader.read()
    assert reader.tail(2) == "    18\n    19"
