"""One small change in every service, and the question whether it is there."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import ClientError

from .lambda_functions import ROLE, archive

ACCOUNT = "000000000000"
CODE = "def lambda_handler(event, context):\n    print('handled', event)\n    return event\n"
INVOKE = "arn:aws:states:::lambda:invoke"
TASK = {"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "restart", "Payload.$": "$"}, "End": True}
DEFINITION = {"StartAt": "Function", "States": {"Function": TASK}}
ROLES = f"arn:aws:iam::{ACCOUNT}:role"
FILLED = "stateMachine:filled"
TRUST = {"Version": "2012-10-17", "Statement": []}
PASS = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}
WRITERS = 8
LARGE = b"x" * 700_000  # above what LocalStack would keep in memory


@dataclass
class Workload:
    """A function, a queue that it polls, a state machine and rules, and whatever `write` adds to them."""

    client: Callable[[str], Any]
    executions: dict[str, str] = field(default_factory=dict)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    previous: str = ""

    def begin(self) -> None:
        self.client("s3").create_bucket(Bucket="restart")
        self.client("s3").create_bucket(Bucket="filled")
        self.client("s3").create_bucket(Bucket="versions")
        self.client("s3").put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
        for name in ("messages", "polled", "delivered"):
            self.client("sqs").create_queue(QueueName=name)
        self._create_functions()
        events = self.client("events")
        events.put_rule(Name="restart", EventPattern=json.dumps({"source": ["restart"]}))
        events.put_targets(Rule="restart", Targets=[{"Id": "1", "Arn": arn("sqs", "delivered")}])
        self.client("logs").create_log_group(logGroupName="restart")
        self.client("sns").create_topic(Name="restart")

    def _create_functions(self) -> None:
        functions = self.client("lambda")
        functions.create_function(
            FunctionName="restart",
            Runtime="python3.11",
            Handler="app.lambda_handler",
            Role=ROLE,
            Code={"ZipFile": archive(CODE)},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName="restart")
        functions.create_event_source_mapping(FunctionName="restart", EventSourceArn=arn("sqs", "polled"), BatchSize=1)
        for name, definition in (("restart", DEFINITION), ("filled", PASS), ("changed", PASS)):
            self.client("stepfunctions").create_state_machine(
                name=name, definition=json.dumps(definition), roleArn=ROLE
            )

    def fill(self, objects: int, executions: int) -> None:
        """Create so many objects and executions, whose state each save and each start has to carry."""
        put = partial(self.client("s3").put_object, Bucket="filled")
        start = partial(self.client("stepfunctions").start_execution, stateMachineArn=arn("states", FILLED))
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(lambda number: put(Key=str(number), Body=b"filled"), range(objects)))
            list(pool.map(lambda number: start(name=str(number), input="{}"), range(executions)))

    def filled(self) -> tuple[int, int]:
        """Return how many objects and executions of `fill` there are."""
        objects = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket="filled")
        pages = self.client("stepfunctions").get_paginator("list_executions")
        ended = pages.paginate(stateMachineArn=arn("states", FILLED), statusFilter="SUCCEEDED")
        return sum(page["KeyCount"] for page in objects), sum(len(page["executions"]) for page in ended)

    def write(self, label: str) -> None:
        """Change something in every service; return when all of it is acknowledged."""
        self._write_objects(label)
        self._replace_what_was_written_before(label)
        self.client("sqs").send_message(QueueUrl=self.queue("messages"), MessageBody=label)
        self.client("iam").create_role(RoleName=label, AssumeRolePolicyDocument=json.dumps(TRUST))
        session = self.client("sts").assume_role(RoleArn=f"{ROLES}/{label}", RoleSessionName=label)
        self.keys[label] = session["Credentials"]
        self.client("sns").subscribe(TopicArn=arn("sns", "restart"), Protocol="sqs", Endpoint=arn("sqs", label))
        self.client("events").put_rule(Name=label, EventPattern=json.dumps({"source": [label]}))
        self.client("events").put_targets(Rule=label, Targets=[{"Id": label, "Arn": arn("sqs", "messages")}])
        self.client("lambda").publish_layer_version(LayerName=label, Content={"ZipFile": archive("")})
        self._write_observations(label)
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=arn("states", "stateMachine:restart"), name=label, input=json.dumps({"label": label})
        )
        self.executions[label] = started["executionArn"]
        resource = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"stack-{label}"}}
        self.client("cloudformation").create_stack(
            StackName=label, TemplateBody=json.dumps({"Resources": {"Queue": resource}})
        )

    def _write_objects(self, label: str) -> None:
        s3 = self.client("s3")
        s3.put_object(Bucket="restart", Key=label, Body=label.encode(), Metadata={"label": label})
        s3.put_object(Bucket="restart", Key="large", Body=LARGE + label.encode())
        s3.put_object(Bucket="versions", Key="object", Body=label.encode())

    def _replace_what_was_written_before(self, label: str) -> None:
        """Delete an object and a function of the label before, create those of this one, and change what stays."""
        s3, functions, previous = self.client("s3"), self.client("lambda"), self.previous
        s3.put_object(Bucket="restart", Key=f"temporary/{label}", Body=b"")
        functions.create_function(
            FunctionName=f"temporary-{label}",
            Runtime="python3.11",
            Handler="app.lambda_handler",
            Role=ROLE,
            Code={"ZipFile": archive(CODE)},
        )
        if previous:
            s3.delete_object(Bucket="restart", Key=f"temporary/{previous}")
            functions.delete_function(FunctionName=f"temporary-{previous}")
        self.client("stepfunctions").update_state_machine(
            stateMachineArn=arn("states", "stateMachine:changed"), definition=json.dumps(PASS | {"Comment": label})
        )
        self.previous = label

    def _write_observations(self, label: str) -> None:
        logs, cloudwatch = self.client("logs"), self.client("cloudwatch")
        logs.create_log_stream(logGroupName="restart", logStreamName=label)
        event = {"timestamp": int(datetime.now(UTC).timestamp() * 1000), "message": label}
        logs.put_log_events(logGroupName="restart", logStreamName=label, logEvents=[event])
        cloudwatch.put_metric_data(Namespace="restart", MetricData=[{"MetricName": label, "Value": 1}])
        cloudwatch.put_dashboard(DashboardName=label, DashboardBody=json.dumps({"widgets": []}))
        cloudwatch.put_metric_alarm(
            AlarmName="restart",
            AlarmDescription=label,
            Namespace="restart",
            MetricName="never",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )

    def is_finished(self, label: str) -> bool:
        """Return whether what `write` has started has ended."""
        execution = self.client("stepfunctions").describe_execution(executionArn=self.executions[label])
        stack = self.client("cloudformation").describe_stacks(StackName=label)["Stacks"][0]
        return (execution["status"], stack["StackStatus"]) == ("SUCCEEDED", "CREATE_COMPLETE")

    def missing(self, label: str) -> list[str]:
        """Return what is not as `write` has left it, service by service."""
        return [name for name, check in self._checks(label) if not answers(check)]

    def _checks(self, label: str) -> Iterator[tuple[str, Callable[[], bool]]]:
        s3, stepfunctions = self.client("s3"), self.client("stepfunctions")
        yield "s3 object", lambda: content(s3, "restart", label) == label.encode()
        yield "s3 metadata", lambda: s3.head_object(Bucket="restart", Key=label)["Metadata"] == {"label": label}
        yield "s3 large object", lambda: content(s3, "restart", "large").startswith(LARGE)
        yield "s3 version", lambda: label.encode() in self._versions()
        yield "deleted s3 object", lambda: self._temporary_objects() == [f"temporary/{label}"]
        yield "deleted function", lambda: self._temporary_functions() == [f"temporary-{label}"]
        yield "sqs message, and none that was deleted", lambda: self.received("messages") == [label]
        yield "iam role", lambda: bool(self.client("iam").get_role(RoleName=label))
        yield "sts session", lambda: f"assumed-role/{label}/{label}" in self._caller(label)
        yield "sns subscription", lambda: arn("sqs", label) in self._endpoints()
        yield "events rule", lambda: self.client("events").describe_rule(Name=label)["State"] == "ENABLED"
        yield "events target", lambda: self._targets(label) == [label]
        yield "lambda layer", lambda: bool(self.client("lambda").get_layer_version(LayerName=label, VersionNumber=1))
        yield "log event", lambda: self._log(label) == [label]
        yield "metric", lambda: bool(self.client("cloudwatch").list_metrics(MetricName=label)["Metrics"])
        yield "dashboard", lambda: bool(self.client("cloudwatch").get_dashboard(DashboardName=label))
        yield "alarm", lambda: self._alarm() == label
        yield "state machine", lambda: self._comment() == label
        yield "stack", lambda: bool(self.client("sqs").get_queue_url(QueueName=f"stack-{label}"))
        yield "ended execution", lambda: self.is_finished(label)
        yield (
            "history",
            lambda: len(stepfunctions.get_execution_history(executionArn=self.executions[label])["events"]) > 4,
        )

    def queue(self, name: str) -> str:
        url: str = self.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
        return url

    def received(self, queue: str) -> list[str]:
        """Receive and delete all messages; return their bodies."""
        sqs, url = self.client("sqs"), self.queue(queue)
        bodies: list[str] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            bodies += [message["Body"] for message in messages]
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def function_log(self) -> str:
        """Return the lines of the function's log. It is empty until the first batch of lines has made the log group."""
        logs = self.client("logs")
        try:
            events = logs.filter_log_events(logGroupName="/aws/lambda/restart")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return ""
        return "\n".join(event["message"] for event in events)

    def _versions(self) -> list[bytes]:
        s3 = self.client("s3")
        versions = s3.list_object_versions(Bucket="versions")["Versions"][:50]
        return [
            s3.get_object(Bucket="versions", Key="object", VersionId=version["VersionId"])["Body"].read()
            for version in versions
        ]

    def _temporary_objects(self) -> list[str]:
        objects = self.client("s3").list_objects_v2(Bucket="restart", Prefix="temporary/")
        return [each["Key"] for each in objects["Contents"]]

    def _temporary_functions(self) -> list[str]:
        functions = self.client("lambda").list_functions()["Functions"]
        return [each["FunctionName"] for each in functions if each["FunctionName"].startswith("temporary-")]

    def _caller(self, label: str) -> str:
        """Return the ARN of the role's session whose keys were handed out."""
        keys = self.keys[label]
        session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1")
        url = self.client("sts").meta.endpoint_url
        caller: str = session.client("sts", endpoint_url=url).get_caller_identity()["Arn"]
        return caller

    def _targets(self, rule: str) -> list[str]:
        return [target["Id"] for target in self.client("events").list_targets_by_rule(Rule=rule)["Targets"]]

    def _alarm(self) -> str:
        alarms = self.client("cloudwatch").describe_alarms(AlarmNames=["restart"])["MetricAlarms"]
        description: str = alarms[0]["AlarmDescription"]
        return description

    def _comment(self) -> str:
        machine = self.client("stepfunctions").describe_state_machine(
            stateMachineArn=arn("states", "stateMachine:changed")
        )
        comment: str = json.loads(machine["definition"])["Comment"]
        return comment

    def _endpoints(self) -> list[str]:
        pages = self.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn("sns", "restart"))
        return [subscription["Endpoint"] for page in pages for subscription in page["Subscriptions"]]

    def _log(self, stream: str) -> list[str]:
        events = self.client("logs").get_log_events(logGroupName="restart", logStreamName=stream)["events"]
        return [event["message"] for event in events]


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{resource}"


def content(s3: Any, bucket: str, key: str) -> bytes:
    body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def answers(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (ClientError, KeyError, IndexError):
        return False
