"""Runs the rows on the cloud, many at once."""

import io
import json
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError
from tests.integration.states_language.row import Row

ROLE = "arn:aws:iam::000000000000:role/states"
AT_ONCE, DEADLINE_S = 16, 300.0
FUNCTION = """
import time
def lambda_handler(event, context):
    time.sleep(event.get("sleep", 0))
    name = event.get("raise") or ("Custom" if event.get("attempt", 0) < event.get("raise_until", 0) else None)
    if name:
        raise type(name, (Exception,), {})(event.get("message", ""))
    if "characters" in event:
        return "a" * event["characters"]
    return event.get("return", event.get("attempt"))
"""
OBJECTS = {
    "items.json": '[{"n": 1}, {"n": 2}]',
    "items.jsonl": '{"n": 1}\n{"n": 2}\n',
    "items.csv": 'rating,title\n3.3,A\n9.7,"B, C"\n',
    "plain.csv": "1,2\n",
    "odd.csv": '\ufeffa,b\r\n1,"x\ny"\r\n2\r\né,3,4\r\n',
    "object.json": '{"n": 1}',
    "broken.json": "[1,",
    "listed/1": "1",
    "listed/2": "2",
}


@dataclass(frozen=True)
class Outcome:
    """The result of a row. `refused` is the error message if CreateStateMachine refused the definition."""

    output: Any = None
    error: str | None = None
    cause: str | None = None
    refused: str | None = None


class Executions:
    """The clients, and the resources that rows name."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self.states, self.names = client("stepfunctions"), {"bucket": f"rows-{uuid4().hex[:8]}"}
        self.states.meta.config.inject_host_prefix = False  # StartSyncExecution would go to sync-<host>
        self.create_function(client("lambda"))
        self.create_bucket(client("s3"))
        self.names["queue"] = client("sqs").create_queue(QueueName=self.names["bucket"])["QueueUrl"]

    def create_function(self, client: Any) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("app.py", FUNCTION)
        self.names["function"] = client.create_function(
            FunctionName=self.names["bucket"],
            Runtime="python3.11",
            Role=ROLE,
            Handler="app.lambda_handler",
            Code={"ZipFile": archive.getvalue()},
            Timeout=60,
        )["FunctionArn"]
        client.get_waiter("function_active_v2").wait(FunctionName=self.names["function"])

    def create_bucket(self, client: Any) -> None:
        client.create_bucket(Bucket=self.names["bucket"])
        for key, text in OBJECTS.items():
            client.put_object(Bucket=self.names["bucket"], Key=key, Body=text.encode())

    def all_outcomes(self, rows: list[Row]) -> list[Outcome]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self.outcome, rows))

    def outcome(self, row: Row) -> Outcome:
        name = f"row-{uuid4().hex[:12]}"
        definition = (
            row.definition if isinstance(row.definition, str) else json.dumps(row.definition, ensure_ascii=False)
        )
        for key, value in self.names.items():
            definition = definition.replace("${" + key + "}", value)
        kind = "EXPRESS" if row.express else "STANDARD"
        try:
            machine = self.states.create_state_machine(name=name, definition=definition, roleArn=ROLE, type=kind)
        except ClientError as error:
            return Outcome(refused=str(error))
        try:
            return self.run(machine["stateMachineArn"], row)
        finally:
            self.states.delete_state_machine(stateMachineArn=machine["stateMachineArn"])

    def run(self, machine: str, row: Row) -> Outcome:
        given = {} if row.input is None else {"input": json.dumps(row.input)}
        try:
            if row.express:
                return outcome_of(self.states.start_sync_execution(stateMachineArn=machine, **given))
            execution = self.states.start_execution(stateMachineArn=machine, **given)["executionArn"]
        except ClientError as error:
            return Outcome(error=error.response["Error"]["Code"])
        deadline = time.monotonic() + DEADLINE_S
        while (described := self.states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            if time.monotonic() > deadline:
                return Outcome(error=f"still RUNNING after {DEADLINE_S:.0f} s")
            time.sleep(0.1)
        return outcome_of(described)


def outcome_of(described: dict[str, Any]) -> Outcome:
    if described["status"] == "SUCCEEDED":
        return Outcome(output=json.loads(described["output"]))
    error = described["status"] if described["status"] == "TIMED_OUT" else described.get("error", "")
    return Outcome(error=error, cause=described.get("cause"))
