"""Differences from AWS for a function on this machine, noted once in the function's log."""

from localstack_plugin.lambda_executor.interpreters import Interpreter
from safety.sandbox import Sandbox

_TOLD: set[str] = set()


def notices_of(function_arn: str, runtime: str, interpreter: Interpreter, sandbox: Sandbox) -> tuple[str, ...]:
    """Return the lines for the log of the function's first execution environment, and nothing for later ones."""
    key = f"{function_arn} {runtime}"
    if key in _TOLD:
        return ()
    _TOLD.add(key)
    return tuple(_notices(runtime, interpreter, sandbox))


def _notices(runtime: str, interpreter: Interpreter, sandbox: Sandbox) -> list[str]:
    notices = []
    if interpreter.runtime != runtime:
        version = runtime.removeprefix("python")
        notices.append(
            f"Local cloud: Python {interpreter.version} runs this function of the runtime {runtime}, because no Python "
            f"{version} was found on this machine. `uv python install {version}` installs one for the next start."
        )
    if not sandbox.availability:
        shared = "/var/task, /opt and the files of your home are the machine's, too"
        notices.append(f"Local cloud: {sandbox.availability}. {shared}.")
    return notices
