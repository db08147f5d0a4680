"""Run a user's script as AWS's toolkit does: fetch its source, install what it needs, start it, and wait."""

from __future__ import annotations

import json
import os

from frameworks.contract.commands import Command, run
from frameworks.contract.failure import ClientError
from frameworks.contract.log import toolkit_log
from frameworks.contract.source import bring_source
from frameworks.training.distribution import meeting_variables, uses_torchrun
from frameworks.training.entry_point import install, plain_command, torchrun_command
from frameworks.training.environment import TrainingEnvironment

NO_PROGRAM = (
    "The request names no script: neither the hyperparameter sagemaker_program nor the variable SAGEMAKER_PROGRAM is "
    "set. The SDK's estimators of frameworks set it from entry_point."
)


def train(environment: TrainingEnvironment) -> None:
    """Run the script to its end. Raises ClientError, or CommandFailed if the script or an installation fails."""
    program = environment.program
    if program is None:
        raise ClientError(NO_PROGRAM)
    by_torchrun = uses_torchrun(environment)
    toolkit_log().info("Invoking user training script.")
    bring_source(environment.source, environment.paths.code)
    install(environment, program)
    command = torchrun_command(environment, program) if by_torchrun else plain_command(environment, program)
    variables = environment.variables()
    _log_invocation(environment, command, variables)
    run(command, environment.paths.code, {**os.environ, **variables, **meeting_variables(environment)})


def _log_invocation(environment: TrainingEnvironment, command: Command, variables: dict[str, str]) -> None:
    log = toolkit_log()
    if command.is_split_by_the_shell:
        log.warning(
            "A hyperparameter has characters that a shell takes for its own, such as blanks or quotes. In AWS's image "
            "of this framework a shell reads the command below, so the script gets other arguments. SM_HPS is exact."
        )
    log.info(
        "Invoking user script\n\nTraining Env:\n\n%s\n\nEnvironment variables:\n\n%s\n\n"
        "Invoking script with the following command:\n\n%s\n\n",
        json.dumps(environment.described(), indent=4, sort_keys=True),
        "\n".join(f"{name}={value}" for name, value in variables.items()),
        command,
    )
