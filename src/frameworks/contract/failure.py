"""Failures of the user's code, in the words of AWS's toolkit, and the files that report how a job ended."""

from __future__ import annotations

from contextlib import suppress

from frameworks.contract.paths import ContainerPaths

KILLED = 137
OUT_OF_MEMORY = "OutOfMemory: Process killed by SIGKILL (signal 9)"


class ClientError(Exception):
    """The user's code or configuration cannot run. Its text is the content of the failure file."""


class CommandFailed(ClientError):
    """A user's command ended with a code other than 0.

    `kind` is the name of the toolkit's exception: ExecuteUserScriptError, InstallRequirementsError, InstallModuleError.
    """

    def __init__(self, kind: str, command: str, code: int, message: str) -> None:
        self.kind, self.command, self.code, self.message = kind, command, code, message
        extra = f'\nExtraInfo "{OUT_OF_MEMORY}"' if code == KILLED else ""
        super().__init__(f'{kind}:\nExitCode {code}\nErrorMessage "{message}"{extra}\nCommand "{command}"')


def write_failure(paths: ContainerPaths, text: str) -> None:
    """Write the failure file, unless the script has written its own."""
    paths.output.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError), paths.failure.open("x", encoding="utf-8", errors="replace") as file:
        file.write(text)


def write_success(paths: ContainerPaths) -> None:
    paths.output.mkdir(parents=True, exist_ok=True)
    paths.success.write_text("", encoding="utf-8")
