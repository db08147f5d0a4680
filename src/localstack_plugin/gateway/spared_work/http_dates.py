"""Dates in the headers of responses."""

import re
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from localstack_plugin.replacing import wrap

HTTP_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")


def knowing_http_dates(parse: Callable[[Any], datetime]) -> Callable[[Any], datetime]:
    def parse_date(value: Any) -> datetime:
        if isinstance(value, str) and HTTP_DATE.fullmatch(value):
            return parsedate_to_datetime(value)
        return parse(value)

    return parse_date


def install() -> None:
    wrap(
        "localstack.aws.protocol.serializer:parse_to_aware_datetime",
        wrapper=knowing_http_dates,
        why="S3 has the date of an object as text, which LocalStack parses for each GetObject with a parser that knows "
        "all formats of dates and is slow. A date in HTTP's form is parsed as one.",
    )
