"""Work that the plugin saves LocalStack: what depends on it is the same as before."""

import gc
import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from localstack_plugin.events.unheard_events import can_match
from localstack_plugin.gateway.spared_work.accepted_types import chosen_once
from localstack_plugin.gateway.spared_work.http_dates import knowing_http_dates
from localstack_plugin.gateway.spared_work.long_lived_objects import loading
from localstack_plugin.gateway.spared_work.response_log import without_details


def parse_slowly(value: Any) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC)


def test_a_date_in_http_form_is_read_as_utc() -> None:
    parse = knowing_http_dates(parse_slowly)
    assert parse("Thu, 26 Nov 2026 21:03:09 GMT") == datetime(2026, 11, 26, 21, 3, 9, tzinfo=UTC)


@pytest.mark.parametrize("value", ["2026-11-26T21:03:09Z", "Thu, 26 Nov 2026 21:03:09 +0100", 1.5, None])
def test_other_dates_are_left_to_the_parser_of_all_forms(value: Any) -> None:
    assert knowing_http_dates(parse_slowly)(value) == parse_slowly(value)


def test_collections_are_on_again_after_a_load_even_if_it_fails() -> None:
    during = list[bool]()

    def load(fails: bool) -> str:
        during.append(gc.isenabled())
        if fails:
            raise ValueError("no such model")
        return "model"

    try:
        assert loading(load)(False) == "model"
        with pytest.raises(ValueError, match="no such model"):
            loading(load)(True)
        assert gc.isenabled()
        assert during == [False, False]
    finally:
        gc.unfreeze()


@dataclass
class Log:
    """LocalStack's ResponseLogger, as far as the lines of AWS requests go."""

    level: int
    detailed: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.aws_logger = logging.Logger("aws", self.level)
        self.internal_aws_logger = logging.Logger("internal", logging.WARNING)
        self.lines = list[str]()
        for logger in (self.aws_logger, self.internal_aws_logger):
            logger.addHandler(Lines(self.lines))


class Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


def logged(log: Log, **context: Any) -> Log:
    names = {"service": SimpleNamespace(service_name="s3"), "operation": SimpleNamespace(name="GetObject")}
    asked = {**names, "service_exception": None, "is_internal_call": False, **context}
    write = without_details(lambda self, context, response: self.detailed.append(context))
    write(log, SimpleNamespace(**asked), SimpleNamespace(status_code=200))
    return log


def test_a_request_has_the_line_that_localstack_writes() -> None:
    log = logged(Log(logging.INFO))
    assert (log.lines, log.detailed) == (["AWS s3.GetObject => 200"], [])


def test_an_internal_request_is_not_logged() -> None:
    assert logged(Log(logging.INFO), is_internal_call=True).lines == []


@pytest.mark.parametrize(
    ("level", "context"),
    [(logging.DEBUG, {}), (logging.INFO, {"service_exception": "NoSuchKey"}), (logging.INFO, {"operation": None})],
)
def test_debugging_errors_and_other_pages_are_logged_by_localstack(level: int, context: dict[str, Any]) -> None:
    log = logged(Log(level), **context)
    assert (log.lines, len(log.detailed)) == ([], 1)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"source": ["aws.s3"]}, False),
        ({"source": ["aws.s3", "aws.states"]}, True),
        ({"source": [{"prefix": "aws."}]}, True),
        ({"source": ["aws.s3", {"anything-but": "aws.ec2"}]}, True),
        ({"detail-type": ["Step Functions Execution Status Change"]}, True),
        ({"$or": [{"source": ["aws.s3"]}, {"account": ["1"]}]}, True),
        ({}, True),
    ],
)
def test_a_rule_gets_step_functions_events_unless_its_sources_exclude_them(
    pattern: dict[str, Any], matches: bool
) -> None:
    assert can_match(json.dumps(pattern), {("source",): "aws.states"}) is matches


def test_a_rule_with_a_schedule_gets_no_events() -> None:
    assert can_match(None, {("source",): "aws.states"}) is False


@pytest.mark.parametrize(
    ("detail", "matches"),
    [
        ({}, True),
        ({"bucket": {"name": ["photos"]}}, True),
        ({"bucket": {"name": ["other", "photos"]}}, True),
        ({"bucket": {"name": ["other"]}}, False),
        ({"object": {"key": ["new/a.png"]}}, True),
        ({"object": {"key": ["a.png"]}}, False),
        ({"object": {"key": [{"prefix": "new/"}]}}, True),
        ({"object": {"key": [{"prefix": "old/"}]}}, False),
        ({"object": {"key": [{"prefix": "old/"}, {"suffix": ".jpg"}]}}, True),
        ({"object": {"key": [{"anything-but": ["new/a.png"]}]}}, True),
        ({"object": {"key": [{"prefix": {"equals-ignore-case": "OLD/"}}]}}, True),
        ({"object": {"size": [{"numeric": [">", 5]}]}}, True),
        ({"$or": [{"object": {"key": ["other"]}}, {"object": {"size": [1]}}]}, True),
        ({"object": ["of another shape"]}, True),
    ],
)
def test_a_rule_gets_events_of_s3_unless_its_buckets_or_keys_exclude_them(
    detail: dict[str, Any], matches: bool
) -> None:
    known = {
        ("source",): "aws.s3",
        ("detail", "bucket", "name"): "photos",
        ("detail", "object", "key"): "new/a.png",
    }
    assert can_match(json.dumps({"source": ["aws.s3"], "detail": detail}), known) is matches


class Serializer:
    """LocalStack's serializers differ in the types that they support."""

    supported: tuple[str, ...] = ("application/json",)
    asked: list[object] = []  # noqa: RUF012 - shared by both classes

    def choose(self, headers: Any) -> str:
        self.asked.append(headers)
        return f"{self.supported[0]} for {headers.get('Accept')}, {headers.get('Content-Type')}"


class XmlSerializer(Serializer):
    supported = ("text/xml",)


def test_the_type_of_an_answer_is_chosen_once_for_each_kind_of_request() -> None:
    choose = chosen_once(Serializer.choose)
    for _ in range(2):
        assert choose(Serializer(), {"Accept": "a", "Other": "x"}) == "application/json for a, None"
        assert choose(XmlSerializer(), {"Accept": "a", "Other": "y"}) == "text/xml for a, None"
        assert choose(Serializer(), {"Content-Type": "c"}) == "application/json for None, c"
        assert choose(Serializer(), None) == "application/json for None, None"
    assert len(Serializer.asked) == 4
