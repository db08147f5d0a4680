"""A request as SDKs send it skips LocalStack's handlers that have nothing to do for it; the answer stays the same.

Each request is sent twice: as an SDK signs it, and with the parts of its header Authorization in another order, which
LocalStack accepts as well, and which sends it through the whole chain of handlers.
"""

import gzip
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest

from localstack_plugin.gateway.handler_chain.credential_scopes import credential_scope

TIMEOUT_S = 30
LENGTH = "Content-Length"
ROLE = "arn:aws:iam::000000000000:role/plain"
PASS = json.dumps({"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}})
CHANGING = {
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}": "ID",
    r"\b[0-9A-Z]{52}\b": "ID",
    r"\d{10}\.\d+": "SECONDS",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?": "TIME",
    r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT": "DATE",
}
"""What differs between two answers to one request."""


@dataclass(frozen=True)
class Sent:
    """A request with its headers as they are on the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    def with_headers(self, **headers: str) -> "Sent":
        return replace(self, headers={**self.headers, **{name.replace("_", "-"): headers[name] for name in headers}})

    def reordered(self) -> "Sent":
        """Return the request with SignedHeaders after Signature, so that it is not plain."""
        first, signed, signature = self.headers["Authorization"].split(", ")
        other = f"{first}, {signature}, {signed}"
        assert credential_scope(self.headers["Authorization"]) is not None
        assert credential_scope(other) is None
        return replace(self, headers={**self.headers, "Authorization": other})


def prepared(service: str, operation: str, **parameters: Any) -> Sent:
    """Return the request that boto3 would send."""
    client, requests = boto3.client(service), list[AWSPreparedRequest]()

    def capture(request: AWSPreparedRequest, **_: Any) -> None:
        requests.append(request)
        raise InterruptedError  # nothing is sent

    client.meta.events.register("before-send", capture)
    with pytest.raises(InterruptedError):
        getattr(client, operation)(**parameters)
    request = requests[0]
    url = urlsplit(request.url)
    headers = {name: text(value) for name, value in request.headers.items()}
    body = request.body.read() if hasattr(request.body, "read") else request.body or b""
    return Sent(
        request.method,
        url.path + (f"?{url.query}" if url.query else ""),
        {"Host": url.netloc, **headers},
        body if isinstance(body, bytes) else body.encode(),
    )


def text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def answer(sent: Sent) -> tuple[int, list[tuple[str, str]], str]:
    """Return status, headers and body of the answer, without what differs from one answer to the next."""
    url = urlsplit(boto3.client("sts").meta.endpoint_url)
    connection = HTTPConnection(str(url.hostname), url.port or 80, timeout=TIMEOUT_S)
    try:
        connection.putrequest(sent.method, sent.target, skip_host=True, skip_accept_encoding=True)
        for name, value in {**sent.headers, LENGTH: str(len(sent.body))}.items():
            connection.putheader(name, value)
        connection.endheaders(sent.body)
        response = connection.getresponse()
        body = response.read()
        headers = sorted((name, lasting(value)) for name, value in response.getheaders() if name != LENGTH)
        length = response.getheader(LENGTH, "none")
        assert length == str(len(body)) or sent.method == "HEAD" or not body, (length, body)
        lengths = [(LENGTH, length)] if sent.method == "HEAD" else []
        return response.status, headers + lengths, lasting(body.decode("utf-8", "replace"))
    finally:
        connection.close()


def lasting(value: str) -> str:
    for pattern, name in CHANGING.items():
        value = re.sub(pattern, name, value)
    return value


@pytest.fixture(scope="module")
def bucket() -> str:
    name = f"plain-{uuid4().hex[:8]}"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="folder/a ü.txt", Body=b"text", Metadata={"color": "red"}, ContentType="text/plain")
    return name


@pytest.fixture(scope="module")
def machine() -> str:
    client = boto3.client("stepfunctions")
    arn: str = client.create_state_machine(name=f"plain-{uuid4().hex[:8]}", definition=PASS, roleArn=ROLE)[
        "stateMachineArn"
    ]
    return arn


REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "json": ("stepfunctions", "describe_state_machine", {"stateMachineArn": "MACHINE"}),
    "json that starts something": ("stepfunctions", "start_execution", {"stateMachineArn": "MACHINE", "input": "{}"}),
    "json with an error": ("stepfunctions", "describe_state_machine", {"stateMachineArn": "MACHINE-not-there"}),
    "json of a service with two protocols": ("sqs", "list_queues", {"QueueNamePrefix": "plain"}),
    "json of a shared signing name": ("dynamodb", "list_tables", {}),
    "json that the local cloud forwards": ("sagemaker", "list_models", {"MaxResults": 1}),
    "json of logs": ("logs", "describe_log_groups", {"logGroupNamePrefix": "plain"}),
    "json of events": ("events", "list_rules", {"NamePrefix": "plain"}),
    "json of parameters": ("ssm", "get_parameters", {"Names": ["plain"]}),
    "a form": ("sts", "get_caller_identity", {}),
    "a form with a list": ("iam", "list_roles", {"PathPrefix": "/plain/"}),
    "a form with an error": ("cloudformation", "describe_stacks", {"StackName": "plain-not-there"}),
    "a service with three protocols": ("cloudwatch", "describe_alarms", {"AlarmNamePrefix": "plain"}),
    "a path": ("lambda", "list_functions", {"MaxItems": 5}),
    "a path with an error": ("lambda", "invoke", {"FunctionName": "plain-not-there", "Payload": b"{}"}),
    "a path with a body that is not json": ("lambda", "invoke", {"FunctionName": "plain-not-there", "Payload": b"x"}),
    "an endpoint that is not there": ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "no", "Body": b"x"}),
    "xml": ("s3", "list_objects_v2", {"Bucket": "BUCKET", "MaxKeys": 2, "Prefix": "folder/"}),
    "xml of a bucket": ("s3", "get_bucket_location", {"Bucket": "BUCKET"}),
    "an object": ("s3", "get_object", {"Bucket": "BUCKET", "Key": "folder/a ü.txt"}),
    "a part of an object": ("s3", "get_object", {"Bucket": "BUCKET", "Key": "folder/a ü.txt", "Range": "bytes=1-2"}),
    "an object that is not there": ("s3", "get_object", {"Bucket": "BUCKET", "Key": "not/there"}),
    "an object with two slashes": ("s3", "get_object", {"Bucket": "BUCKET", "Key": "not//there"}),
    "xml of an account": ("s3control", "get_public_access_block", {"AccountId": "000000000000"}),
    "attributes of an object": (
        "s3",
        "get_object_attributes",
        {"Bucket": "BUCKET", "Key": "folder/a ü.txt", "ObjectAttributes": ["ETag", "ObjectSize"]},
    ),
    "the head of an object": ("s3", "head_object", {"Bucket": "BUCKET", "Key": "folder/a ü.txt"}),
    "an object to write": (
        "s3",
        "put_object",
        {"Bucket": "BUCKET", "Key": "written", "Body": b"text", "Metadata": {"size": "1"}, "ContentMD5": None},
    ),
    "objects to delete": ("s3", "delete_objects", {"Bucket": "BUCKET", "Delete": {"Objects": [{"Key": "none"}]}}),
    "an object to delete": ("s3", "delete_object", {"Bucket": "BUCKET", "Key": "none"}),
    "a bucket that is not there": ("s3", "list_objects_v2", {"Bucket": "plain-not-there"}),
}

FORMS: dict[str, Callable[[Sent], Sent]] = {
    "as an SDK sends it": lambda sent: sent,
    "from a page": lambda sent: sent.with_headers(Origin="http://localhost:3000"),
    "from a page that is named": lambda sent: sent.with_headers(Referer="http://localhost:3000/page"),
    "before a page's request": lambda sent: replace(sent, method="OPTIONS", body=b"").with_headers(
        Origin="http://localhost:3000", Access_Control_Request_Method="POST"
    ),
    "without a page": lambda sent: replace(sent, method="OPTIONS", body=b""),
    "compressed": lambda sent: replace(sent, body=gzip.compress(sent.body, mtime=0)).with_headers(
        Content_Encoding="gzip"
    ),
    "to an unknown region": lambda sent: in_scope(sent, "us-east-1", "mars-1"),
    "to another region": lambda sent: in_scope(sent, "us-east-1", "eu-west-1"),
    "from another account": lambda sent: in_scope(sent, "=test/", "=123456789012/"),
    "from a key of AWS": lambda sent: in_scope(sent, "=test/", "=AKIAIOSFODNN7EXAMPLE/"),
    "of an unknown service": lambda sent: replace(sent, headers={**sent.headers, "Authorization": unknown(sent)}),
    "marked as a service's own": lambda sent: sent.with_headers(X_LocalStack_Data="not valid"),
    "to a page of LocalStack's": lambda sent: replace(sent, method="GET", target="/_localstack/health", body=b""),
    "to no page of LocalStack's": lambda sent: replace(sent, method="GET", target="/_localstack/none", body=b""),
    "to a route": lambda sent: replace(sent, method="GET", target="/_aws/lambda/init", body=b""),
    "to a host of websites": lambda sent: sent.with_headers(Host="plain.s3-website.localhost.localstack.cloud"),
    "to a host of functions": lambda sent: sent.with_headers(Host="plain.lambda-url.us-east-1.localhost"),
    "to a host of buckets": lambda sent: sent.with_headers(Host="plain.s3.localhost.localstack.cloud"),
    "with slashes": lambda sent: replace(sent, target="/" + sent.target),
    "as a form": lambda sent: sent.with_headers(Content_Type="application/x-www-form-urlencoded"),
    "without a type": lambda sent: sent.with_headers(Content_Type=""),
    "as text": lambda sent: sent.with_headers(Accept="application/json, text/plain; q=0.5"),
    "with an operation that there is not": lambda sent: sent.with_headers(X_Amz_Target="AWSStepFunctions.None"),
    "with a part of a signature in the query": lambda sent: replace(sent, target=sent.target + "?X-Amz-Date=1"),
}


def in_scope(sent: Sent, old: str, new: str) -> Sent:
    return sent.with_headers(Authorization=sent.headers["Authorization"].replace(old, new))


def unknown(sent: Sent) -> str:
    return re.sub(r"/[\w-]+/aws4_request", "/unknown/aws4_request", sent.headers["Authorization"])


def named(request: str, bucket: str, machine: str) -> Sent:
    service, operation, parameters = REQUESTS[request]
    names = {"BUCKET": bucket, "MACHINE": machine, "MACHINE-not-there": machine + "-not-there"}
    known = {key: names.get(value, value) if isinstance(value, str) else value for key, value in parameters.items()}
    return prepared(service, operation, **{key: value for key, value in known.items() if value is not None})


@pytest.mark.parametrize("request_name", REQUESTS)
def test_a_request_has_the_answer_of_the_whole_chain(request_name: str, bucket: str, machine: str) -> None:
    sent = named(request_name, bucket, machine)
    assert answer(sent) == answer(sent.reordered())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("request_name", ["json", "a form", "a path", "an object", "a service with three protocols"])
def test_a_request_in_a_rare_form_has_the_answer_of_the_whole_chain(
    request_name: str, form: str, bucket: str, machine: str
) -> None:
    sent = FORMS[form](named(request_name, bucket, machine))
    assert answer(sent) == answer(sent.reordered())


def test_a_form_is_told_from_json_where_a_service_takes_both() -> None:
    """The signing name does not tell which: LocalStack has a model of SQS for each."""
    form = in_scope(prepared("sts", "get_caller_identity"), "/sts/", "/sqs/")
    sent = replace(form, body=b"Action=ListQueues&Version=2012-11-05&QueueNamePrefix=plain")
    assert answer(sent) == answer(sent.reordered())
    assert "<ListQueuesResponse" in answer(sent)[2]


def test_an_account_sees_its_own_resources_only(machine: str) -> None:
    sent = prepared("stepfunctions", "list_state_machines")
    assert machine in answer(sent)[2]
    assert machine not in answer(in_scope(sent, "=test/", "=123456789012/"))[2]


def test_a_page_may_read_the_answer(machine: str) -> None:
    sent = prepared("stepfunctions", "describe_state_machine", stateMachineArn=machine)
    origin = "http://localhost:3000"
    _, headers, _ = answer(sent.with_headers(Origin=origin))
    assert ("Access-Control-Allow-Origin", origin) in headers
