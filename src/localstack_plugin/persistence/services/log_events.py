"""The numbers of log events, which are unique in a process."""

from moto.logs.models import logs_backends

from localstack_plugin.replacing import replace


def continue_numbers() -> None:
    """Number the next event after those that were loaded."""
    numbers = [
        event.event_id
        for regions in logs_backends.values()
        for backend in regions.values()
        for group in backend.groups.values()
        for stream in group.streams.values()
        for event in stream.events
    ]
    replace(
        "moto.logs.models:LogEvent._event_id",
        by=max(numbers, default=-1) + 1,
        why="LocalStack numbers log events from 0. After a start the numbers continue after those of the loaded "
        "events.",
    )
