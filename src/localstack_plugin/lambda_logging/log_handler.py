"""The thread of a function version that puts the logs of its invocations into CloudWatch Logs."""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty
from typing import Any

from localstack.aws.connect import connect_to
from localstack.services.lambda_.invocation.logs import QUEUE_SHUTDOWN, LogHandler, LogItem
from localstack.services.logs.models import get_moto_logs_backend
from localstack.utils.aws.arns import extract_account_id_from_arn
from localstack.utils.aws.client_types import ServicePrincipal
from moto.logs.exceptions import ResourceNotFoundException

from localstack_plugin.lambda_logging.log_batches import Events, Stream, batches, events_by_stream
from localstack_plugin.replacing import replace

GATHERED_FOR_S = 0.2

LOG = logging.getLogger(__name__)


def install() -> None:
    replace(
        "localstack.services.lambda_.invocation.version_manager:LogHandler",
        by=GatheringLogHandler,
        why="LocalStack puts the log of every invocation by itself, through a client and its gateway, which costs more "
        "than the invocation. The logs of 0.2 s are put together, directly into the stream if it exists and no metric "
        "filter is set.",
    )


@dataclass(frozen=True)
class TimedLogItem(LogItem):
    timestamp_ms: int = field(default_factory=lambda: int(time.time() * 1000))


class GatheringLogHandler(LogHandler):
    def add_logs(self, log_item: LogItem) -> None:
        super().add_logs(TimedLogItem(log_item.log_group, log_item.log_stream, log_item.logs))

    def run_log_loop(self, *args: Any, **kwargs: Any) -> None:
        clients = connect_to.with_assumed_role(
            region_name=self.region, role_arn=self.role_arn, service_principal=ServicePrincipal.lambda_
        )
        is_open = True
        while is_open:
            items = self._gathered()
            is_open = QUEUE_SHUTDOWN not in items
            logs = [item for item in items if item is not QUEUE_SHUTDOWN]
            for stream, events in events_by_stream(logs).items():
                for batch in batches(events):
                    self._put(clients.logs, stream, batch)

    def _gathered(self) -> list[Any]:
        items = [self.log_queue.get()]
        self._shutdown_event.wait(GATHERED_FOR_S)
        with suppress(Empty):
            while True:
                items.append(self.log_queue.get_nowait())
        return items

    def _put(self, client: Any, stream: Stream, events: Events) -> None:
        try:
            if not self._put_directly(stream, events):
                put_through_client(client, stream, events)
        except Exception as error:  # noqa: BLE001 - the edge of a thread: as in the original, a log never stops a function
            LOG.warning("Unable to put logs into group %s in region %s: %s", stream[0], self.region, error)

    def _put_directly(self, stream: Stream, events: Events) -> bool:
        """Return whether the events could be put past the gateway.

        They cannot where the stream does not exist, and must not where a metric filter would have to see them.
        Subscription filters are the stream's own, so they see them here too.
        """
        group_name, stream_name = stream
        backend = get_moto_logs_backend(extract_account_id_from_arn(self.role_arn), self.region)
        group = backend.groups.get(group_name)
        if group is None or stream_name not in group.streams or backend.filters.metric_filters:
            return False
        try:
            backend.put_log_events(group_name, stream_name, events)
        except ResourceNotFoundException:  # deleted in the meantime
            return False
        return True


def put_through_client(client: Any, stream: Stream, events: Events) -> None:
    """Put the events, creating the group and the stream if they do not exist."""
    group_name, stream_name = stream
    put = partial(client.put_log_events, logGroupName=group_name, logStreamName=stream_name, logEvents=events)
    try:
        put()
    except client.exceptions.ResourceNotFoundException:
        with suppress(client.exceptions.ResourceAlreadyExistsException):
            client.create_log_group(logGroupName=group_name)
        client.create_log_stream(logGroupName=group_name, logStreamName=stream_name)
        put()
