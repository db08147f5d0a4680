import json
import re
from pathlib import Path
from typing import Any

import pytest

from localstack_plugin.lambda_executor.errors import (
    InitFailed,
    InvocationError,
    ResponseTooLarge,
    RuntimeExited,
    TimedOut,
)
from localstack_plugin.lambda_executor.interpreters import OWN, Interpreter, interpreter_of, probed
from localstack_plugin.lambda_executor.notices import notices_of
from localstack_plugin.lambda_executor.process.folders import SEEN_IN_SANDBOX, Folders
from localstack_plugin.lambda_executor.process.variables import process_variables
from localstack_plugin.lambda_executor.report import Init, Report, render
from localstack_plugin.lambda_executor.requests.configurations import other_language, reserved_variables
from localstack_plugin.lambda_executor.requests.payloads import not_json, too_large
from localstack_plugin.settings import Settings, SettingsError, from_environment
from safety.sandbox import Sandbox


def report(**changes: Any) -> Report:
    figures: dict[str, Any] = {
        "request_id": "id",
        "version": "$LATEST",
        "output": "one\ntwo\rlines\n",
        "duration_s": 0.0123,
        "memory_size_mb": 128,
        "peak_memory_mb": 40,
        "init": None,
        "python_version": "3.11.7",
    }
    return Report(**(figures | changes))


def test_a_log_has_lambdas_lines_around_the_functions() -> None:
    assert render(report(), []).split("\n") == [
        "START RequestId: id Version: $LATEST",
        "one",
        "two\rlines",
        "END RequestId: id",
        "REPORT RequestId: id\tDuration: 12.30 ms\tBilled Duration: 13 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 40 MB\t",
        "",
    ]


def test_a_cold_start_is_in_the_log() -> None:
    lines = render(report(init=Init(0.25, "imported\n")), []).split("\n")
    assert lines[0] == "INIT_START Runtime Version: python:3.11.7"
    assert lines[1] == "imported"
    assert lines[-2].endswith("\tInit Duration: 250.00 ms\t")


def test_a_failure_is_in_the_log() -> None:
    lines = render(report(status="timeout", error_type="Sandbox.Timedout"), ["it failed"]).split("\n")
    assert lines[3] == "it failed"
    assert lines[-2].endswith("\tStatus: timeout\tError Type: Sandbox.Timedout\t")


@pytest.mark.parametrize(
    ("error", "payload"),
    [
        (
            RuntimeExited(1),
            {
                "errorType": "Runtime.ExitError",
                "errorMessage": "RequestId: id Error: Runtime exited with error: exit status 1",
            },
        ),
        (
            RuntimeExited(-9),
            {
                "errorType": "Runtime.ExitError",
                "errorMessage": "RequestId: id Error: Runtime exited with error: signal: killed",
            },
        ),
        (
            RuntimeExited(0),
            {
                "errorType": "Runtime.ExitError",
                "errorMessage": "RequestId: id Error: Runtime exited without providing a reason",
            },
        ),
        (
            TimedOut(3),
            {"errorType": "Sandbox.Timedout", "errorMessage": "RequestId: id Error: Task timed out after 3.00 seconds"},
        ),
        (
            ResponseTooLarge(5),
            {
                "errorType": "Function.ResponseSizeTooLarge",
                "errorMessage": "Response payload size exceeded maximum allowed payload size (5 bytes).",
            },
        ),
        (
            InitFailed(b'{"errorType": "Runtime.ImportModuleError"}'),
            {"errorType": "Runtime.ImportModuleError"},
        ),
    ],
)
def test_a_failed_invocation_is_answered_as_on_aws(error: InvocationError, payload: dict[str, str]) -> None:
    assert json.loads(error.payload("id")) == payload


def test_a_time_out_is_logged_with_its_time() -> None:
    (line,) = TimedOut(3).log_lines("id")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]{12}Z id Task timed out after 3\.00 seconds", line)


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        ({"Runtime": "python3.11"}, None),
        ({}, None),
        ({"FunctionName": "f", "Runtime": "nodejs20.x"}, "'f' asks for runtime 'nodejs20.x'"),
        ({"FunctionName": "f", "Runtime": "provided.al2023"}, "'f' asks for runtime 'provided.al2023'"),
        ({"FunctionName": "f", "Runtime": "no-such-runtime"}, None),
        ({"FunctionName": "f", "PackageType": "Image"}, "'f' asks for a container image"),
    ],
)
def test_functions_that_are_not_python_from_a_zip_archive_are_refused(
    request_: dict[str, str], refusal: str | None
) -> None:
    reason = other_language(request_)
    assert (reason is None) if refusal is None else (refusal in (reason or ""))


def test_the_reserved_variables_are_named() -> None:
    assert reserved_variables({"Environment": {"Variables": {"THRESHOLD": "0.8"}}}) is None
    own = {"AWS_REGION": "x", "A": "b", "_HANDLER": "y"}
    refusal = reserved_variables({"Environment": {"Variables": own}})
    assert "request: AWS_REGION, _HANDLER" in (refusal or "")


INTERPRETER = Interpreter("/usr/bin/python3.11", "/usr", "3.11.7")
HOST = Folders("/code", "/layers", "/packages", "/scratch/tmp", "/bootstrap")


def test_a_function_does_not_inherit_the_servers_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_LISTEN", "127.0.0.1:1")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    variables = process_variables({"MINE": 1}, "python3.11", INTERPRETER, HOST, Settings("http://s"), has_own_tmp=False)
    assert not {"GATEWAY_LISTEN", "AWS_PROFILE"} & variables.keys()
    assert variables["MINE"] == "1"
    assert variables["TMPDIR"] == variables["HOME"] == "/scratch/tmp"
    assert variables["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] == "http://s"
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.11"
    assert variables["AWS_EC2_METADATA_DISABLED"] == "true"


def test_in_a_sandbox_a_function_has_awss_folders() -> None:
    variables = process_variables(
        {}, "python3.11", INTERPRETER, SEEN_IN_SANDBOX, Settings("http://s"), has_own_tmp=True
    )
    assert (variables["LAMBDA_TASK_ROOT"], variables["LAMBDA_RUNTIME_DIR"]) == ("/var/task", "/var/runtime")
    assert variables["HOME"] == "/home/sbx_user1051"
    assert "TMPDIR" not in variables


def test_a_function_does_not_see_what_is_for_the_program_of_a_container() -> None:
    given = {"LOCALSTACK_RUNTIME_ID": "1", "LOCALSTACK_MAX_PAYLOAD_SIZE": 9, "LOCALSTACK_HOSTNAME": "127.0.0.1"}
    variables = process_variables(given, "python3.11", INTERPRETER, HOST, Settings("http://s"), has_own_tmp=False)
    assert [name for name in variables if name.startswith("LOCALSTACK_")] == ["LOCALSTACK_HOSTNAME"]


def test_a_function_overrides_defaults_but_not_the_folder_of_its_code() -> None:
    own = {"LANG": "C", "LAMBDA_TASK_ROOT": "/elsewhere"}
    variables = process_variables(own, "python3.11", INTERPRETER, HOST, Settings(local_cloud="here"), has_own_tmp=False)
    assert (variables["LANG"], variables["LAMBDA_TASK_ROOT"]) == ("C", "/code")
    assert variables["SCONES_LOCAL_CLOUD"] == "here"


def test_layers_for_the_functions_runtime_are_on_the_path_of_another_python() -> None:
    variables = process_variables({}, "python3.8", INTERPRETER, SEEN_IN_SANDBOX, Settings("http://s"), has_own_tmp=True)
    assert variables["SCONES_LAMBDA_LAYERS"].split(":") == [
        "/opt/python/lib/python3.11/site-packages",
        "/opt/python/lib/python3.8/site-packages",
        "/opt/python",
    ]


def test_what_is_not_as_on_aws_is_said_once() -> None:
    sandbox = Sandbox.unavailable("no user namespace")
    (line,) = notices_of("arn:once", "python3.11", INTERPRETER, sandbox)
    assert "no user namespace" in line
    assert notices_of("arn:once", "python3.11", INTERPRETER, sandbox) == ()


def test_a_function_of_another_runtime_is_told_which_python_runs_it() -> None:
    line, _ = notices_of("arn:other", "python3.14", INTERPRETER, Sandbox.unavailable("a test"))
    assert line.startswith("Local cloud: Python 3.11.7 runs this function of the runtime python3.14")
    assert "`uv python install 3.14`" in line


def test_a_runtime_that_the_modules_do_not_support_is_run_by_this_python() -> None:
    assert interpreter_of("python3.8") == OWN
    assert interpreter_of(OWN.runtime) == OWN


def test_a_python_is_taken_only_if_it_runs_and_has_the_version(tmp_path: Path) -> None:
    broken = tmp_path / "python3.99"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    assert probed(str(broken), "python3.99") is None
    assert probed(OWN.executable, "python3.99") is None
    assert probed(OWN.executable, OWN.runtime) == OWN


@pytest.mark.parametrize(
    ("payload", "is_event", "message"),
    [
        (b"x" * 6_291_456, False, None),
        (b"x" * 6_291_457, False, "Request must be smaller than 6291456 bytes for the InvokeFunction operation"),
        (b"x" * 1_048_576, True, None),
        (
            b"x" * 1_048_577,
            True,
            "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
        ),
    ],
)
def test_payloads_have_lambdas_limits(payload: bytes, is_event: bool, message: str | None) -> None:
    assert too_large(payload, is_event) == message


@pytest.mark.parametrize("payload", [b"", b"null", b"1", b'"\xc3\xa4"', b' {"a": [1]} '])
def test_json_of_any_kind_is_a_payload(payload: bytes) -> None:
    assert not_json(payload) is None


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize("payload", [b"abc", b"{", b"NaN", b"\xff", b"{} {}", b"[" * 100_000])
def test_a_payload_that_is_not_json_is_refused(payload: bytes) -> None:
    message = not_json(payload)
    assert message is not None
    assert message.startswith("Could not parse request body into json: Could not parse payload into json: ")


def test_settings_come_from_the_environment() -> None:
    assert from_environment({}) == Settings("http://127.0.0.1:4570")
    assert from_environment({"SAGEMAKER_ENDPOINT_URL": "http://x:1/", "SCONES_LOCAL_CLOUD": "y"}) == Settings(
        "http://x:1", "y"
    )
    with pytest.raises(SettingsError, match="SAGEMAKER_ENDPOINT_URL is 'x:1': set it to a URL"):
        from_environment({"SAGEMAKER_ENDPOINT_URL": "x:1"})
    assert not from_environment({"SCONES_LAMBDA_SANDBOX": "off"}).has_lambda_sandbox
    with pytest.raises(SettingsError, match="SCONES_LAMBDA_SANDBOX is '0': it must be on or off"):
        from_environment({"SCONES_LAMBDA_SANDBOX": "0"})
