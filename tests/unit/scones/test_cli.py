"""The command line: an error is one line and an exit code, never a traceback, and help is quick."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
import pytest
from botocore.exceptions import ClientError

from scones import cli, output_folder
from scones.commands import steps
from scones.console import keeps_running
from scones.context import Context
from scones.errors import SettingsError


@pytest.mark.parametrize("step", ["deploy", "stage", "train", "endpoint", "classify", "report", "run"])
def test_a_step_does_not_begin_if_its_results_cannot_be_written(
    aws: None, capsys: pytest.CaptureFixture[str], archive: Path, step: str
) -> None:
    assert cli.exit_code([step, "--out", "/dev/null/x"]) == 1
    assert "OUT is '/dev/null/x', and no file can be written there" in capsys.readouterr().err


def test_an_interrupted_import_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "boto3.py").write_text("raise KeyboardInterrupt")
    source = Path(cli.__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, "-m", "scones", "stage"],
        env={"PYTHONPATH": f"{tmp_path}:{source}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr.strip()) == (
        130,
        "Interrupted. Run the command again to continue from here.",
    )


def test_the_check_leaves_a_writable_folder_empty(context: Context) -> None:
    output_folder.require_writable(context.settings.out)
    assert list(context.settings.out.iterdir()) == []
    context.settings.out.rmdir()
    context.settings.out.write_text("")
    with pytest.raises(SettingsError):
        output_folder.require_writable(context.settings.out)


@pytest.mark.parametrize("text", ["{", "[]", "", '{"stage": "soon"}', '{"stage": null}'])
def test_a_damaged_file_of_durations_is_replaced(context: Context, text: str) -> None:
    context.settings.out.mkdir()
    (context.settings.out / output_folder.STEPS).write_text(text)
    assert output_folder.step_seconds(context.settings.out) == {}
    output_folder.record_seconds(context.settings.out, "stage", 1.5)
    assert output_folder.step_seconds(context.settings.out) == {"stage": 1.5}
    assert [file.name for file in context.settings.out.iterdir()] == [output_folder.STEPS]


REFUSALS = {
    "ExpiredToken": "the credentials of profile 'default' have expired: sign in again (`aws sso login",
    "InvalidClientTokenId": "AWS does not know the credentials of profile 'default'",
    "AccessDenied": "profile 'default' may not call GetCallerIdentity: not today; ask for that permission",
}


@pytest.fixture
def refusing(request: pytest.FixtureRequest, aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS that answers every request with the error code that a test names."""
    body = f"<ErrorResponse><Error><Code>{request.param}</Code><Message>not today</Message></Error></ErrorResponse>"

    class Refuse(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(403)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()


@pytest.mark.parametrize(("refusing", "message"), REFUSALS.items(), indirect=["refusing"])
@pytest.mark.parametrize("step", ["deploy", "destroy"])
@pytest.mark.usefixtures("refusing")
def test_refused_credentials_are_one_line_with_advice(
    capsys: pytest.CaptureFixture[str], step: str, message: str
) -> None:
    assert cli.exit_code([step]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"Error: {message}")
    assert len(error.splitlines()) == 1


@pytest.mark.usefixtures("aws")
def test_an_expired_session_notes_what_is_still_running(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def sign_out(_: Context) -> None:
        with keeps_running("training job vehicles-1"):
            raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "DescribeTrainingJob")

    monkeypatch.setattr(steps, "train", sign_out)
    assert cli.exit_code(["train"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert "have expired: sign in again" in first
    assert second == "  Still running: training job vehicles-1"


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("ends", "lines"),
    [
        ("", ["Interrupted. Run the command again to continue from here.", "  Still running: training job vehicles-1"]),
        ("1", ["Interrupted."]),
    ],
)
def test_ctrl_c_names_what_is_still_running_unless_the_aws_ends_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, ends: str, lines: list[str]
) -> None:
    def interrupt(_: Context) -> None:
        with keeps_running("training job vehicles-1"):
            raise KeyboardInterrupt

    monkeypatch.setenv("SCONES_AWS_ENDS", ends)
    monkeypatch.setattr(steps, "train", interrupt)
    assert cli.exit_code(["train"]) == 130
    assert capsys.readouterr().err.strip("\n").splitlines() == lines


def test_help_does_not_import_what_commands_need() -> None:
    """These take seconds to import, and everyone who reads the help would wait for them."""
    slow = ("boto3", "botocore", "docker", "matplotlib", "numpy", "rich", "sagemaker")
    code = f"import sys; import scones.cli; print([name for name in {slow} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.usefixtures("aws")
def test_a_command_reports_its_errors_in_any_group(capsys: pytest.CaptureFixture[str]) -> None:
    group = click.Group(commands={"stage": cli.cli.commands["stage"]})
    assert group(["stage", "--bucket", "s3://mine"], standalone_mode=False) == 1
    assert capsys.readouterr().err.startswith("Error: --bucket is 's3://mine': it must be ")


def test_a_command_line_that_click_refuses_has_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.exit_code(["no-such-command"]) == 2
    assert "No such command" in capsys.readouterr().err
