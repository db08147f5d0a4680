"""All rows of the suite."""

from tests.integration.states_language.row import Row
from tests.integration.states_language.rows import (
    choices,
    context,
    definitions,
    errors,
    flow,
    intrinsics,
    jsonata,
    maps,
    paths,
    payload_templates,
    refusals,
    tasks,
    variables,
)

TOPICS = (
    paths,
    payload_templates,
    intrinsics,
    choices,
    flow,
    tasks,
    maps,
    errors,
    context,
    variables,
    jsonata,
    definitions,
    refusals,
)


def rows() -> list[tuple[str, Row]]:
    """Return each row with a name that no other has: its topic and its number there."""
    return [
        (f"{topic.__name__.rpartition('.')[2]}-{number:03d}", row)
        for topic in TOPICS
        for number, row in enumerate(topic.ROWS, 1)
    ]
