"""Lambda functions as processes keep AWS's promises about execution environments, seen through the public API."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError
from tests.integration.conftest import CLOUD
from tests.integration.lambda_functions import Deploy, archive
from tests.integration.s3_bucket import Bucket
from tests.integration.s3_bucket import bucket as bucket
from tests.integration.s3_bucket import s3 as s3
from tests.waiting import until


def test_a_function_gets_its_event_and_returns_its_answer(deploy: Deploy) -> None:
    function = deploy("def lambda_handler(event, context):\n    return {'got': event, 'of': context.function_name}\n")
    answer = function.invoke({"a": ["ü", 1.5, None]})
    assert answer.payload == {"got": {"a": ["ü", 1.5, None]}, "of": function.name}
    assert answer.error is None


def test_a_warm_environment_keeps_its_global_state(deploy: Deploy) -> None:
    function = deploy("seen = []\ndef lambda_handler(event, context):\n    seen.append(event)\n    return seen\n")
    assert [function.invoke(n).payload for n in range(3)] == [[0], [0, 1], [0, 1, 2]]


def test_the_log_has_lambdas_lines_and_only_a_cold_start_reports_init(deploy: Deploy) -> None:
    function = deploy("print('loading')\ndef lambda_handler(event, context):\n    print('working')\n")
    cold, warm = function.invoke().log.splitlines(), function.invoke().log.splitlines()
    assert [line.split(" ")[0] for line in cold] == ["START", "working", "END", "REPORT"]
    assert "Init Duration:" in cold[-1]
    assert [line.split(" ")[0] for line in warm] == ["START", "working", "END", "REPORT"]
    assert "Init Duration:" not in warm[-1]


def test_the_log_arrives_in_cloudwatch_with_the_initialization(deploy: Deploy) -> None:
    function = deploy("print('loading')\ndef lambda_handler(event, context):\n    print('a line for the log')\n")
    function.invoke()
    logs = boto3.client("logs")

    def messages() -> list[str]:
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function.name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events]

    logged = until(messages, "log events")
    assert logged[0].startswith("INIT_START Runtime Version: python:3.")
    assert {"loading\n", "a line for the log\n"} <= set(logged)
    assert any(message.startswith("REPORT RequestId: ") for message in logged)


def test_an_exception_is_answered_with_its_class_name(deploy: Deploy) -> None:
    function = deploy(
        "class TooUnsure(Exception): pass\ndef lambda_handler(event, context):\n    raise TooUnsure('0.3 < 0.8')\n"
    )
    answer = function.invoke()
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "TooUnsure"
    assert answer.payload["errorMessage"] == "0.3 < 0.8"
    assert "raise TooUnsure" in answer.payload["stackTrace"][-1]
    assert "[ERROR] TooUnsure: 0.3 < 0.8" in answer.log


def test_an_import_error_names_the_module(deploy: Deploy) -> None:
    function = deploy("import no_such_package\n")
    answers = [function.invoke(), function.invoke()]
    assert {answer.payload["errorType"] for answer in answers} == {"Runtime.ImportModuleError"}
    assert "No module named 'no_such_package'" in answers[0].payload["errorMessage"]
    assert "Runtime.ImportModuleError" in answers[0].log


def test_a_task_that_times_out_is_ended_and_the_next_one_works(deploy: Deploy) -> None:
    function = deploy(
        "import threading\ndef lambda_handler(event, context):\n    threading.Event().wait(event)\n    return 'done'\n",
        Timeout=4,
    )
    answer = function.invoke(60)
    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Sandbox.Timedout"
    assert answer.payload["errorMessage"].endswith("Error: Task timed out after 4.00 seconds")
    assert "Status: timeout" in answer.log
    assert function.invoke(0).payload == "done"


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
def test_a_process_that_ends_is_a_runtime_exit_error(deploy: Deploy, how: str, reason: str) -> None:
    function = deploy(f"import os\ndef lambda_handler(event, context):\n    if event == 'die':\n        {how}\n")
    answer = function.invoke("die")
    assert answer.payload["errorType"] == "Runtime.ExitError"
    assert answer.payload["errorMessage"].endswith(f"Error: {reason}")
    assert function.invoke("live").error is None


def test_an_answer_over_six_megabytes_is_refused(deploy: Deploy) -> None:
    function = deploy("def lambda_handler(event, context):\n    return 'x' * event\n")
    assert function.invoke(7_000_000).payload["errorType"] == "Function.ResponseSizeTooLarge"
    assert len(function.invoke(5_000_000).payload) == 5_000_000


def test_concurrent_invocations_each_get_their_own_environment(deploy: Deploy, bucket: Bucket) -> None:
    # each waits until all four run: a fixed time could be shorter than the start of an environment
    code = (
        "import boto3, time, uuid",
        "own, s3 = str(uuid.uuid4()), boto3.client('s3')",
        "def lambda_handler(bucket, context):",
        "    s3.put_object(Bucket=bucket, Key='running/' + own)",
        "    while s3.list_objects_v2(Bucket=bucket, Prefix='running/')['KeyCount'] < 4:",
        "        time.sleep(0.1)",
        "    return own\n",
    )
    function = deploy("\n".join(code), Timeout=60)
    with ThreadPoolExecutor(4) as pool:
        environments = {answer.payload for answer in pool.map(function.invoke, [bucket.name] * 4)}
    assert len(environments) == 4


def test_a_function_sees_its_own_variables_and_lambdas_but_not_the_callers_home(deploy: Deploy) -> None:
    code = "import os\ndef lambda_handler(event, context):\n    return dict(os.environ, cwd=os.getcwd())\n"
    function = deploy(code, Environment={"Variables": {"THRESHOLD": "0.8"}}, MemorySize=256)
    seen = function.invoke().payload
    assert seen["THRESHOLD"] == "0.8"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == function.name
    assert seen["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert seen["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.11"
    assert seen["LAMBDA_TASK_ROOT"] == seen["cwd"]
    assert not Path(seen["HOME"]).exists() or seen["HOME"] == seen["TMPDIR"]
    assert seen["AWS_ENDPOINT_URL"] == boto3.client("lambda").meta.endpoint_url


def test_a_function_may_have_as_many_open_files_as_on_aws(deploy: Deploy) -> None:
    code = """
import errno, os, sys

LOADED = "resource" in sys.modules  # the name of a module that functions may have

def lambda_handler(event, context):
    files = []
    try:
        while len(files) < 2000:
            files.append(open(os.devnull))
    except OSError as error:
        return [LOADED, errno.errorcode[error.errno], 1000 < len(files) < 1024]
    finally:
        for file in files:
            file.close()
"""
    assert deploy(code).invoke().payload == [False, "EMFILE", True]


WRAPPED = {
    "app.py": "def lambda_handler(event, context):\n    return 'unwrapped'\n",
    "wrapped.py": "import os, sys\ndef handler(event, context):\n    return [os.environ['MARK'], sys.flags.optimize]\n",
    "wrapper": """#!/bin/bash
args=("$@")
export MARK=wrapped _HANDLER=wrapped.handler
exec "${args[@]:0:$#-1}" -O "${args[@]: -1}"
""",
}


def test_a_wrapper_script_starts_the_runtime(deploy: Deploy) -> None:
    """It changes the environment and the handler, and inserts an option of Python before the last argument."""
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"}
    assert deploy(WRAPPED, Environment={"Variables": variables}).invoke().payload == ["wrapped", 1]


def test_a_wrapper_script_that_does_not_exist_ends_the_runtime(deploy: Deploy) -> None:
    answer = deploy(WRAPPED, Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/nothing"}}).invoke()
    assert answer.payload["errorMessage"].endswith("Runtime exited with error: exit status 127")
    assert "nothing: does not exist" in answer.log


@pytest.mark.skipif(CLOUD == "compose", reason="the containers do not see the folder")
def test_changed_code_of_a_hot_reloaded_function_starts_it_anew(deploy: Deploy, tmp_path: Path) -> None:
    def write(version: str) -> None:
        counting = "count = 0\ndef lambda_handler(event, context):\n    global count\n    count += 1\n"
        (tmp_path / "app.py").write_text(f"{counting}    return [{version!r}, count]\n")

    write("old")
    function = deploy("")
    function.client.update_function_code(FunctionName=function.name, S3Bucket="hot-reload", S3Key=str(tmp_path))
    function.wait()
    answers = [function.invoke().payload, function.invoke().payload]
    write("new version")
    answers += [function.invoke().payload, function.invoke().payload]
    assert answers == [["old", 1], ["old", 2], ["new version", 1], ["new version", 2]]


def test_updated_code_replaces_the_old_code(deploy: Deploy) -> None:
    function = deploy("def lambda_handler(event, context):\n    return 'old'\n")
    assert function.invoke().payload == "old"
    function.client.update_function_code(
        FunctionName=function.name, ZipFile=archive("def lambda_handler(event, context):\n    return 'new'\n")
    )
    function.client.get_waiter("function_updated_v2").wait(FunctionName=function.name, WaiterConfig={"Delay": 1})
    assert function.invoke().payload == "new"


def test_an_updated_function_leaves_no_process(deploy: Deploy) -> None:
    mark = f"600.{uuid4().int % 10**9}"
    code = f"import subprocess\nchildren = [subprocess.Popen(['sleep', '{mark}']),"
    code += f" subprocess.Popen(['sleep', '{mark}'], start_new_session=True)]\n"
    function = deploy(code + "def lambda_handler(event, context):\n    return len(children)\n")
    assert function.invoke().payload == 2
    if CLOUD == "embedded":
        assert count(mark) == 2
    function.client.update_function_configuration(FunctionName=function.name, Timeout=11)
    until(lambda: count(mark) == 0, f"`sleep {mark}` to end")


def count(mark: str) -> int:
    commands = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
    return commands.count(["sleep", mark])


def test_a_runtime_other_than_python_is_refused_by_name(deploy: Deploy) -> None:
    with pytest.raises(
        ClientError, match=r"asks for runtime 'nodejs22.x': functions run as Python processes"
    ) as refused:
        deploy("", Runtime="nodejs22.x")
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"


def test_an_unknown_runtime_is_refused_with_the_names_of_all(deploy: Deploy) -> None:
    with pytest.raises(ClientError, match=r"Value PYTHON3.9 at 'runtime' failed .* enum value set: \[python3.14, "):
        deploy("", Runtime="PYTHON3.9")


def test_a_function_knows_its_remaining_time(deploy: Deploy) -> None:
    function = deploy(
        "def lambda_handler(event, context):\n    return context.get_remaining_time_in_millis()", Timeout=9
    )
    assert 0 < function.invoke().payload <= 9000
