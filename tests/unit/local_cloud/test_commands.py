"""The commands as a user runs them: their own processes, with signals."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.waiting import until

from local_cloud.cloud import ServerState, ServerStatus
from local_cloud.ports import free_port
from local_cloud.processes import leftovers
from local_cloud.tables import status_table

from .conftest import PROGRAM, Clouds, occupied_port, runs, server

SYSTEM = "/usr/bin:/bin"
LIMIT_S = 300  # generous: a command takes some seconds, and much longer on a busy machine
# `scones`, but with one small server instead of its two
MAIN = """
import os, sys
from command_line.cli import run
from local_cloud import execution
from local_cloud.servers import Server
port = int(os.environ["ONE_PORT"])
one = Server("one", (sys.executable, os.environ["PROGRAM"], str(port)), dict(os.environ), port, "/health", "ONE_PORT")
execution.servers = lambda settings: (one,)
sys.exit(run(sys.argv[1:]))
"""


class Command:
    def __init__(self, clouds: Clouds) -> None:
        self.clouds = clouds
        self.server = server("one")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "PROGRAM": str(PROGRAM),
            "ONE_PORT": str(self.server.port),
            "SCONES_STATE_DIR": str(clouds.state_dir),
        }

    def __call__(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", MAIN, *arguments],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def finish(self, *arguments: str, **environment: str) -> tuple[int, str]:
        process = self(*arguments, **environment)
        output, _ = process.communicate(timeout=LIMIT_S)
        return process.returncode, output


@pytest.fixture
def command(clouds: Clouds) -> Command:
    return Command(clouds)


def test_exec_start_returns_the_exit_code_and_stops_the_servers_it_started(command: Command) -> None:
    code, output = command.finish("exec", "--start", "--", "sh", "-c", "exit 7")
    assert code == 7
    assert "one is ready" in output
    assert leftovers(command.clouds.state_dir) == []


def test_keep_leaves_the_cloud_up(command: Command) -> None:
    assert command.finish("exec", "--start", "--", "true", KEEP="1")[0] == 0
    assert len(leftovers(command.clouds.state_dir)) == 1
    assert command.finish("status")[0] == 0
    assert command.finish("down")[0] == 0
    assert command.finish("status")[0] == 1


def test_a_cloud_that_was_up_before_stays_up(command: Command) -> None:
    assert "The local cloud is up" in command.finish("up")[1]
    assert "already up" in command.finish("up")[1]
    assert command.finish("exec", "--start", "--", "true")[0] == 0
    assert len(leftovers(command.clouds.state_dir)) == 1
    output = command.finish("down")[1]
    assert "stopping one\n" in output
    assert "one stopped (pid " in output


def test_the_last_of_two_commands_stops_the_cloud(command: Command, tmp_path: Path) -> None:
    first, last = Gate(command, tmp_path / "first"), Gate(command, tmp_path / "last")
    assert first.end() == 0
    assert command.finish("status")[0] == 0
    assert last.end() == 0
    assert leftovers(command.clouds.state_dir) == []


def test_a_command_that_was_killed_does_not_keep_the_cloud_up(command: Command, tmp_path: Path) -> None:
    killed, last = Gate(command, tmp_path / "killed"), Gate(command, tmp_path / "last")
    killed.process.kill()
    killed.process.wait()
    assert last.end() == 0
    assert leftovers(command.clouds.state_dir) == []
    killed.end()


def test_up_during_a_command_keeps_the_cloud_up(command: Command, tmp_path: Path) -> None:
    running = Gate(command, tmp_path / "run")
    assert command.finish("up")[0] == 0
    assert running.end() == 0
    assert command.finish("status")[0] == 0
    command.finish("down")


class Gate:
    """A command that has started, and that ends when the test says so."""

    def __init__(self, command: Command, fifo: Path) -> None:
        self.fifo = fifo
        os.mkfifo(fifo)
        started = fifo.with_suffix(".started")
        self.process = command("exec", "--start", "--", "sh", "-c", f"touch {started}; read line < {fifo}; true")
        until(started.exists, "the program to start")

    def end(self) -> int:
        self.fifo.write_text("\n")
        self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_command_and_the_cloud(command: Command, tmp_path: Path, signum: signal.Signals) -> None:
    started = tmp_path / "started"
    process = command("exec", "--start", "--", "sh", "-c", f"sleep 600 & echo $! > {started}; wait")
    until(lambda: started.exists() and started.read_text().strip(), "the program to write")
    process.send_signal(signum)
    output, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 128 + signum, output
    assert "was started for this command and ends with it" in output
    assert "killed" not in output
    assert leftovers(command.clouds.state_dir) == []
    assert not runs(int(started.read_text()))


@pytest.mark.parametrize("options", [["exec"], ["exec", "--start"]])
def test_a_signal_says_that_a_cloud_which_was_up_before_goes_on(
    command: Command, tmp_path: Path, options: list[str]
) -> None:
    command.finish("up")
    started = tmp_path / "started"
    process = command(*options, "--", "sh", "-c", f"touch {started}; exec sleep 600")
    until(started.exists, "the program to start")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=LIMIT_S)
    assert "The local AWS is still up" in output
    assert command.finish("status")[0] == 0
    command.finish("down")


def test_a_command_knows_whether_its_aws_ends_with_it(command: Command) -> None:
    ask = ("--", "sh", "-c", "echo ends=$SCONES_AWS_ENDS")
    assert "ends=1\n" in command.finish("exec", "--start", *ask)[1]
    assert "ends=\n" in command.finish("exec", "--start", "--keep", *ask)[1]
    assert "ends=\n" in command.finish("exec", *ask)[1]
    command.finish("down")


def test_ctrl_c_while_python_imports_is_one_line(tmp_path: Path) -> None:
    interrupt = "signal.signal(signal.SIGINT, signal.default_int_handler)\nos.kill(os.getpid(), signal.SIGINT)\n"
    (tmp_path / "click.py").write_text(
        "import os, signal\n" + interrupt
    )  # a background job inherits that the signal is ignored
    ended = subprocess.run(
        [sys.executable, "-m", "command_line", "status"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (130, "stopped by SIGINT\n")


def test_an_interrupted_up_leaves_nothing(command: Command) -> None:
    process = command("up", PROGRAM="/dev/stdin")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert command.finish("down")[0] == 0
    assert leftovers(command.clouds.state_dir) == []


def test_a_command_that_does_not_exist_is_an_error_and_leaves_nothing_running(command: Command) -> None:
    code, output = command.finish("exec", "--start", "--", "no-such-command")
    assert code == 1
    assert "'no-such-command' cannot be run: No such file or directory" in output
    assert leftovers(command.clouds.state_dir) == []


def test_nothing_is_started_under_the_users_own_profile(command: Command) -> None:
    code, output = command.finish(
        "exec", "--start", "--", "sh", "-c", "echo $AWS_PROFILE $AWS_REGION", AWS_PROFILE="prod", AWS_REGION="x"
    )
    assert (code, output) == (0, "prod x\n")
    assert command.finish("exec", "--", "true", AWS_PROFILE="prod") == (0, "")


# each of them leads an SDK away from its profile
PERSONAL = (
    "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT_URL_S3",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)


def test_exec_start_hides_the_users_aws_variables(command: Command) -> None:
    mine = dict.fromkeys((*PERSONAL, "AWS_CONFIG_FILE"), "mine")
    _, output = command.finish(
        "exec",
        "--start",
        "--",
        "sh",
        "-c",
        "env | grep ^AWS_ | sort",
        AWS_CA_BUNDLE="kept",
        SCONES_SAGEMAKER_PORT="5999",
        **mine,
    )
    config = command.clouds.state_dir / "shell" / "aws.config"
    assert [line for line in output.splitlines() if line.startswith("AWS_")] == [
        "AWS_CA_BUNDLE=kept",
        f"AWS_CONFIG_FILE={config}",
        "AWS_PROFILE=local",
    ]
    assert "127.0.0.1:5999" in config.read_text()
    assert "127.0.0.1:4566" in config.read_text()


def test_exec_hides_the_users_aws_variables(command: Command) -> None:
    command.finish("up")
    code, output = command.finish("exec", "--", "env", **dict.fromkeys(PERSONAL, "mine"))
    assert code == 0
    assert "AWS_PROFILE=local\n" in output
    assert "mine" not in output
    assert command.finish("exec", "--", "sh", "-c", "exit 7")[0] == 7
    command.finish("down")


def test_env_leaves_a_shell_with_our_profile_alone(command: Command) -> None:
    personal = dict.fromkeys(PERSONAL, "mine")
    _, lines = command.finish("env", **personal)
    assert evaluated(lines, {**personal, "AWS_PAGER": "less"}) == {
        "AWS_CONFIG_FILE": str(command.clouds.state_dir / "shell" / "aws.config"),
        "AWS_PAGER": "less",
        "AWS_PROFILE": "local",
    }


@pytest.mark.parametrize("port", ["4570", "5999"])
def test_variables_left_by_env_do_not_hide_the_users_own_profile(command: Command, port: str) -> None:
    theirs = {"AWS_PROFILE": "prod", "AWS_REGION": "x"}
    shell = variables(command.finish("env", SCONES_SAGEMAKER_PORT=port, AWS_REGION="x")[1], {"PATH": SYSTEM})
    shell |= {"AWS_PROFILE": "prod"}
    for options in (["--start"], []):
        code, output = command.finish("exec", *options, "--", "sh", "-c", "env | grep ^AWS_", **shell)
        assert (code, dict(line.split("=") for line in output.splitlines())) == (0, theirs)
    assert evaluated(command.finish("env", **shell)[1], shell) == theirs


def test_the_users_own_profile_keeps_its_configuration_files(command: Command) -> None:
    own = {"AWS_PROFILE": "prod", "AWS_CONFIG_FILE": "/mine", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    assert evaluated(command.finish("env", **own)[1], own) == own


def test_env_before_up_names_a_configuration_file_that_exists(command: Command) -> None:
    lines = command.finish("env", SCONES_SAGEMAKER_PORT="5999")[1]
    assert "127.0.0.1:5999" in Path(evaluated(lines, {})["AWS_CONFIG_FILE"]).read_text()


def test_env_refuses_ports_other_than_the_running_clouds(command: Command) -> None:
    command.finish("up")
    code, output = command.finish("env", ONE_PORT=str(free_port()))
    assert (code, "export AWS" in output) == (1, False)
    assert f"one runs on port {command.server.port}, not on" in output
    command.finish("down")


def test_env_puts_scones_behind_the_users_own_programs(command: Command) -> None:
    programs = command.clouds.state_dir / "shell" / "bin"
    for before in (SYSTEM, f"{SYSTEM}:{programs}"):
        lines = command.finish("env", PATH=before)[1]
        assert variables(lines, {"PATH": before})["PATH"] == f"{SYSTEM}:{programs}"
    assert sorted(link.name for link in programs.iterdir()) == ["aws", "scones"]
    assert all(link.resolve().is_file() for link in programs.iterdir())


def test_env_unset_restores_the_shell(command: Command) -> None:
    before = {"PATH": SYSTEM, "AWS_REGION": "x", "PYTHONPATH": "/mine", "SHELL_OF": "me"}
    inside = variables(command.finish("env", **before)[1], before)
    assert inside["PYTHONPATH"].endswith("/local_cloud/shell/startup:/mine")
    again = variables(command.finish("env", **inside)[1], inside)
    assert variables(command.finish("env", "--unset", **again)[1], again) == before


def evaluated(lines: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The AWS variables of a shell with this environment, after the lines."""
    return {name: value for name, value in variables(lines, environment).items() if name.startswith("AWS_")}


def variables(lines: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of a shell with this environment, after the lines, without those of the shell itself."""
    output = subprocess.check_output(["/bin/sh", "-c", f"{lines}\n/usr/bin/env"], env=environment, text=True)
    pairs = (line.split("=", 1) for line in output.splitlines())
    return {name: value for name, value in pairs if name not in ("PWD", "_", "SHLVL", "OLDPWD")}


def test_a_failed_up_writes_no_configuration_file(command: Command) -> None:
    with occupied_port() as port:
        assert command.finish("up", ONE_PORT=str(port))[0] == 1
    assert not (command.clouds.state_dir / "aws.config").exists()


def test_a_step_without_a_running_cloud_says_how_to_start_it(command: Command) -> None:
    code, output = command.finish("exec", "--", "true")
    assert code == 1
    assert "Run: scones up" in output


def test_an_invalid_port_is_an_error_that_names_the_variable(command: Command) -> None:
    code, output = command.finish("up", SCONES_LOCALSTACK_PORT="http")
    assert code == 1
    assert "SCONES_LOCALSTACK_PORT is 'http'" in output


def test_local_mode_needs_the_local_cloud_too(command: Command) -> None:
    code, output = command.finish("exec", "--", "true", AWS_PROFILE="local-mode")
    assert code == 1
    assert "AWS_PROFILE=local-mode needs it. Run: scones up" in output


def test_processes_of_local_mode_end_with_the_cloud(command: Command) -> None:
    code, output = command.finish("exec", "--start", "--", "sh", "-c", "sleep 300 &", AWS_PROFILE="local-mode")
    assert code == 0
    assert "ended: sleep 300" in output


def test_logs_shows_the_last_lines_of_each_server(command: Command) -> None:
    command.finish("exec", "--start", "--", "true")
    assert command.finish("logs", "server", "-n", "1") == (0, "one        | listening\n")
    assert "no server is called 'three'" in command.finish("logs", "server", "three")[1]


def test_a_narrow_terminal_has_the_logs_below_the_table() -> None:
    statuses = (ServerStatus("sagemaker", ServerState.RUNNING, 4570, Path("/logs/sagemaker.log"), 7, 61.0, 1 << 28),)
    wide, narrow = status_table(statuses, 200), status_table(statuses, 80)
    assert status_table(statuses) == wide
    assert wide.splitlines()[1].endswith("256 MiB  /logs/sagemaker.log")
    assert narrow.splitlines()[1].endswith("256 MiB")
    assert narrow.splitlines()[-1] == "sagemaker   /logs/sagemaker.log"
    assert max(map(len, status_table(statuses, 60).splitlines())) <= 60
