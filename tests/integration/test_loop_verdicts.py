"""Which requests and executions the plugin's event loop gets, and which have threads because they might block it."""

import json
from itertools import compress
from typing import Any

import pytest
from tests.integration.localstack_programs import run_in_localstack

Verdicts = dict[str, Any]
States = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def _aws_is_the_cloud() -> None:
    """Keep the cloud that all other tests share from being started."""


@pytest.fixture(scope="session", autouse=True)
def _roles_of_sagemaker() -> None:
    """See above."""


SDK = {
    "Host": "localhost:4566",
    "X-Amz-Target": "AWSStepFunctions.StartExecution",
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20261128/us-east-1/states/aws4_request, SignedHeaders=host, "
    "Signature=0af9",
    "Content-Length": "131072",
}


def head(method: str = "POST", target: str = "/", expects_continue: bool = False, **headers: str | None) -> list[Any]:
    """Return an SDK's head with other headers (`a_b` is `a-b`), or without those that are None."""
    fields = SDK | {name.replace("_", "-"): value for name, value in headers.items()}
    return [method, target, [(name, value) for name, value in fields.items() if value is not None], expects_continue]


def lower(case: list[Any]) -> list[Any]:
    return [*case[:2], [(name.lower(), value) for name, value in case[2]], case[3]]


def read(method: str = "GET", target: str = "/bucket/key", **headers: str | None) -> list[Any]:
    """Return an SDK's head that asks for an object."""
    own = {
        "Authorization": SDK["Authorization"].replace("/states/", "/s3/"),
        "X_Amz_Target": None,
        "Content_Type": None,
        "Content_Length": None,
    }
    return head(method, target, False, **(own | headers))


QUICK = {
    "start": head(),
    "describe": head(X_Amz_Target="AWSStepFunctions.DescribeExecution"),
    "list": head(X_Amz_Target="AWSStepFunctions.ListExecutions"),
    "lower case": lower(head()),
    "no body": head(Content_Length="0"),
    "other host": head(Host="states.us-east-1.localhost.localstack.cloud:4566"),
    "no host": head(Host=None),
    "object": read(),
    "object's head": read("HEAD"),
    "object, lower case": lower(read()),
    "object with slashes in its name": read(target="/bucket/a/b//c/"),
    "object with other letters in its name": read(target="/bucket/%C3%A4%20%3Fa=b"),
    "object with the operation's name": read(target="/bucket/key?x-id=GetObject"),
    "object's head with the operation's name": read("HEAD", "/bucket/key?x-id=HeadObject"),
    "range of an object": read(Range="bytes=0-9"),
    "object if it has changed": read(If_None_Match='"0af9"'),
    "object without a body": read(Content_Length="0"),
    "object with a name of one slash": read(target="/bucket//"),
    "empty object": read(target="/bucket/empty"),
    "largest small object": read(target="/bucket/small"),
    "bucket that is no queue's account": read(target="/12345678901/key"),
}
NOT_QUICK = {
    "GET": head("GET"),
    "OPTIONS": head("OPTIONS"),
    "path": head(target="/bucket"),
    "query": head(target="/?X-Amz-Signature=0af9"),
    "absolute target": head(target="http://localhost/"),
    "expects continue": head(expects_continue=True),
    "synchronous": head(X_Amz_Target="AWSStepFunctions.StartSyncExecution"),
    "create": head(X_Amz_Target="AWSStepFunctions.CreateStateMachine"),
    "stop": head(X_Amz_Target="AWSStepFunctions.StopExecution"),
    "history": head(X_Amz_Target="AWSStepFunctions.GetExecutionHistory"),
    "other case": head(X_Amz_Target="awsstepfunctions.startexecution"),
    "other service": head(X_Amz_Target="AWSEvents.ListExecutions"),
    "no target": head(X_Amz_Target=None),
    "unsigned": head(Authorization=None),
    "signed for Lambda": head(Authorization=SDK["Authorization"].replace("/states/", "/lambda/")),
    "signed in another way": head(Authorization=SDK["Authorization"].replace("aws4_request", "aws")),
    "basic": head(Authorization="Basic dXNlcg=="),
    "chunked": head(Transfer_Encoding="chunked", Content_Length=None),
    "chunked with a length": head(Transfer_Encoding="chunked"),
    "compressed": head(Content_Encoding="gzip"),
    "long": head(Content_Length="131073"),
    "very long": head(Content_Length="0" * 5000 + "1"),
    "no length": head(Content_Length=None),
    "bad length": head(Content_Length="-1"),
    "other digits": head(Content_Length="٣"),
    "function URL": head(Host="x0.lambda-url.us-east-1.localhost.localstack.cloud:4566"),
    "function URL in capitals": head(Host="X0.LAMBDA-URL.us-east-1.localhost.localstack.cloud:4566"),
    "website": head(Host="bucket.s3-website.localhost.localstack.cloud:4566"),
    "REST API": head(Host="x0.execute-api.localhost.localstack.cloud:4566"),
    "buckets": read(target="/"),
    "bucket": read(target="/bucket"),
    "bucket with a slash": read(target="/bucket/"),
    "bucket that does not exist": read(target="/other/key"),
    "object that does not exist": read(target="/bucket/other"),
    "object that has been deleted": read(target="/bucket/deleted"),
    "large object": read(target="/bucket/large"),
    "object of the bucket that the host names": read(Host="b.s3.localhost.localstack.cloud:4566", target="/key"),
    "bucket's list": read(target="/bucket?list-type=2"),
    "bucket's list with a slash": read(target="/bucket/?list-type=2&prefix=a/b"),
    "object's tags": read(target="/bucket/key?tagging"),
    "parts of an upload": read(target="/bucket/key?uploadId=1"),
    "version of an object": read(target="/bucket/key?versionId=1"),
    "object and another parameter": read(target="/bucket/key?x-id=GetObject&acl"),
    "presigned object": read(target="/bucket/key?X-Amz-Signature=0af9", Authorization=None),
    "unsigned object": read(Authorization=None),
    "object signed for another service": read(Authorization=SDK["Authorization"]),
    "object that is written": read("PUT"),
    "object that is deleted": read("DELETE"),
    "object that is posted": read("POST"),
    "object with a body": read(Content_Length="1"),
    "object with a chunked body": read(Transfer_Encoding="chunked"),
    "object with a target": read(X_Amz_Target="AWSStepFunctions.StartExecution"),
    "object of a website": read(Host="bucket.s3-website.localhost.localstack.cloud:4566"),
    "S3 Control": read(target="/v20180820/jobs"),
    "queue": read(target="/000000000000/queue"),
    "queue with the name of an operation": read(target="/000000000000/queue?x-id=GetObject"),
    "queue without a host": read(target="/000000000000/queue", Host=None),
    "absolute target of an object": read(target="http://localhost/bucket/key"),
}
OBJECTS = [
    *(("bucket", name, 1) for name in ("key", "/", "a/b//c/", "ä ?a=b")),
    ("bucket", "empty", 0),
    ("bucket", "small", 32768),
    ("bucket", "large", 32769),
    ("bucket", "deleted", None),
    *(("12345678901", "key", 1), ("000000000000", "queue", 1), ("v20180820", "jobs", 1)),
]

INVOKE = "arn:aws:states:::lambda:invoke"
RETRY = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 2}
CATCH = {"ErrorEquals": ["States.ALL"], "Next": "End", "ResultPath": "$.error"}
END = {"Type": "Succeed"}


def task(resource: str = INVOKE, **more: object) -> States:
    parameters = {"FunctionName": "f", "Payload.$": "$"}
    return {"Task": {"Type": "Task", "Resource": resource, "Parameters": parameters, "Next": "End", **more}, "End": END}


def passes(**more: object) -> States:
    return {"Pass": {"Type": "Pass", "End": True, **more}}


def choice(**rule: object) -> States:
    return {"Choice": {"Type": "Choice", "Choices": [{"Next": "End", **rule}], "Default": "End"}, "End": END}


def machine(states: States, **more: object) -> str:
    return json.dumps({"StartAt": next(iter(states)), "States": states, **more})


def both(first: States, then: States) -> States:
    """Return states of which the last leads to others."""
    name, last = list(first.items())[-1]
    without_end = {key: value for key, value in last.items() if key != "End"}
    return {**first, name: {**without_end, "Type": "Pass", "Next": next(iter(then))}, **then}


BRANCH = {"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "End": True}}}
PLAIN = {
    "task": machine(task()),
    "retried and caught": machine(task(Retry=[RETRY], Catch=[CATCH])),
    "paths": machine(task(InputPath="$.a", ResultPath="$.b[0]", OutputPath="$.b", ResultSelector={"c.$": "$.Payload"})),
    "other parameters": machine(task(Parameters={"FunctionName.$": "$.name", "Qualifier": "live"})),
    "JSONPath by name": machine(task(), QueryLanguage="JSONPath"),
    "variables": machine(passes(Assign={"a.$": "$.b"})),
    "pass": machine(passes(Result={"a": 1}, ResultPath="$.a")),
    "choice": machine(
        choice(And=[{"Variable": "$.a[0]", "IsPresent": True}, {"Not": {"Variable": "$.b", "IsNull": True}}])
    ),
    "fail": machine({"Fail": {"Type": "Fail", "ErrorPath": "$.a", "CausePath": "States.Format('{}', $.b)"}}),
    "time limit of the execution": machine(task(), TimeoutSeconds=60),
    "question": machine(task(), Comment="Is it plain?"),
    "wildcard": machine(passes(InputPath="$.a[*].b")),
}
NOT_PLAIN = {
    "wait": machine({"Wait": {"Type": "Wait", "Seconds": 0, "End": True}}),
    "map": machine({"Map": {"Type": "Map", "ItemProcessor": BRANCH, "End": True}}),
    "parallel": machine({"Parallel": {"Type": "Parallel", "Branches": [BRANCH], "End": True}}),
    "a wait after others": machine(both(passes(), {"Wait": {"Type": "Wait", "Seconds": 0, "End": True}})),
    "function by its ARN": machine(task("arn:aws:lambda:us-east-1:000000000000:function:f", Parameters={})),
    "callback": machine(
        task(INVOKE + ".waitForTaskToken", Parameters={"FunctionName": "f", "Payload": {"t.$": "$$.Task.Token"}})
    ),
    "activity": machine(task("arn:aws:states:us-east-1:000000000000:activity:a", Parameters={})),
    "other service": machine(
        task("arn:aws:states:::sqs:sendMessage", Parameters={"QueueUrl": "q", "MessageBody": "m"})
    ),
    "SDK": machine(task("arn:aws:states:::aws-sdk:lambda:invoke")),
    "other execution": machine(
        task("arn:aws:states:::states:startExecution.sync:2", Parameters={"StateMachineArn": "m"})
    ),
    "time limit": machine(task(TimeoutSeconds=60)),
    "time limit by a path": machine(task(TimeoutSecondsPath="$.a")),
    "heartbeat": machine(task(HeartbeatSeconds=30, TimeoutSeconds=60)),
    "heartbeat alone": machine(task(HeartbeatSeconds=30)),
    "heartbeat by a path": machine(task(HeartbeatSecondsPath="$.a")),
    "JSONata": machine(passes(), QueryLanguage="JSONata"),
    "a state in JSONata": machine(
        both(passes(), {"Last": {"Type": "Succeed", "QueryLanguage": "JSONata", "Output": "{% 1 %}"}})
    ),
    "descent": machine(passes(InputPath="$..a")),
    "descent in parameters": machine(passes(Parameters={"a": {"b.$": "States.ArrayLength($..a)"}})),
    "descent in a choice": machine(choice(Variable="$.a..b", IsPresent=True)),
    "descent in a catcher": machine(task(ResultSelector={"a.$": "$.Payload..b"})),
    "escaped descent": machine(passes(Parameters={"a.$": "$..b"})).replace("..", "\\u002e."),
    "filter": machine(passes(InputPath="$.a[?(@.b == 1)]")),
    "filter with spaces": machine(passes(InputPath="$.a[ ? (@.b == 1)]")),
    "filter with a tab": machine(passes(Parameters={"c.$": "$.a[\t?(@.b == 1)]"})),
    "filter without parentheses": machine(passes(Parameters={"c.$": "$.a[?@.b]"})),
    "escaped filter": machine(passes(Parameters={"c.$": "$.a[?(@.b == 1)]"})).replace("?(", "\\u003f\\u0028"),
    "filter in an intrinsic function": machine(passes(Parameters={"c.$": "States.ArrayLength($.a[?(@.b)])"})),
}


@pytest.fixture(scope="module")
def verdicts() -> Verdicts:
    cases = {
        "heads": [*QUICK.values(), *NOT_QUICK.values()],
        "objects": OBJECTS,
        "definitions": [*PLAIN.values(), *NOT_PLAIN.values()],
    }
    result: Verdicts = json.loads(run_in_localstack("loop_verdicts.py", given=json.dumps(cases)))
    return result


@pytest.mark.parametrize("name", [*QUICK, *NOT_QUICK])
def test_only_requests_for_executions_and_objects_are_quick(name: str, verdicts: Verdicts) -> None:
    position = [*QUICK, *NOT_QUICK].index(name)
    assert verdicts["heads"]["RUNNING"][position] is (name in QUICK)


def test_no_request_is_quick_unless_its_service_is_loaded(verdicts: Verdicts) -> None:
    assert {state for state, heads in verdicts["heads"].items() if any(heads)} == {"RUNNING"}
    methods = [method for method, *_ in QUICK.values()]
    quick = {service: set(compress(methods, heads)) for service, heads in verdicts["alone"].items()}
    assert quick == {"stepfunctions": {"POST"}, "s3": {"GET", "HEAD"}}


def test_an_answer_is_at_hand_when_its_body_is_in_memory(verdicts: Verdicts) -> None:
    assert verdicts["at hand"] == [True, True, False]


@pytest.mark.parametrize("name", [*PLAIN, *NOT_PLAIN])
def test_only_machines_that_never_block_are_plain(name: str, verdicts: Verdicts) -> None:
    position = [*PLAIN, *NOT_PLAIN].index(name)
    assert verdicts["definitions"][position] is (name in PLAIN)


def test_the_machine_that_was_not_asked_for_longest_is_forgotten(verdicts: Verdicts) -> None:
    unlearned, first, second, *others = verdicts["remembered"]
    assert (unlearned, first, second) == (None, True, None)
    assert set(others) == {True}


def test_later_executions_of_a_plain_machine_run_on_the_loop_and_all_others_in_threads(verdicts: Verdicts) -> None:
    assert verdicts["places"] == [False, True, False, False, False]
