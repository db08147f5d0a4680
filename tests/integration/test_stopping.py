"""Stop a local cloud while it is in use."""

import io
import json
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local_cloud.cloud import LocalCloud
from local_cloud.processes import leftovers
from local_cloud.servers import servers
from local_cloud.settings import Settings
from local_cloud.terminal.progress import Progress

from .conftest import CLOUD, START_TIMEOUT_S, settings_of_a_new_cloud

ROLE = "arn:aws:iam::111122223333:role/stopping"
SLEEPER = "import time\ndef lambda_handler(event, context):\n    time.sleep(event.get('sleep_s', 0))\n"
ANSWERED_WITHIN_S = 60.0
ENDS_WITHIN_S = 18.0  # 1.5 s on an idle machine; the long poll that is in progress takes 20 s


@pytest.fixture
def own_cloud(tmp_path: Any) -> Iterator[tuple[LocalCloud, Settings]]:
    if CLOUD == "compose":
        pytest.skip("in Compose Docker ends the servers")
    settings = settings_of_a_new_cloud(tmp_path)
    cloud = LocalCloud(servers(settings), settings.state_dir, Progress(), START_TIMEOUT_S)
    cloud.up()
    yield cloud, settings
    cloud.down()
    assert leftovers(settings.state_dir) == []


def test_a_cloud_in_use_stops_in_seconds_without_killing_a_process(
    own_cloud: tuple[LocalCloud, Settings],
) -> None:
    cloud, settings = own_cloud
    with ThreadPoolExecutor() as requests:
        in_progress = use(settings, requests)
        began = time.monotonic()
        ended = cloud.down()
        took_s = time.monotonic() - began
        in_progress.exception(ANSWERED_WITHIN_S)  # it has ended, whether or not LocalStack had time to answer
    sys.stdout.write(f"ended in {took_s:.1f} s\n")
    assert [process.command for process in ended if process.killed] == []
    assert took_s < ENDS_WITHIN_S


def use(settings: Settings, requests: ThreadPoolExecutor) -> Any:
    """Start work of every kind that could delay a stop. Return the future of a long poll, which is in progress."""
    client = clients(settings)
    queue = client("sqs").create_queue(QueueName="stopping")["QueueUrl"]
    arn = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions = client("lambda")
    for name in ("one", "two", "three"):
        functions.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler="app.lambda_handler",
            Role=ROLE,
            Timeout=120,
            Code={"ZipFile": archive(SLEEPER)},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
        functions.invoke(FunctionName=name, Payload=b"{}")
    functions.invoke(FunctionName="one", InvocationType="Event", Payload=json.dumps({"sleep_s": 100}))
    functions.create_event_source_mapping(FunctionName="two", EventSourceArn=arn)
    start_an_execution(client("stepfunctions"))
    put_an_alarm(client("cloudwatch"))
    client("s3").create_bucket(Bucket="stopping")
    client("s3").put_object(Bucket="stopping", Key="object", Body=b"content")
    unread = client("sqs").create_queue(QueueName="unread")["QueueUrl"]
    return requests.submit(client("sqs").receive_message, QueueUrl=unread, WaitTimeSeconds=20)


def clients(settings: Settings) -> Callable[[str], Any]:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    once = Config(retries={"total_max_attempts": 1})
    return lambda service: boto3.client(service, endpoint_url=settings.localstack_url, config=once, **keys)


def archive(code: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("app.py", code)
    return buffer.getvalue()


def start_an_execution(stepfunctions: Any) -> None:
    waits = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 100, "End": True}}}
    machine = stepfunctions.create_state_machine(name="stopping", roleArn=ROLE, definition=json.dumps(waits))
    stepfunctions.start_execution(stateMachineArn=machine["stateMachineArn"])


def put_an_alarm(cloudwatch: Any) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName="stopping",
        Namespace="Stopping",
        MetricName="Count",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
