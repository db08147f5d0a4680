"""The command `scones` as a user runs it: one process, its output and its exit code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# Modules that take long to import: help and completion must not import them.
SLOW_MODULES = ("boto3", "botocore", "sagemaker", "psutil", "aiohttp", "numpy")


def scones(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SCONES_"))}
    return subprocess.run(
        [sys.executable, "-m", "command_line", *arguments],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def imported_by(*arguments: str, **environment: str) -> set[str]:
    """Return the slow modules that a command line imports, whatever else it does."""
    code = f"""
import sys
from command_line.cli import run
try:
    run({list(arguments)!r})
except SystemExit:
    pass
print(*(name for name in {SLOW_MODULES!r} if name in sys.modules), file=sys.stderr)
"""
    completed = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return set(completed.stderr.split())


def completed_words(words: str, shell: str = "bash") -> list[str]:
    count = len(words.split(" ")) - 1
    answer = scones(_SCONES_COMPLETE=f"{shell}_complete", COMP_WORDS=words, COMP_CWORD=str(count))
    return [line.partition(",")[2] for line in answer.stdout.splitlines()]


def test_help_names_every_section_and_imports_no_part() -> None:
    output = scones("--help").stdout
    for section in ("The local AWS:", "The workflow:", "This program:"):
        assert section in output
    assert imported_by("--help") == set()


def test_completing_the_first_word_imports_no_part() -> None:
    environment = {"_SCONES_COMPLETE": "bash_complete", "COMP_WORDS": "scones st", "COMP_CWORD": "1"}
    assert imported_by(**environment) == set()


def test_words_options_and_server_names_are_completed() -> None:
    assert completed_words("scones st") == ["status", "stage"]
    assert completed_words("scones train --image") == ["--image-uri"]
    assert completed_words("scones run --ke") == ["--keep"]
    assert set(completed_words("scones logs ")) == {"train", "endpoint", "function", "execution", "server"}
    assert set(completed_words("scones logs server ")) == {"sagemaker", "localstack"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_of_the_shell(shell: str) -> None:
    assert "_SCONES_COMPLETE" in scones("completion", shell).stdout


def test_the_version_is_that_of_the_project() -> None:
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert scones("--version").stdout == f"scones, version {version[1]}\n"


def test_the_help_of_up_says_what_starts_and_how_to_stop_it() -> None:
    output = scones("up", "--help").stdout
    for text in ("127.0.0.1:4566", "127.0.0.1:4570", "SCONES_LOCALSTACK_PORT", "scones down", ".scones"):
        assert text in output


def test_the_help_of_a_step_comes_from_the_application_and_needs_no_cloud(tmp_path: Path) -> None:
    answer = scones("train", "--help", SCONES_STATE_DIR=str(tmp_path))
    assert answer.returncode == 0
    assert answer.stdout.startswith("Usage: scones train [OPTIONS]")
    assert "--image-uri" in answer.stdout


def test_a_step_without_profile_needs_the_local_cloud(tmp_path: Path) -> None:
    ports = {"SCONES_LOCALSTACK_PORT": "1024", "SCONES_SAGEMAKER_PORT": "1025"}
    answer = scones("train", SCONES_STATE_DIR=str(tmp_path), **ports)
    assert answer.returncode == 1
    assert "the local cloud is not up" in answer.stderr


def test_a_step_under_another_profile_runs_there_with_its_arguments() -> None:
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    for answer in (scones("--profile", "prod", "train", **nowhere), scones("train", AWS_PROFILE="prod", **nowhere)):
        assert answer.returncode == 1
        assert "prod" in answer.stderr
        assert "not up" not in answer.stderr
    assert "--no-such" in scones("--profile", "prod", "train", "--no-such", **nowhere).stderr


def test_the_logs_of_jobs_need_the_cloud_and_the_servers_do_not(tmp_path: Path) -> None:
    nothing = {"SCONES_STATE_DIR": str(tmp_path), "SCONES_LOCALSTACK_PORT": "1024", "SCONES_SAGEMAKER_PORT": "1025"}
    assert "the local cloud is not up" in scones("logs", **nothing).stderr
    assert scones("logs", "server", **nothing).returncode == 0
    assert "'nonsense' is not one of 'train'" in scones("logs", "nonsense", **nothing).stderr


def test_a_command_that_does_not_exist_is_a_usage_error() -> None:
    answer = scones("trian")
    assert answer.returncode == 2
    assert "No such command 'trian'" in answer.stderr


def test_make_help_fits_one_screen() -> None:
    output = subprocess.check_output(["make", "--no-print-directory", "help"], cwd=ROOT, text=True)
    assert len(output.splitlines()) <= 30
    assert max(map(len, output.splitlines())) <= 100
