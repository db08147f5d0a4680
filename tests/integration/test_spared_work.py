"""The plugin saves LocalStack work in an execution (parsing, clients, threads, puts); callers must not notice it."""

import io
import json
import os
import re
import socket
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.client import parse_headers
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import psutil
import pytest
from botocore.config import Config
from tests.waiting import until

ROLE = "arn:aws:iam::000000000000:role/states"
DEADLINE_S = 30
TOGETHER = 12
UUID = r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}"
CODE = """
import time, uuid

ENVIRONMENT = uuid.uuid4().hex  # a process ID would not do: each environment has process IDs of its own

class NotNow(Exception):
    pass

def lambda_handler(event, context):
    print("asked for", event)
    if event == "refuse":
        raise NotNow("try again")
    if isinstance(event, float):
        time.sleep(event)
    return ENVIRONMENT if isinstance(event, float) else event
"""


def unique_name() -> str:
    return f"spared-{uuid4().hex[:8]}"


@pytest.fixture
def function() -> Iterator[str]:
    """Create a function that returns its event, raises, or sleeps and returns its environment's ID; return its name."""
    client, name, packed = boto3.client("lambda"), unique_name(), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", CODE)
    client.create_function(
        FunctionName=name,
        Role=ROLE,
        Runtime="python3.11",
        Handler="app.lambda_handler",
        Timeout=20,
        Code={"ZipFile": packed.getvalue()},
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    yield name
    client.delete_function(FunctionName=name)


def invoke(function: str, event: object) -> Any:
    client = boto3.client("lambda", config=Config(max_pool_connections=TOGETHER))
    return json.loads(client.invoke(FunctionName=function, Payload=json.dumps(event))["Payload"].read())


def task(function: str, event: object, **more: object) -> dict[str, Any]:
    parameters = {"FunctionName": function, "Payload": event}
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters, "End": True}
    return {"StartAt": "Task", "States": {"Task": state | more}}


def caught(error: str) -> dict[str, object]:
    return {"Catch": [{"ErrorEquals": [error], "Next": "Caught"}]}


@pytest.fixture
def machine() -> Iterator[Callable[[dict[str, Any]], str]]:
    client, arns = boto3.client("stepfunctions"), []

    def create(definition: dict[str, Any]) -> str:
        if any("Catch" in state for state in definition["States"].values()):  # a state that is not reachable is refused
            definition["States"]["Caught"] = {"Type": "Pass", "End": True}
        answer = client.create_state_machine(name=unique_name(), definition=json.dumps(definition), roleArn=ROLE)
        arns.append(answer["stateMachineArn"])
        return str(answer["stateMachineArn"])

    yield create
    for arn in arns:
        client.delete_state_machine(stateMachineArn=arn)


def ended(execution: str) -> dict[str, Any]:
    client = boto3.client("stepfunctions")

    def described() -> dict[str, Any] | None:
        answer: dict[str, Any] = client.describe_execution(executionArn=execution)
        return None if answer["status"] == "RUNNING" else answer

    return until(described, f"execution {execution} to end")


def run(arn: str) -> dict[str, Any]:
    return ended(boto3.client("stepfunctions").start_execution(stateMachineArn=arn)["executionArn"])


def history(execution: dict[str, Any]) -> list[dict[str, Any]]:
    client = boto3.client("stepfunctions")
    events: list[dict[str, Any]] = client.get_execution_history(executionArn=execution["executionArn"])["events"]
    return events


def test_a_lambda_task_has_lambdas_answer_and_aws_history(function: str, machine: Callable[..., str]) -> None:
    execution = run(machine(task(function, {"a": ["ü", 1]})))
    answer = json.loads(execution["output"])
    assert (answer["StatusCode"], answer["ExecutedVersion"], answer["Payload"]) == (200, "$LATEST", {"a": ["ü", 1]})
    assert [event["type"] for event in history(execution)] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]


@pytest.mark.parametrize(("event", "error"), [("refuse", "NotNow"), ({}, "Lambda.ResourceNotFoundException")])
def test_errors_are_caught_by_the_names_that_lambda_gives_them(
    function: str, machine: Callable[..., str], event: object, error: str
) -> None:
    name = function if event == "refuse" else "arn:aws:lambda:us-east-1:000000000000:function:not-there"
    execution = run(machine(task(name, event, **caught(error))))
    assert execution["status"] == "SUCCEEDED", execution
    output = json.loads(execution["output"])
    assert output["Error"] == error
    if event != "refuse":
        assert "Function not found" in output["Cause"]
        assert (
            "Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID:"
            in output["Cause"]
        )


NAMES = ("{}", "000000000000:function:{}", "arn:aws:lambda:us-east-1:000000000000:function:{}", "{}:$LATEST", "{}:1")
NOT_NAMES = ("{}:no-alias", "not-{}", "arn:aws:lambda:eu-west-1:000000000000:function:{}", "{} {}", "x" * 200)


@pytest.mark.parametrize("name", NAMES + NOT_NAMES)
def test_a_task_without_options_is_answered_as_one_with_options(
    function: str, machine: Callable[..., str], name: str
) -> None:
    """Only a Task with options becomes a request to Lambda's provider."""
    boto3.client("lambda").publish_version(FunctionName=function)
    plain = task(name.format(function, function), {"a": 1}, **caught("States.ALL"))
    definition = json.loads(json.dumps(plain))
    definition["States"]["Task"]["Parameters"]["InvocationType"] = "RequestResponse"
    answers = [answer_of(run(machine(each))) for each in (plain, definition)]
    assert answers[0] == answers[1]
    assert ("Error" in answers[0]) == (name in NOT_NAMES)


def answer_of(execution: dict[str, Any]) -> dict[str, Any]:
    """Return the output of a Task without what differs between two invocations."""
    output: dict[str, Any] = json.loads(re.sub(UUID, "ID", execution["output"]))
    for varying in ("SdkHttpMetadata", "SdkResponseMetadata"):
        output.pop(varying, None)
    return output


def test_a_task_after_a_function_gets_the_services_own_validation_error(
    function: str, machine: Callable[..., str]
) -> None:
    """Its client must not validate parameters, so that the service's error can be caught."""
    definition = task(function, {})
    after = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:ssm:putParameter", "Parameters": {"Name": "x"}}
    del definition["States"]["Task"]["End"]
    definition["States"]["Task"]["Next"] = "After"
    definition["States"]["After"] = after | {"End": True} | caught("SSM.ValidationException")
    execution = run(machine(definition))
    assert execution["status"] == "SUCCEEDED", execution


def test_a_function_at_its_concurrency_limit_raises_too_many_requests(
    function: str, machine: Callable[..., str]
) -> None:
    boto3.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    execution = run(machine(task(function, {}, **caught("Lambda.TooManyRequestsException"))))
    assert execution["status"] == "SUCCEEDED", execution


def test_executions_that_share_a_definition_count_their_own_retries(function: str, machine: Callable[..., str]) -> None:
    retry = {"ErrorEquals": ["NotNow"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}
    arn = machine(task(function, "refuse", Retry=[retry]))
    client = boto3.client("stepfunctions")
    started = [client.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(3)]
    for execution in map(ended, started):
        assert execution["error"] == "NotNow", execution
        assert [event["type"] for event in history(execution)].count("TaskFailed") == 3


def test_an_updated_definition_replaces_the_old_one(function: str, machine: Callable[..., str]) -> None:
    arn = machine(task(function, "old"))
    assert json.loads(run(arn)["output"])["Payload"] == "old"
    client = boto3.client("stepfunctions")
    client.update_state_machine(stateMachineArn=arn, definition=json.dumps(task(function, "new")))
    assert json.loads(run(arn)["output"])["Payload"] == "new"


def test_every_invocation_is_counted_in_cloudwatch(function: str) -> None:
    for event in ("a", "b", "refuse"):
        invoke(function, event)
    cloudwatch = boto3.client("cloudwatch")

    def count(metric: str) -> float:
        now = datetime.now(UTC)
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": function}],
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    until(lambda: count("Invocations") == 3, "three invocations in CloudWatch")
    assert count("Errors") == 1


def test_every_invocation_is_in_the_log_in_order(function: str) -> None:
    for number in range(5):
        invoke(function, number)
    logs, group = boto3.client("logs"), f"/aws/lambda/{function}"

    def lines() -> list[str]:
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"] if groups() else []
        assert len(streams) <= 1, "one environment was enough"
        events = [
            logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)["events"]
            for stream in streams
        ]
        return [event["message"].strip() for event in (events[0] if events else ())]

    def groups() -> list[Any]:
        return list(logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"])

    def event_lines() -> list[str]:
        return [line for line in lines() if line.startswith("asked for")]

    until(lambda: len(event_lines()) == 5, "five invocations in the log")
    assert event_lines() == [f"asked for {number}" for number in range(5)]
    assert [line.split(" ")[0] for line in lines()].count("REPORT") == 5


def test_short_invocations_share_environments(function: str) -> None:
    with ThreadPoolExecutor(TOGETHER) as pool:
        environments = list(pool.map(lambda _: invoke(function, 0.001), range(3 * TOGETHER)))
    assert len(set(environments)) < TOGETHER


def test_long_invocations_each_get_their_own_environment(function: str) -> None:
    """Waiting for a shared environment would take longer than starting another."""
    with ThreadPoolExecutor(4) as pool:
        environments = list(pool.map(lambda _: invoke(function, 5.0), range(4)))
    assert len(set(environments)) == 4


@pytest.mark.skipif(os.environ.get("SCONES_TEST_CLOUD") == "compose", reason="the processes are in a container")
def test_an_update_while_invocations_wait_leaves_no_process_of_the_old_version(function: str) -> None:
    client = boto3.client("lambda")
    with ThreadPoolExecutor(TOGETHER) as pool:
        waiting = [pool.submit(invoke, function, 3.0) for _ in range(TOGETHER)]
        until(lambda: processes_of(function), "the first invocation")
        client.update_function_configuration(FunctionName=function, Environment={"Variables": {"UPDATED": "yes"}})
        client.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 1})
        wait(waiting, DEADLINE_S)
    assert all(ended.done() for ended in waiting)
    until(lambda: not [each for each in processes_of(function) if "UPDATED" not in each], "the old processes to end")


def processes_of(function: str) -> list[dict[str, str]]:
    """Return the environments of the processes that run a function."""
    environments = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            environments.append(process.environ())
    return [environment for environment in environments if environment.get("AWS_LAMBDA_FUNCTION_NAME") == function]


def test_requests_that_are_sent_together_on_one_connection_are_answered_in_order(machine: Callable[..., str]) -> None:
    arn = machine({"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}})
    absent = arn.replace(":stateMachine:", ":execution:") + ":absent"
    requests = (
        request_bytes("StartExecution", stateMachineArn=arn, name="first"),
        request_bytes("DescribeExecution", executionArn=absent),
        request_bytes("StartExecution", stateMachineArn=arn, name="large", input=json.dumps("x" * 100_000)),
        request_bytes("StartExecution", stateMachineArn=arn, name="last"),
    )
    url = urlsplit(boto3.client("stepfunctions").meta.endpoint_url)
    with socket.create_connection((str(url.hostname), url.port or 80), timeout=DEADLINE_S) as connection:
        connection.sendall(b"".join(requests))
        with connection.makefile("rb") as reader:
            answers = [read_answer(reader) for _ in requests]
    assert [status for status, _ in answers] == [200, 400, 200, 200]
    assert [answer.get("executionArn", "").rpartition(":")[2] for _, answer in answers] == [
        "first",
        "",
        "large",
        "last",
    ]
    assert answers[1][1]["__type"] == "ExecutionDoesNotExist"


def request_bytes(operation: str, **parameters: str) -> bytes:
    body = json.dumps(parameters)
    scope = "test/20260101/us-east-1/states/aws4_request"
    lines = (
        "POST / HTTP/1.1",
        "Host: 127.0.0.1",
        f"X-Amz-Target: AWSStepFunctions.{operation}",
        "Content-Type: application/x-amz-json-1.0",
        f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join([*lines, "", body]).encode()


def read_answer(reader: io.BufferedReader) -> tuple[int, dict[str, Any]]:
    status = int(reader.readline().split()[1])
    length = int(parse_headers(reader)["Content-Length"])
    return status, json.loads(reader.read(length))


def details(execution: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the details of the execution's events by type and state."""
    events = {}
    for event in history(execution):
        found = next(value for name, value in event.items() if name.endswith("EventDetails"))
        events[f"{event['type']} {found.get('name', '')}".strip()] = found
    return events


def test_the_output_of_a_state_is_the_input_of_the_next(function: str, machine: Callable[..., str]) -> None:
    definition = task(function, {"a": ["ü", 1.0]}, Next="Second", OutputPath="$.Payload")
    del definition["States"]["Task"]["End"]
    definition["States"]["Second"] = {"Type": "Pass", "Result": 2, "ResultPath": "$.a[1]", "End": True}
    execution = run(machine(definition))
    events = details(execution)
    assert events["TaskStateExited Task"]["output"] == events["PassStateEntered Second"]["input"] == '{"a":["ü",1.0]}'
    assert events["PassStateExited Second"]["output"] == events["ExecutionSucceeded"]["output"] == '{"a":["ü",2]}'
    assert execution["output"] == '{"a":["ü",2]}'


def test_an_execution_does_not_change_the_definition_for_the_next(machine: Callable[..., str]) -> None:
    inner = {"Type": "Pass", "Result": 2, "ResultPath": "$.result.here", "End": True}
    states = {"Task": {"Type": "Pass", "Result": {"result": {}}, "Next": "Inner"}, "Inner": inner}
    arn = machine({"StartAt": "Task", "States": states})
    for _ in range(2):
        execution = run(arn)
        assert details(execution)["PassStateEntered Inner"]["input"] == '{"result":{}}'
        assert execution["output"] == '{"result":{"here":2}}'


def test_branches_and_attempts_do_not_see_what_others_write(function: str, machine: Callable[..., str]) -> None:
    def branch(name: str) -> dict[str, Any]:
        write = {"Type": "Pass", "Result": name, "ResultPath": "$.who.name", "Next": name}
        attempt = task(
            function,
            "refuse",
            Parameters={"FunctionName": function, "Payload": "refuse"},
            Retry=[{"ErrorEquals": ["NotNow"], "MaxAttempts": 1, "IntervalSeconds": 1}],
            Catch=[{"ErrorEquals": ["NotNow"], "ResultPath": "$.error", "Next": f"{name} caught"}],
        )["States"]["Task"]
        attempt["InputPath"] = "$.who"
        counted = {"who.$": "$.who.name", "error.$": "$.error.Error", "state.$": "$$.State.Name"}
        caught = {"Type": "Pass", "Parameters": counted, "End": True}
        return {
            "StartAt": f"{name} writes",
            "States": {f"{name} writes": write, name: attempt, f"{name} caught": caught},
        }

    branches = [branch("one"), branch("two")]
    both = {"Type": "Parallel", "Branches": branches, "ResultPath": "$.both", "End": True}
    first = {"Type": "Pass", "Result": {"who": {}}, "Next": "Both"}
    execution = run(machine({"StartAt": "First", "States": {"First": first, "Both": both}}))
    assert json.loads(execution["output"]) == {
        "who": {},
        "both": [{"who": name, "error": "NotNow", "state": f"{name} caught"} for name in ("one", "two")],
    }


def test_a_rule_receives_the_status_changes_of_an_execution(function: str, machine: Callable[..., str]) -> None:
    sqs, events, name = boto3.client("sqs"), boto3.client("events"), unique_name()
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    arn = machine(task(function, {}))
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [arn]}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": queue_arn}])
    try:
        run(arn)
        received: list[str] = []

        def both_received() -> bool:
            for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
                received.append(json.loads(message["Body"])["detail"]["status"])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return len(received) == 2

        until(both_received, "both events")
        assert sorted(received) == ["RUNNING", "SUCCEEDED"]
    finally:
        events.remove_targets(Rule=name, Ids=["queue"])
        events.delete_rule(Name=name)
        sqs.delete_queue(QueueUrl=queue)
