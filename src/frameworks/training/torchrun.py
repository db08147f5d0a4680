"""The program `torchrun` of a job's environment: PyTorch's own, with an address where hosts on one machine can meet.

AWS's toolkits pass the name of the first host and port 7777, and no address if there is one host. Where all hosts share
the loopback interface, that name may not resolve, and another job may use the same port.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence

from frameworks.contract.loopback import LOOPBACK, share_loopback

PLACES = {"--master_addr": "MASTER_ADDR", "--master_port": "MASTER_PORT"}
RENDEZVOUS = ("--rdzv_backend", "--rdzv_endpoint", "--standalone", *PLACES)
WITHOUT_VALUE = ("--standalone", "--module", "--no_python", "--run_path", "-m")


def main(arguments: Sequence[str]) -> int:
    from torch.distributed.run import main as run  # imported here: tests of the arguments have no PyTorch

    run(with_own_place(arguments))
    return 0


def with_own_place(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the arguments with an address and port that only this job uses."""
    options = _options(arguments)
    if not any(name in RENDEZVOUS for name in options):
        return ["--master_addr", LOOPBACK, "--master_port", str(_free_port()), *arguments]
    if not share_loopback(environment):
        return list(arguments)
    placed: list[str] = []
    position = 0
    for name in sorted(PLACES.keys() & options.keys(), key=options.__getitem__):
        placed += [*arguments[position : options[name]], f"{name}={environment[PLACES[name]]}"]
        position = options[name] + _width(arguments[options[name]])
    return [*placed, *arguments[position:]]


def _options(arguments: Sequence[str]) -> dict[str, int]:
    """Return torchrun's own options, spelt with underscores, and where each is; the script and its arguments follow."""
    options: dict[str, int] = {}
    index = 0
    while index < len(arguments) and arguments[index].startswith("-"):
        options[_name(arguments[index])] = index
        index += _width(arguments[index])
    return options


def _name(argument: str) -> str:
    name = argument.partition("=")[0]
    return "--" + name[2:].replace("-", "_") if name.startswith("--") else name


def _width(argument: str) -> int:
    """Return how many words an option takes, its value included."""
    return 1 if "=" in argument or _name(argument) in WITHOUT_VALUE else 2


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
        return port
