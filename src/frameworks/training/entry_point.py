"""The command that runs a user's entry point: a script, a package with setup.py, a shell script, or a program."""

from __future__ import annotations

import shlex
import sys
from enum import Enum
from pathlib import Path

from frameworks.contract.commands import Command
from frameworks.contract.failure import ClientError
from frameworks.contract.requirements import PACKAGE, install_package, install_requirements
from frameworks.training.environment import TrainingEnvironment

FAILED = "ExecuteUserScriptError"
EXECUTABLE = 0o777


class Kind(Enum):
    PACKAGE = "a package with setup.py"
    SCRIPT = "a Python script"
    PROGRAM = "a shell script or another program"


def kind_of(folder: Path, program: str) -> Kind:
    if program.endswith(".sh"):
        return Kind.PROGRAM
    if (folder / PACKAGE).is_file():
        return Kind.PACKAGE
    return Kind.SCRIPT if program.endswith(".py") else Kind.PROGRAM


def install(environment: TrainingEnvironment, program: str) -> None:
    """Install what the source asks for. A shell script must install its own requirements, as on AWS."""
    folder = environment.paths.code
    kind = kind_of(folder, program)
    if kind is Kind.PACKAGE:
        install_package(folder)
    elif kind is Kind.SCRIPT or environment.toolkit.as_module:
        install_requirements(folder)
    elif (folder / program).is_file():
        (folder / program).chmod(EXECUTABLE)


def plain_command(environment: TrainingEnvironment, program: str) -> Command:
    """Return the command that runs the entry point by itself."""
    toolkit, arguments = environment.toolkit, environment.arguments
    kind = kind_of(environment.paths.code, program)
    if kind is Kind.PROGRAM and not toolkit.as_module:
        line = f"./{program} {' '.join(map(shlex.quote, arguments))}"
        return Command(FAILED, ["/bin/sh", "-c", line], text=f'/bin/sh -c "{line}"', signals_all=True)
    is_module = kind is Kind.PACKAGE or toolkit.as_module
    start = ["-m", program.removesuffix(".py")] if is_module else [program]
    return Command(FAILED, [sys.executable, *start, *arguments], through_shell=toolkit.through_shell)


def torchrun_command(environment: TrainingEnvironment, program: str) -> Command:
    """Return the command that runs the entry point by torchrun. Raises ClientError if it is no script."""
    if kind_of(environment.paths.code, program) is not Kind.SCRIPT:
        raise ClientError(
            f"torch_distributed needs a Python script as entry_point, not {program!r}, and no setup.py beside it."
        )
    hosts = environment.hosts
    words = ["torchrun", "--nnodes", str(len(hosts.distribution_hosts))]
    words += ["--nproc_per_node", str(environment.processes_per_host)]
    if len(hosts.distribution_hosts) > 1:
        rank = hosts.distribution_hosts.index(hosts.current)
        words += ["--master_addr", hosts.master, "--master_port", "7777", "--node_rank", str(rank)]
    return Command(FAILED, [*words, program, *environment.arguments], through_shell=True)
