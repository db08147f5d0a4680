"""Attributes that are not data, such as locks and queues, which are left out of a save and created anew."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from localstack.services.sqs.queue import InterruptiblePriorityQueue, InterruptibleQueue
from localstack.utils.strings import short_uid

from localstack_plugin.persistence.graph.document import DocumentError
from localstack_plugin.persistence.graph.writing import class_name
from localstack_plugin.persistence.object_files import STORED_AS, is_file_name

Factory = Callable[[], Any]

LAMBDA = "localstack.services.lambda_.invocation.lambda_models"
MAP_RUNS = (
    "localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration"
    ".itemprocessor.map_run_record"
)
ANEW: dict[str, dict[str, Factory]] = {
    f"{LAMBDA}:Function": {"lock": threading.RLock, "instance_id": short_uid},
    f"{LAMBDA}:Layer": {"next_version_lock": threading.RLock},
    f"{LAMBDA}:S3Code": {"_disk_lock": threading.RLock},
    "localstack.services.stepfunctions.backend.alias:Alias": {"_mutex": threading.Lock},
    f"{MAP_RUNS}:Counter": {"_mutex": threading.Lock},
    f"{MAP_RUNS}:MapRunRecord": {"update_event": threading.Event},
    "localstack.services.sqs.models:MessageMoveTask": {"cancel_event": threading.Event},
    "localstack.services.sqs.models:StandardQueue": {"mutex": threading.RLock},
    "localstack.services.sqs.models:FifoQueue": {"mutex": threading.RLock},
}
QUEUES: dict[str, tuple[str, Factory]] = {
    "localstack.services.sqs.models:StandardQueue": ("visible", InterruptiblePriorityQueue),
    "localstack.services.sqs.models:FifoQueue": ("message_group_queue", InterruptibleQueue),
}
"""The attribute of an SQS queue that is a Python queue. It is saved as the list of its members."""


def described(value: Any) -> Mapping[str, Any]:
    """Return the attributes of an object that are data."""
    name = class_name(type(value))
    attributes = dict(vars(value))
    for attribute in ANEW.get(name, ()):
        attributes.pop(attribute, None)
    if name in QUEUES:
        attribute, _ = QUEUES[name]
        attributes[attribute] = list(attributes[attribute].queue)
        # attributes such as the number of messages are functions
        attributes["attributes"] = {key: text for key, text in value.attributes.items() if not callable(text)}
    return attributes


def renew(value: Any) -> None:
    """Create the attributes of an object that were not saved. Raises DocumentError."""
    stored_as = getattr(value, "__dict__", {}).get(STORED_AS)
    if stored_as is not None and not is_file_name(stored_as):  # it would become garbage, which no save could delete
        raise DocumentError(f"{stored_as!r} is not the name of an object's file")
    name = class_name(type(value))
    for attribute, factory in ANEW.get(name, {}).items():
        vars(value)[attribute] = factory()
    if name in QUEUES:
        attribute, queue = QUEUES[name]
        members = vars(value)[attribute]
        vars(value)[attribute] = queue()
        vars(value)[attribute].queue.extend(members)
        value.attributes = {**_functions(value), **value.attributes}


def _functions(queue: Any) -> dict[str, Any]:
    return {key: value for key, value in queue.default_attributes().items() if callable(value)}
