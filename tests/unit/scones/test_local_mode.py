"""Local mode's errors when Docker cannot be reached."""

import pytest
from docker.errors import DockerException

from scones.local_mode.docker_engine import unreachable


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        (
            FileNotFoundError(2, "No such file or directory"),
            "no engine answers (No such file or directory); start it, or set DOCKER_HOST",
        ),
        (
            ConnectionRefusedError(111, "Connection refused"),
            "no engine answers (Connection refused); start it, or set DOCKER_HOST",
        ),
        (
            PermissionError(13, "Permission denied"),
            "you may not use its socket; join its group (sudo usermod -aG docker",
        ),
        (None, "no engine answers (Error while fetching server API version); start it, or set DOCKER_HOST"),
    ],
)
def test_the_error_has_the_systems_reason_and_advice(cause: OSError | None, message: str) -> None:
    """Docker's SDK wraps the system's error in errors of urllib3 and requests."""
    wrapped = DockerException("Error while fetching server API version")
    wrapped.__cause__ = ConnectionError("Connection aborted.")
    wrapped.__cause__.__context__ = cause
    assert unreachable(wrapped).startswith(message)
