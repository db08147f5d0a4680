"""The line about each response in LocalStack's log."""

import logging
from collections.abc import Callable
from typing import Any

from localstack_plugin.replacing import wrap


def without_details(log: Callable[..., None]) -> Callable[..., None]:
    """Log a response to an AWS request without collecting details that are shown only at level DEBUG."""

    def log_response(self: Any, context: Any, response: Any) -> None:
        logger = self.internal_aws_logger if context.is_internal_call else self.aws_logger
        if context.operation is None or context.service_exception or logger.isEnabledFor(logging.DEBUG):
            log(self, context, response)
        elif logger.isEnabledFor(logging.INFO):
            values = context.service.service_name, context.operation.name, response.status_code
            # `info` would also look for the line of code that logs, which the log does not show
            record = logger.makeRecord(logger.name, logging.INFO, __file__, 0, "AWS %s.%s => %s", values, None)
            logger.handle(record)

    return log_response


def install() -> None:
    wrap(
        "localstack.aws.handlers.logging:ResponseLogger._log",
        wrapper=without_details,
        why="LocalStack collects all headers of request and response, and the line of code that logs, for a log line "
        "that does not show them. They are collected only at level DEBUG, which shows them.",
    )
