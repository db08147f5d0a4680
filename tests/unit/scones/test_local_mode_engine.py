"""What local mode says when it cannot have Docker."""

import pytest
from docker.errors import DockerException

from scones.local_mode.docker_engine import unreachable


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (
            FileNotFoundError(2, "No such file or directory"),
            "no engine answers (No such file or directory); start it, or",
        ),
        (ConnectionRefusedError(111, "Connection refused"), "no engine answers (Connection refused); start it, or"),
        (
            PermissionError(13, "Permission denied"),
            "its socket is not for you; join its group (sudo usermod -aG docker",
        ),
        (None, "no engine answers (Error while fetching server API version); start it, or"),
    ],
)
def test_why_no_engine_answers_is_said_with_what_to_do(cause: OSError | None, says: str) -> None:
    """Docker's SDK wraps the system's error in requests' of urllib3's."""
    wrapped = DockerException("Error while fetching server API version")
    wrapped.__cause__ = ConnectionError("Connection aborted.")
    wrapped.__cause__.__context__ = cause
    assert unreachable(wrapped).startswith(says)
