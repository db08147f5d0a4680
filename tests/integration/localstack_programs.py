"""Programs of this folder that run in LocalStack's interpreter, which the tests' own is not."""

import subprocess
from pathlib import Path

PYTHON = Path(__file__).parents[2] / ".venv-localstack/bin/python"
DEADLINE_S = 300.0


def run_in_localstack(program: str, *arguments: str | Path, given: str = "") -> str:
    """Run a program to its end, and return what it has written. SubprocessError if it fails or does not end."""
    command = [PYTHON, Path(__file__).with_name(program), *arguments]
    return subprocess.run(
        command, input=given, check=True, stdout=subprocess.PIPE, text=True, timeout=DEADLINE_S
    ).stdout
