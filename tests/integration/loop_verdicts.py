"""A program for LocalStack's interpreter: which requests and machines the plugin's event loop gets.

Reads {"heads": [[method, target, headers, expects_continue], ...], "objects": [[bucket, key, size in bytes], ...],
"definitions": [...]} from the standard input.
Writes the verdicts: on the heads in each state of the services, on the definitions, and on remembered machines.
"""

import json
import sys
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

from localstack.services.edge import ROUTER
from localstack.services.plugins import SERVICE_PLUGINS, Service, ServiceContainer, ServiceState
from localstack.services.s3.models import KeyStore, S3Object, s3_stores
from localstack.services.sqs import query_api
from localstack.services.stepfunctions.backend.execution_worker import ExecutionWorker

from localstack_plugin.event_loop.loop import is_on_loop
from localstack_plugin.gateway.http_server.messages import RequestHead
from localstack_plugin.gateway.quick_requests import is_quick
from localstack_plugin.stepfunctions.executions.plain_machines import (
    KNOWN,
    ExecutionThread,
    KnownMachines,
    is_plain,
)

ACCOUNT, REGION = "123456789012", "eu-west-1"
DEADLINE_S = 60.0
PASS = json.dumps({"Comment": "Passes", "StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}})


def add_object(bucket: str, key: str, size: int) -> None:
    store = s3_stores[ACCOUNT][REGION]
    store.global_bucket_map[bucket] = ACCOUNT
    store.buckets.setdefault(bucket, SimpleNamespace(objects=KeyStore())).objects.set(key, S3Object(key, size=size))


def verdict(method: str, target: str, headers: list[list[str]], expects_continue: bool) -> bool:
    fields = [(name, value) for name, value in headers]
    return is_quick(RequestHead(method, target, "HTTP/1.1", fields, True, expects_continue))


def verdicts(state: ServiceState, heads: list[Any]) -> list[bool]:
    """Return which heads are quick when the services are in this state."""
    for service in ("s3", "stepfunctions"):
        SERVICE_PLUGINS._services[service] = ServiceContainer(Service(service), state)
    return [verdict(*head) for head in heads]


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
        "heads": {state.name: verdicts(state, cases["heads"]) for state in ServiceState},
    },
    sys.stdout,
)
