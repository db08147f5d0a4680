"""What a person sees of an error: one line, and no traceback."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from scones import cli, output_folder
from scones.console import keeps_running
from scones.context import Context
from scones.errors import SettingsError


@pytest.mark.parametrize("step", ["deploy", "stage", "train", "endpoint", "classify", "report", "run"])
def test_a_step_whose_results_have_no_place_does_not_begin(
    aws: None, capsys: pytest.CaptureFixture[str], archive: Path, step: str
) -> None:
    assert cli.exit_code([step, "--out", "/dev/null/x"]) == 1
    assert "OUT is '/dev/null/x', and no file can be written there" in capsys.readouterr().err


def test_an_interrupt_while_python_imports_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "boto3.py").write_text("raise KeyboardInterrupt")
    source = Path(cli.__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, "-m", "scones", "stage"],
        env={"PYTHONPATH": f"{tmp_path}:{source}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr.strip()) == (130, "Interrupted before anything was begun.")


def test_a_place_that_can_be_written_is_left_empty(context: Context) -> None:
    output_folder.prove_writable(context)
    assert list(context.settings.out.iterdir()) == []
    context.settings.out.rmdir()
    context.settings.out.write_text("")
    with pytest.raises(SettingsError):
        output_folder.prove_writable(context)


@pytest.mark.parametrize("text", ["{", "[]", "", '{"stage": "soon"}', '{"stage": null}'])
def test_times_that_were_spoilt_are_noted_anew(context: Context, text: str) -> None:
    context.settings.out.mkdir()
    (context.settings.out / output_folder.STEPS).write_text(text)
    assert output_folder.step_seconds(context) == {}
    output_folder.note(context, "stage", 1.5)
    assert output_folder.step_seconds(context) == {"stage": 1.5}
    assert [file.name for file in context.settings.out.iterdir()] == [output_folder.STEPS]


REFUSALS = {
    "ExpiredToken": "the credentials of profile 'default' have expired: sign in again (`aws sso login",
    "InvalidClientTokenId": "AWS does not know the credentials of profile 'default'",
    "AccessDenied": "profile 'default' may not call GetCallerIdentity: not today; ask for that permission",
}


@pytest.fixture
def refusing(request: pytest.FixtureRequest, aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS that answers everything with the error that a test names."""
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


@pytest.mark.parametrize(("refusing", "words"), REFUSALS.items(), indirect=["refusing"])
@pytest.mark.parametrize("step", ["deploy", "destroy"])
@pytest.mark.usefixtures("refusing")
def test_credentials_that_aws_refuses_are_one_line_that_says_what_to_do(
    capsys: pytest.CaptureFixture[str], step: str, words: str
) -> None:
    assert cli.exit_code([step]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"Error: {words}")
    assert len(said.splitlines()) == 1


def test_who_is_signed_out_meanwhile_is_told_what_goes_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def signed_out(_: list[str], **__: object) -> None:
        with keeps_running("training job vehicles-1"):
            raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "DescribeTrainingJob")

    monkeypatch.setattr(cli, "cli", signed_out)
    assert cli.exit_code(["train"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert "have expired: sign in again" in first
    assert second == "  Keeps running: training job vehicles-1"
