"""What Lambda's API refuses and answers."""

import io
import json
import re
import zipfile
from base64 import b64decode, b64encode
from functools import partial
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.integration.lambda_functions import ROLE, Deploy, Function, archive
from tests.waiting import until

ECHO = "def lambda_handler(event, context):\n    return event\n"
LENGTH = "def lambda_handler(event, context):\n    print('ran')\n    return len(event)\n"


@pytest.mark.parametrize(
    ("kind", "payload", "code", "status"),
    [
        ("RequestResponse", b'"' + b"a" * 6_291_456 + b'"', "RequestTooLargeException", 413),
        ("Event", b'"' + b"a" * 1_048_576 + b'"', "RequestTooLargeException", 413),
        ("RequestResponse", b"{'single': 'quotes'}", "InvalidRequestContentException", 400),
        ("Event", b"not json", "InvalidRequestContentException", 400),
    ],
)
def test_a_payload_that_aws_refuses_does_not_reach_the_function(
    deploy: Deploy, kind: str, payload: bytes, code: str, status: int
) -> None:
    function = deploy(LENGTH)
    with pytest.raises(ClientError) as refused:
        function.client.invoke(FunctionName=function.name, InvocationType=kind, Payload=payload)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert function.invoke("a" * 5_000_000).payload == 5_000_000


@pytest.mark.parametrize("operation", ["create", "update"])
def test_reserved_variables_are_refused(deploy: Deploy, operation: str) -> None:
    environment = {"Variables": {"AWS_REGION": "eu-west-3", "THRESHOLD": "0.8", "_HANDLER": "x"}}
    message = r"contains reserved keys .* Reserved keys used in this request: AWS_REGION, _HANDLER$"
    function = deploy(ECHO, Environment={"Variables": {"THRESHOLD": "0.8"}})
    update = partial(function.client.update_function_configuration, FunctionName=function.name)
    attempt = {"update": update, "create": partial(deploy, ECHO)}[operation]
    with pytest.raises(ClientError, match=message) as refused:
        attempt(Environment=environment)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"


def test_the_code_of_a_function_can_be_downloaded(deploy: Deploy) -> None:
    function = deploy(ECHO)
    location = function.client.get_function(FunctionName=function.name)["Code"]["Location"]
    with urlopen(location) as answer, zipfile.ZipFile(io.BytesIO(answer.read())) as code:
        assert ECHO in [code.read(name).decode() for name in code.namelist()]
    with pytest.raises(HTTPError, match="403"):
        urlopen(re.sub("Signature=..", "Signature=00", location))


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (
            {"Timeout": 901},
            r"1 validation error detected: Value '901' at 'timeout' failed .* less than or equal to 900",
        ),
        ({"MemorySize": 10_241}, "'memorySize' .* value less than or equal to 10240"),
        ({"EphemeralStorage": {"Size": 10_241}}, r"'ephemeralStorage\.size' .* value less than or equal to 10240"),
        ({"Description": "x" * 257}, "'description' .* length less than or equal to 256"),
        ({"Handler": "x" * 129}, "'handler' .* length less than or equal to 128"),
        ({"Handler": "a b"}, "'handler' .* regular expression pattern"),
        ({"TracingConfig": {"Mode": "No"}}, r"'tracingConfig\.mode' .* enum value set: \[Active, PassThrough\]"),
        ({"DeadLetterConfig": {"TargetArn": "no"}}, r"'deadLetterConfig\.targetArn' .* pattern"),
        (
            {"Environment": {"Variables": {"1A": "x"}}},
            r"'\{1A=x\}' at 'environment\.variables' .* Map keys must satisfy",
        ),
        ({"Timeout": 901, "Runtime": "java21"}, "^An error .*: 1 validation error detected: .*'timeout'"),
        ({"Timeout": 901, "Handler": "a b"}, "^An error .*: 2 validation errors detected: .*'handler'.*; .*'timeout'"),
    ],
)
def test_values_beyond_the_limits_of_lambda_are_refused(
    deploy: Deploy, configuration: dict[str, object], message: str
) -> None:
    function = deploy(ECHO)
    update = partial(function.client.update_function_configuration, FunctionName=function.name)
    for attempt in (partial(deploy, ECHO), update):
        with pytest.raises(ClientError, match=message) as refused:
            attempt(**configuration)
        assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_an_invocation_of_what_does_not_exist_is_refused(deploy: Deploy) -> None:
    function = deploy(ECHO)
    for qualifier in ("7", "alias"):
        with pytest.raises(ClientError, match=f"Function not found: .*:{function.name}:{qualifier}") as refused:
            function.client.invoke(FunctionName=function.name, Qualifier=qualifier)
        assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError, match=r"at 'invocationType' failed .* enum value set: \["):
        function.client.invoke(FunctionName=function.name, InvocationType="Maybe")
    with pytest.raises(ClientError, match="Please provide a source for function code"):
        function.client.create_function(
            FunctionName="none", Role=ROLE, Runtime="python3.11", Handler="app.lambda_handler", Code={}
        )


def test_the_log_result_begins_with_start_and_has_the_last_four_kilobytes(deploy: Deploy) -> None:
    function = deploy("print('loading')\ndef lambda_handler(event, context):\n    print('x' * event)\n")
    cold, long = function.invoke(1).log, function.invoke(10_000).log
    assert cold.startswith("START RequestId: ")
    assert "Init Duration: " in cold
    assert len(long) == 4096
    assert long.startswith("x")


def test_layers_are_merged_in_opt_and_can_be_imported(deploy: Deploy) -> None:
    client = boto3.client("lambda")

    def layer(name: str, files: dict[str, str]) -> str:
        published = client.publish_layer_version(LayerName=name, Content={"ZipFile": archive(files)})
        arn: str = published["LayerVersionArn"]
        return arn

    first = layer("first", {"python/one.py": "NAME = 'one'", "python/both.py": "NAME = 'first'", "data/file": "first"})
    versioned = "python/lib/python3.11/site-packages/two.py"
    second = layer("second", {versioned: "NAME = 'two'", "python/both.py": "NAME = 'second'"})
    code = "import both, one, two\ndef lambda_handler(event, context):\n    import sys, os\n"
    code += "    with open(os.environ.get('OPT', '/opt') + '/data/file') as file:\n"
    code += "        return [one.NAME, two.NAME, both.NAME, file.read(), sys.path[:4]]\n"
    function = deploy(code, Layers=[first, second])
    *names, path = function.invoke().payload
    assert names == ["one", "two", "second", "first"]
    assert path == ["/var/task", "/opt/python/lib/python3.11/site-packages", "/opt/python", "/var/runtime"]
    function.client.update_function_configuration(FunctionName=function.name, Layers=[first])
    function.wait()
    assert function.invoke().payload["errorType"] == "Runtime.ImportModuleError"


def test_a_function_has_awss_modules_and_no_others(deploy: Deploy) -> None:
    code = """
from importlib import import_module

def lambda_handler(event, context):
    missing = []
    for name in event:
        try:
            import_module(name)
        except ImportError:
            missing.append(name)
    return missing
"""
    provided = ["boto3", "botocore", "urllib3", "dateutil", "jmespath", "s3transfer", "six", "sqlite3", "awslambdaric"]
    others = ["localstack", "requests", "yaml", "cryptography", "moto", "werkzeug", "psutil", "localstack_plugin"]
    assert deploy(code).invoke([*provided, *others]).payload == others


@pytest.mark.parametrize("runtime", ["python3.10", "python3.12", "python3.13", "python3.14"])
def test_a_runtime_is_run_by_its_python_or_the_log_says_once_which_one(deploy: Deploy, runtime: str) -> None:
    code = "import sys, os, boto3\ndef lambda_handler(event, context):\n"
    code += "    return ['python%d.%d' % sys.version_info[:2], os.environ['AWS_EXECUTION_ENV']]\n"
    function = deploy(code, Runtime=runtime)
    python, execution_environment = function.invoke().payload
    assert execution_environment == f"AWS_Lambda_{python}"
    logs = boto3.client("logs")

    def lines() -> str:
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function.name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return ""
        return "".join(event["message"] for event in events)

    log = until(lines, "the log")
    assert re.search(rf"INIT_START Runtime Version: {python.replace('python', 'python:')}\.\d+", log)
    assert log.count(f"runs this function of the runtime {runtime}") == (python != runtime)


def test_a_function_url_resolves_and_the_event_has_awss_path(deploy: Deploy) -> None:
    code = "import json\ndef lambda_handler(event, context):\n    keys = 'rawPath', 'rawQueryString', 'body'\n"
    code += "    return {'statusCode': 201, 'headers': {'x-own': 'yes'}, 'body': json.dumps([event[k] for k in keys"
    code += " if k in event] + [event['requestContext']['http']['method']])}\n"
    function = deploy(code)
    url = function.client.create_function_url_config(FunctionName=function.name, AuthType="NONE")["FunctionUrl"]
    with urlopen(Request(f"{url}a/b?c=d", b"text", {"Content-Type": "text/plain"})) as answer:
        assert (answer.status, answer.headers["x-own"]) == (201, "yes")
        assert json.load(answer) == ["/a/b", "c=d", "text", "POST"]
    with urlopen(url) as answer:
        assert json.load(answer)[:2] == ["/", ""]
    with pytest.raises(HTTPError, match="403"):
        urlopen(url.rstrip("/") + "x/")


def test_cookies_reach_a_function_by_its_url_and_come_back(deploy: Deploy) -> None:
    answered = "{'cookies': ['c=3', 'd=4; Secure'], 'body': str(event['cookies'])}"
    code = f"def lambda_handler(event, context):\n    return {answered}\n"
    function = deploy(code)
    url = function.client.create_function_url_config(FunctionName=function.name, AuthType="NONE")["FunctionUrl"]
    with urlopen(Request(url, headers={"Cookie": "a=1; b=2"})) as answer:
        assert answer.headers.get_all("Set-Cookie") == ["c=3", "d=4; Secure"]
        assert answer.read() == b"['a=1', 'b=2']"


def test_a_function_has_the_client_context(deploy: Deploy) -> None:
    code = "def lambda_handler(event, context):\n    return context.client_context and context.client_context.custom\n"
    function = deploy(code)
    client_context = b64encode('{"custom": {"é": 1}}'.encode()).decode()
    answer = function.client.invoke(FunctionName=function.name, ClientContext=client_context)
    assert json.load(answer["Payload"]) == {"é": 1}
    assert function.invoke().payload is None


def test_a_function_of_python_3_14_can_be_created_and_an_unknown_one_cannot(deploy: Deploy) -> None:
    client = boto3.client("lambda")
    assert client.get_function_configuration(FunctionName=deploy(ECHO, Runtime="python3.14").name)["State"] == "Active"
    with pytest.raises(ClientError, match=r"enum value set: .*python3\.14"):
        client.create_function(
            FunctionName="unknown", Runtime="python3.99", Role=ROLE, Handler="a.b", Code={"ZipFile": archive(ECHO)}
        )


def streamed(function: Function, event: object, **options: str) -> list[dict[str, Any]]:
    answer = function.client.invoke_with_response_stream(
        FunctionName=function.name, Payload=json.dumps(event), **options
    )
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    return list(answer["EventStream"])


def test_an_answer_is_streamed_in_events(deploy: Deploy) -> None:
    code = "def lambda_handler(event, context):\n    print('ran')\n    return 'é' * event\n"
    function = deploy(code)
    chunk, complete = streamed(function, 300_000, LogType="Tail")
    assert json.loads(chunk["PayloadChunk"]["Payload"]) == "é" * 300_000
    assert complete.keys() == {"InvokeComplete"}
    assert complete["InvokeComplete"].keys() == {"LogResult"}
    assert "ran" in b64decode(complete["InvokeComplete"]["LogResult"]).decode()
    assert streamed(function, 0)[1] == {"InvokeComplete": {}}


def test_an_error_of_the_function_is_in_the_last_event(deploy: Deploy) -> None:
    function = deploy("def lambda_handler(event, context):\n    raise ValueError(event)\n")
    chunk, complete = streamed(function, "no")
    details = json.loads(complete["InvokeComplete"]["ErrorDetails"])
    assert (complete["InvokeComplete"]["ErrorCode"], details["errorType"]) == ("Unhandled", "ValueError")
    assert json.loads(chunk["PayloadChunk"]["Payload"]) == details


def test_a_stream_is_refused_as_an_invocation_is(deploy: Deploy) -> None:
    function = deploy(LENGTH)
    dry = function.client.invoke_with_response_stream(FunctionName=function.name, InvocationType="DryRun")
    assert (dry["StatusCode"], list(dry["EventStream"])) == (204, [])
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        function.client.invoke_with_response_stream(FunctionName=function.name, Payload=b"not json")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        function.client.invoke_with_response_stream(FunctionName="absent")
    with pytest.raises(ClientError, match="ValidationException"):
        function.client.invoke_with_response_stream(FunctionName=function.name, LogType="All")
