"""The command of a function's process: Python with the bootstrap program, or the function's wrapper script around them.

docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html#runtime-wrapper. The bootstrap program is the last argument,
because wrapper scripts insert options for Python before it. They may also change the handler, in _HANDLER.
"""

from collections.abc import Mapping
from typing import Final

from localstack_plugin.lambda_executor.interpreters import Interpreter
from localstack_plugin.lambda_executor.process.folders import SEEN_IN_SANDBOX, Folders

WRAPPER: Final = "AWS_LAMBDA_EXEC_WRAPPER"
START_WRAPPER: Final = """
if [ ! -f "$0" ]; then echo "$0: does not exist"; exit 127; fi
if [ ! -x "$0" ]; then echo "$0: is not an executable"; exit 126; fi
exec "$0" "$@"
"""


def command_of(interpreter: Interpreter, environment: Mapping[str, str], seen: Folders) -> list[str]:
    """Return the command. `seen` are the folders as the function sees them."""
    runtime = [interpreter.executable, *interpreter.options, f"{seen.bootstrap}/bootstrap.py"]
    wrapper = environment.get(WRAPPER)
    return ["/bin/sh", "-c", START_WRAPPER, where_seen(wrapper, seen), *runtime] if wrapper else runtime


def where_seen(path: str, seen: Folders) -> str:
    """Return where the function finds a file that is below /var/task or /opt on AWS."""
    for on_aws, here in ((SEEN_IN_SANDBOX.task_root, seen.task_root), (SEEN_IN_SANDBOX.layers, seen.layers)):
        if path.startswith(f"{on_aws}/"):
            return here + path.removeprefix(on_aws)
    return path
