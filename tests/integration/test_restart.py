"""LocalStack's state outlives its process.

ROUNDS (3) is how often the cloud is ended, by kill -9 or by `down`, at a random moment of a workload on all services.
What had been acknowledged five seconds before must be there when the cloud is up again, and must work. OBJECTS (100) is
how many objects the cloud has from the beginning; it has a tenth as many executions.
"""

import json
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.waiting import until

from local_cloud.processes import leftovers

from .conftest import CLOUD
from .localstack_programs import run_in_localstack
from .restart_busy import Busy
from .restart_cloud import Cloud
from .restart_workload import Workload, arn

ROUNDS = int(os.environ.get("ROUNDS") or 3)
OBJECTS = int(os.environ.get("OBJECTS") or 100)
ACKNOWLEDGED_BEFORE_S = 5.0
SAVED_EVERY_S = 3.0  # an end may come at any moment between two saves


@pytest.fixture(scope="module", autouse=True)
def _aws_is_the_cloud() -> None:
    """Keep the cloud that all other tests share from being started."""


@pytest.fixture(scope="session", autouse=True)
def _roles_of_sagemaker() -> None:
    """See above."""


@pytest.fixture
def own_cloud(tmp_path: Path) -> Iterator[Cloud]:
    if CLOUD == "compose":
        pytest.skip("in Compose Docker starts and ends LocalStack")
    cloud = Cloud(tmp_path)
    cloud.up()
    yield cloud
    cloud.down()
    assert leftovers(tmp_path) == []


def test_what_was_acknowledged_five_seconds_before_survives(own_cloud: Cloud) -> None:
    workload, chance = Workload(own_cloud.client), random.Random(ROUNDS)
    workload.begin()
    workload.fill(OBJECTS, OBJECTS // 10)
    label, starts_s = "", []
    for number in range(ROUNDS):
        previous, label = label, f"round-{number}"
        workload.write(label)
        until(partial(workload.is_finished, label), "the execution and the stack to end")
        written = time.monotonic()
        if previous:
            works_on(workload, previous)
        busy = Busy(workload.client, label)
        busy.write(written + ACKNOWLEDGED_BEFORE_S + chance.uniform(0, SAVED_EVERY_S))
        is_killed = chance.random() < 0.5
        ended = time.monotonic()
        own_cloud.kill() if is_killed else own_cloud.down()
        starts_s.append(own_cloud.up())
        show(f"{label}: {'killed' if is_killed else 'down'}, up in {starts_s[-1]:.1f} s")
        assert workload.missing(label) == []
        assert busy.missing(ended - (ACKNOWLEDGED_BEFORE_S if is_killed else 0.0)) == []
        assert "cannot be" not in own_cloud.log()
    works_on(workload, label)
    assert workload.filled() == (OBJECTS, OBJECTS // 10)
    middle, longest = statistics.median(starts_s), max(starts_s)
    show(f"{ROUNDS} rounds, {OBJECTS:,} objects, {OBJECTS // 10:,} executions: nothing lost")
    show(f"up in {middle:.1f} s (median), {longest:.1f} s (longest)")


def show(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def works_on(workload: Workload, label: str) -> None:
    """Check that functions, state machines, event sources and rules do what they did before."""
    stepfunctions = workload.client("stepfunctions")
    started = stepfunctions.start_execution(stateMachineArn=arn("states", "stateMachine:restart"), input="{}")
    execution = started["executionArn"]
    until(lambda: status(stepfunctions, execution) == "SUCCEEDED", "an execution after the restart")
    workload.client("sqs").send_message(QueueUrl=workload.queue("polled"), MessageBody=f"poll {label}.")
    until(lambda: f"poll {label}." in workload.function_log(), "the event source mapping after the restart")
    event = {"Source": "restart", "DetailType": label, "Detail": "{}"}
    workload.client("events").put_events(Entries=[event])
    until(lambda: any(label in body for body in workload.received("delivered")), "the rule after the restart")


def status(stepfunctions: Any, execution: str) -> str:
    answer: str = stepfunctions.describe_execution(executionArn=execution)["status"]
    return answer


def running(stepfunctions: Any, machine: str) -> list[str]:
    listed = stepfunctions.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    return [execution["executionArn"] for execution in listed]


def has_succeeded(stepfunctions: Any, execution: str) -> bool:
    return status(stepfunctions, execution) == "SUCCEEDED"


def test_an_execution_that_was_running_has_failed_and_can_be_redriven(own_cloud: Cloud) -> None:
    stepfunctions = own_cloud.client("stepfunctions")
    states = {"First": {"Type": "Pass", "Next": "Wait"}, "Wait": {"Type": "Wait", "Seconds": 6, "End": True}}
    machine = stepfunctions.create_state_machine(
        name="waits", definition=json.dumps({"StartAt": "First", "States": states}), roleArn=arn("iam", "role/r")
    )
    execution = stepfunctions.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    own_cloud.down()
    own_cloud.up()
    assert stepfunctions.describe_execution(executionArn=execution)["error"] == "States.Runtime"
    assert running(stepfunctions, machine["stateMachineArn"]) == []
    stepfunctions.redrive_execution(executionArn=execution)
    assert running(stepfunctions, machine["stateMachineArn"]) == [execution]
    until(lambda: status(stepfunctions, execution) == "SUCCEEDED", "the redriven execution")
    events = [event["type"] for event in stepfunctions.get_execution_history(executionArn=execution)["events"]]
    assert events == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "WaitStateEntered",
        "ExecutionFailed",
        "ExecutionRedriven",
        "WaitStateEntered",
        "WaitStateExited",
        "ExecutionSucceeded",
    ]


def test_an_execution_that_is_redriven_and_ends_during_a_save_is_saved_again(own_cloud: Cloud) -> None:
    stepfunctions = own_cloud.client("stepfunctions")
    definition = json.dumps({"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "E"}}})
    machine = stepfunctions.create_state_machine(name="fails", definition=definition, roleArn=arn("iam", "role/r"))
    own_cloud.save()
    execution = stepfunctions.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    until(lambda: status(stepfunctions, execution) == "FAILED", "the execution to end")
    with own_cloud.save_in_progress():
        stepfunctions.redrive_execution(executionArn=execution)
        until(lambda: status(stepfunctions, execution) == "FAILED", "the redriven execution to end")
    own_cloud.down()
    own_cloud.up()
    assert stepfunctions.describe_execution(executionArn=execution)["redriveCount"] == 1


def test_an_execution_that_ends_when_its_save_has_been_planned_is_saved(tmp_path: Path) -> None:
    run_in_localstack("restart_ending.py", tmp_path / "state")
    assert "execution:machine:ends" in (tmp_path / "state" / "executions.jsonl").read_text()


def test_a_save_that_failed_in_the_middle_of_a_line_loses_nothing(own_cloud: Cloud) -> None:
    stepfunctions = own_cloud.client("stepfunctions")
    definition = json.dumps({"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}})
    machine = stepfunctions.create_state_machine(name="passes", definition=definition, roleArn=arn("iam", "role/r"))
    before = start_each(stepfunctions, (machine["stateMachineArn"],))
    folder = own_cloud.settings.state_dir / "localstack-state" / "current"
    file = folder / "executions.jsonl"
    until(lambda: file.exists() and file.stat().st_size > 0, "the first save")
    with file.open("a") as lines:
        lines.write('["execution","arn')  # as when the disk is full
    after = start_each(stepfunctions, (machine["stateMachineArn"],))
    own_cloud.down()
    own_cloud.up()
    assert [status(stepfunctions, execution) for execution in (*before, *after)] == ["SUCCEEDED"] * 2


def test_a_state_that_cannot_be_read_is_set_aside(own_cloud: Cloud) -> None:
    own_cloud.client("s3").create_bucket(Bucket="restart")
    own_cloud.down()
    folder = own_cloud.settings.state_dir / "localstack-state"
    manifest = folder / "current" / "manifest.json"
    manifest.write_text(json.dumps({"format": 999, "services": {}}))
    own_cloud.up()
    assert own_cloud.client("s3").list_buckets()["Buckets"] == []
    assert "has format 999" in own_cloud.log()
    assert [path.name for path in folder.glob("current.*")] != []


def test_a_state_whose_object_names_a_file_outside_the_folder_is_set_aside(own_cloud: Cloud) -> None:
    own_cloud.client("s3").create_bucket(Bucket="restart")
    own_cloud.client("s3").create_multipart_upload(Bucket="restart", Key="unfinished")
    own_cloud.down()
    folder = own_cloud.settings.state_dir / "localstack-state"
    (path,) = (folder / "current" / "services").glob("s3-*.json")
    path.write_text(json.dumps(with_attribute(json.loads(path.read_text()), "S3Object", "stored_as", "../../secret")))
    own_cloud.up()
    assert own_cloud.client("s3").list_buckets()["Buckets"] == []
    assert "'../../secret' is not the name of an object's file" in own_cloud.log()


@pytest.mark.parametrize(
    "damage",
    [
        {"running": 5},
        {"stores": {"000000000000": 5}},
        {"stores": {"no-account": {"us-east-1": {}}}},
        {"stores": {"000000000000": {"us-east-1": {"state_machines": 5}}}, "running": [{}]},
    ],
)
def test_a_state_of_another_shape_is_set_aside(own_cloud: Cloud, damage: dict[str, Any]) -> None:
    own_cloud.client("s3").create_bucket(Bucket="restart")
    own_cloud.client("stepfunctions").create_activity(name="restart")
    own_cloud.down()
    folder = own_cloud.settings.state_dir / "localstack-state"
    (path,) = (folder / "current" / "services").glob("stepfunctions-*.json")
    path.write_text(json.dumps(damaged(json.loads(path.read_text()), damage)))
    own_cloud.up()
    assert own_cloud.client("s3").list_buckets()["Buckets"] == []
    assert [path.name for path in folder.glob("current.*")] != []


def damaged(document: dict[str, Any], damage: Any) -> dict[str, Any]:
    """Return the document with another root, whose dicts and lists become nodes of their own."""
    document["root"] = node_of(damage, document["nodes"])
    return document


def node_of(value: Any, nodes: list[Any]) -> Any:
    if isinstance(value, dict):
        members = [part for key, member in value.items() for part in (key, node_of(member, nodes))]
        nodes.append(["dict", members])
    elif isinstance(value, list):
        nodes.append(["list", [node_of(member, nodes) for member in value]])
    else:
        return value
    return [len(nodes) - 1]


def with_attribute(document: dict[str, Any], class_name: str, attribute: str, value: Any) -> dict[str, Any]:
    """Give all objects of a class one more attribute."""
    index, layout = next(
        (index, layout) for index, layout in enumerate(document["layouts"]) if layout[0].endswith(f":{class_name}")
    )
    layout[1].append(attribute)
    for node in document["nodes"]:
        if node[:2] == ["object", index]:
            node[2].append(value)
    return document


def test_aliases_and_versions_start_executions_before_and_after_a_restart(own_cloud: Cloud) -> None:
    stepfunctions = own_cloud.client("stepfunctions")
    definition = json.dumps({"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}})
    created = stepfunctions.create_state_machine(
        name="aliased", definition=definition, roleArn=arn("iam", "role/r"), publish=True
    )
    version = created["stateMachineVersionArn"]
    alias = stepfunctions.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}]
    )["stateMachineAliasArn"]
    starts = partial(start_each, stepfunctions, (created["stateMachineArn"], version, alias))
    before = starts()
    own_cloud.down()
    own_cloud.up()
    assert [status(stepfunctions, execution) for execution in before] == ["SUCCEEDED"] * 3
    assert stepfunctions.describe_execution(executionArn=before[2])["stateMachineAliasArn"] == alias
    starts()


def start_each(stepfunctions: Any, machines: tuple[str, ...]) -> list[str]:
    """Start an execution of each machine, wait until all have succeeded, and return them."""
    executions = [stepfunctions.start_execution(stateMachineArn=machine)["executionArn"] for machine in machines]
    for execution in executions:
        until(partial(has_succeeded, stepfunctions, execution), f"{execution} to succeed")
    return executions


def test_a_snapshot_of_a_running_cloud_is_the_state_of_another(own_cloud: Cloud, tmp_path: Path) -> None:
    workload, file = Workload(own_cloud.client), str(tmp_path / "snapshot.tar.gz")
    workload.begin()
    workload.write("saved")
    until(partial(workload.is_finished, "saved"), "the execution and the stack to end")
    sys.stdout.write(own_cloud.scones("snapshot", "save", file))
    own_cloud.client("s3").put_object(Bucket="restart", Key="later", Body=b"not in the snapshot")
    own_cloud.down()
    sys.stdout.write(own_cloud.scones("snapshot", "load", file, "--yes"))
    own_cloud.up()
    assert workload.missing("saved") == []
    assert "later" not in [each["Key"] for each in own_cloud.client("s3").list_objects_v2(Bucket="restart")["Contents"]]
    works_on(workload, "saved")
