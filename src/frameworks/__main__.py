"""The program `python -m frameworks FRAMEWORK train|serve`, and `python -m frameworks run COMMAND…`.

`run` starts a command of the request, such as `/bin/bash script.sh`, in the job's own environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from frameworks.contract.job_environment import JobEnvironment

FRAMEWORKS = ("scikit-learn", "pytorch", "tensorflow", "huggingface", "xgboost")
USAGE = (
    f"usage: python -m frameworks {{{'|'.join(FRAMEWORKS)}}} {{train|serve}}\n       python -m frameworks run COMMAND…"
)
USAGE_ERROR = 64


def main(arguments: Sequence[str]) -> int:
    """Enter the job's environment, run a command in it, and return its exit code."""
    if len(arguments) > 1 and arguments[0] == "run":
        JobEnvironment.of_this_job().replace_process(arguments[1:])
    if len(arguments) != 2 or arguments[0] not in FRAMEWORKS or arguments[1] not in ("train", "serve"):
        print(USAGE, file=sys.stderr)  # noqa: T201
        return USAGE_ERROR
    environment = JobEnvironment.of_this_job()
    if not environment.is_entered:
        environment.replace_process([str(environment.python), "-m", "frameworks", *arguments])
    framework, command = arguments
    # Each command imports only its own folder: the libraries of the other would take time and memory.
    if command == "train":
        from frameworks.training.command import main as train

        return train(framework)
    from frameworks.serving.command import main as serve

    return serve(framework)


if __name__ == "__main__":
    if sys.path[0] == os.getcwd():  # noqa: PTH109 - text to compare; `python -m` put it there, AWS's programs have no such entry
        del sys.path[0]
    sys.exit(main(sys.argv[1:]))
