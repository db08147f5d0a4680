"""A program for LocalStack's interpreter: which requests and machines the plugin's event loop gets.

Reads {"heads": [[method, target, headers, expects_continue], ...], "objects": [[bucket, key, size in bytes], ...],
"definitions": [...]} from the standard input. An object without a size has been deleted.
Writes the verdicts: on the heads in each state of the services, and with one of them only, on the definitions, on
remembered machines, and on answers.
"""

import json
import sys
from collections.abc import Iterable
from io import BytesIO
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

from localstack.aws.gateway import Gateway
from localstack.services.edge import ROUTER
from localstack.services.plugins import SERVICE_PLUGINS, Service, ServiceContainer, ServiceState
from localstack.services.s3.models import S3Bucket, S3DeleteMarker, S3Object, s3_stores
from localstack.services.sqs import query_api
from localstack.services.stepfunctions.backend.execution_worker import ExecutionWorker

from localstack_plugin.event_loop.loop import is_on_loop
from localstack_plugin.gateway.http_server.gateway_application import GatewayApplication
from localstack_plugin.gateway.http_server.messages import Request, RequestHead
from localstack_plugin.gateway.quick_requests import is_quick
from localstack_plugin.stepfunctions.executions.plain_machines import (
    KNOWN,
    ExecutionThread,
    KnownMachines,
    is_plain,
)

ACCOUNT, REGION = "123456789012", "eu-west-1"
SERVICES = "s3", "stepfunctions"
DEADLINE_S = 60.0
PASS = json.dumps({"Comment": "Passes", "StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}})


def add_object(name: str, key: str, size: int | None) -> None:
    store = s3_stores[ACCOUNT][REGION]
    store.global_bucket_map[name] = ACCOUNT
    bucket = store.buckets.setdefault(name, S3Bucket(name, ACCOUNT, REGION, {}, object_lock_enabled_for_bucket=True))
    bucket.objects.set(key, S3Object(key, size=size or 0, version_id="1"))
    if size is None:
        bucket.objects.set(key, S3DeleteMarker(key, "2"))


def verdict(method: str, target: str, headers: list[list[str]], expects_continue: bool) -> bool:
    fields = [(name, value) for name, value in headers]
    return is_quick(RequestHead(method, target, "HTTP/1.1", fields, True, expects_continue))


def verdicts(states: dict[str, ServiceState], heads: list[Any]) -> list[bool]:
    """Return which heads are quick when the services are in these states."""
    for service, state in states.items():
        SERVICE_PLUGINS._services[service] = ServiceContainer(Service(service), state)
    return [verdict(*head) for head in heads]


def verdicts_with_one(service: str, heads: list[Any]) -> list[bool]:
    return verdicts(dict.fromkeys(SERVICES, ServiceState.AVAILABLE) | {service: ServiceState.RUNNING}, heads)


def is_at_hand(body: bytes | Iterable[bytes]) -> bool:
    """Return whether an answer of LocalStack's gateway is in memory."""
    gateway = Gateway([lambda chain, context, response: chain.respond(200, body)])
    head, address = RequestHead("GET", "/", "HTTP/1.1", [], True), ("127.0.0.1", 1)
    return GatewayApplication(gateway)(Request(head, BytesIO(), address, address)).is_at_hand


def remembered() -> list[bool | None]:
    """Learn one machine more than are remembered, after a look at the first."""
    machines, definitions = KnownMachines(), [PASS.replace("Passes", f"Passes {number}") for number in range(KNOWN + 1)]
    unknown = machines.is_plain(definitions[0])
    for definition in definitions[:-1]:
        machines.learn(definition)
    machines.is_plain(definitions[0])
    machines.learn(definitions[-1])
    return [unknown, *map(machines.is_plain, definitions)]


def places() -> list[bool]:
    """Return which executions of a machine run on the loop: the first, one after it, one with logs, one of another."""
    seen: SimpleQueue[bool] = SimpleQueue()
    ExecutionWorker._execution_logic = lambda worker: seen.put(is_on_loop())

    def place(definition: str, logs: object = None) -> bool:
        worker = ExecutionWorker(
            SimpleNamespace(state_machine_details=SimpleNamespace(definition=definition)), None, logs, {}
        )
        thread = ExecutionThread(worker._execution_logic)
        thread.start()
        thread.join(DEADLINE_S)
        return seen.get(timeout=DEADLINE_S)

    slow = PASS.replace("Passes", "Passes..")
    return [place(PASS), place(PASS), place(PASS, logs=object()), place(slow), place(slow)]


query_api.register(ROUTER)  # its rules match paths of two names, the first of which is an account
cases = json.load(sys.stdin)
for each in cases["objects"]:
    add_object(*each)
json.dump(
    {
        "definitions": [is_plain(definition) for definition in cases["definitions"]],
        "remembered": remembered(),
        "places": places(),
        "heads": {state.name: verdicts(dict.fromkeys(SERVICES, state), cases["heads"]) for state in ServiceState},
        "alone": {service: verdicts_with_one(service, cases["heads"]) for service in SERVICES},
        "at hand": [is_at_hand(body) for body in (b"", b"content", iter([b"content"]))],
    },
    sys.stdout,
)
