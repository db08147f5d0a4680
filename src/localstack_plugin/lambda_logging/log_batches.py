"""Lambda puts the log of every invocation by itself, through a client, the gateway and back; here those that came
meanwhile are put by one call a stream. Where a stream is there already, and no metric filter is to be asked, the call
goes to what keeps the stream: on its way through the gateway it would cost more than the invocation that it tells of.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty
from typing import Any

from localstack.aws.connect import connect_to
from localstack.services.lambda_.invocation import version_manager
from localstack.services.lambda_.invocation.logs import QUEUE_SHUTDOWN, LogHandler, LogItem
from localstack.services.logs.models import get_moto_logs_backend
from localstack.utils.aws.arns import extract_account_id_from_arn
from localstack.utils.aws.client_types import ServicePrincipal
from moto.logs.exceptions import ResourceNotFoundException

from localstack_plugin.replacing import replace

GATHERED_FOR_S = 0.2
EVENTS_AT_ONCE = 10_000
"""The most that PutLogEvents takes; of its 1 MiB, a line's share is bounded by the function's own limits."""
BYTES_AT_ONCE = 1_048_576
OVERHEAD_BYTES = 26

LOG = logging.getLogger(__name__)
Stream = tuple[str, str]
"""Log group and log stream."""
Events = list[dict[str, Any]]


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
            for stream, events in by_stream(items).items():
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
        except Exception as error:  # noqa: BLE001 - the edge of a thread: as in the original, logs stop no one
            LOG.warning("Error saving logs to group %s in region %s: %s", stream[0], self.region, error)

    def _put_directly(self, stream: Stream, events: Events) -> bool:
        """Whether it could be: not where the stream is yet to be made, or is deleted meanwhile, nor past metric
        filters. Subscriptions are the stream's own."""
        group_name, stream_name = stream
        backend = get_moto_logs_backend(extract_account_id_from_arn(self.role_arn), self.region)
        group = backend.groups.get(group_name)
        if group is None or stream_name not in group.streams or backend.filters.metric_filters:
            return False
        try:
            backend.put_log_events(group_name, stream_name, events)
        except ResourceNotFoundException:
            return False
        return True


def put_through_client(client: Any, stream: Stream, events: Events) -> None:
    group_name, stream_name = stream
    put = partial(client.put_log_events, logGroupName=group_name, logStreamName=stream_name, logEvents=events)
    try:
        put()
    except client.exceptions.ResourceNotFoundException:
        with suppress(client.exceptions.ResourceAlreadyExistsException):
            client.create_log_group(logGroupName=group_name)
        client.create_log_stream(logGroupName=group_name, logStreamName=stream_name)
        put()


def by_stream(items: list[Any]) -> dict[Stream, Events]:
    streams: dict[Stream, Events] = {}
    for item in items:
        if item is not QUEUE_SHUTDOWN:
            events = streams.setdefault((item.log_group, item.log_stream), [])
            events += [
                {"timestamp": item.timestamp_ms, "message": f"{line}\n"} for line in item.logs.split("\n") if line
            ]
    return streams


def batches(events: Events) -> Iterator[Events]:
    batch: Events = []
    size_bytes = 0
    for event in events:
        event_bytes = len(event["message"].encode()) + OVERHEAD_BYTES
        if batch and (len(batch) == EVENTS_AT_ONCE or size_bytes + event_bytes > BYTES_AT_ONCE):
            yield batch
            batch, size_bytes = [], 0
        batch.append(event)
        size_bytes += event_bytes
    if batch:
        yield batch


def install() -> None:
    replace(version_manager, "LogHandler", GatheringLogHandler)
