"""The local AWS of a test session.

`scones exec --start` starts the servers for one command; if several such commands run, the servers stop after the last.
Each process of pytest (pytest-xdist has several) runs one such command, whose program waits until its input ends. That
happens when pytest ends, even if it is killed; the last command to end stops the servers.
"""

import configparser
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

MARK = "pytest-aws-local "
# print the path of the AWS configuration, and wait until the input ends
HOLDER = f"import os, sys; print({MARK!r} + os.environ['AWS_CONFIG_FILE'], flush=True); sys.stdin.read()"
STOP_TIMEOUT_S = 120.0


class NoLocalAws(Exception):
    """The local AWS could not be started; the output of `scones` says why."""


@dataclass(frozen=True)
class LocalAws:
    """The local AWS. `endpoint_url` serves every service."""

    endpoint_url: str


@contextmanager
def running() -> Iterator[LocalAws]:
    """Keep the local AWS up; start it if it is down.

    Raises NoLocalAws.
    """
    command = [sys.executable, "-m", "scones_unlimited", "exec", "--start", "--", sys.executable, "-c", HOLDER]
    # never the user's own account, whatever profile the shell has
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with subprocess.Popen(
        command,
        env={**environment, "AWS_PROFILE": "local"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C reaches pytest alone, which then closes the input
    ) as holder:
        assert holder.stdin
        assert holder.stdout
        try:
            yield LocalAws(_endpoint_url(_config_file(holder.stdout)))
        finally:
            holder.stdin.close()
            holder.stdout.read()
            holder.wait(STOP_TIMEOUT_S)


def _config_file(output: IO[str]) -> str:
    for line in output:
        if line.startswith(MARK):
            return line.removeprefix(MARK).rstrip("\n")
    raise NoLocalAws("the local AWS did not start: the captured stderr of this test's setup says why (or: scones up)")


def _endpoint_url(config_file: str) -> str:
    parser = configparser.RawConfigParser(strict=False)
    parser.read(config_file)
    return parser.get("profile local", "endpoint_url")
