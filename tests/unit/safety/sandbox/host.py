"""Folders of the host, and a shell in a world made of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from safety.sandbox import Network, Sandbox, SandboxedProcess, World

DEADLINE_S = 60.0


class Host:
    """Folders of the host, and a shell in a world made of them."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.opt_ml, self.tmp = sandbox, folder / "ml", folder / "tmp"
        self.output = folder / "output"
        for path in (self.opt_ml, self.tmp):
            path.mkdir()
        self.world = World(str(self.opt_ml), str(self.tmp))

    def start(
        self,
        script: str,
        world: World | None = None,
        network: Network | None = None,
        directory: str = "/opt/ml",
        inherited: tuple[str, int] | None = None,
    ) -> SandboxedProcess:
        with self.output.open("wb") as output:
            return self.sandbox.start(
                ["sh", "-c", script],
                world=world or self.world,
                environment={"PATH": os.environ["PATH"]},
                directory=directory,
                output=output,
                network=network,
                inherited=inherited,
            )

    def run(
        self, script: str, world: World | None = None, network: Network | None = None, directory: str = "/opt/ml"
    ) -> tuple[int, str]:
        code = self.start(script, world, network, directory).wait(DEADLINE_S)
        return code, self.output.read_text()


def is_gone(marker: str) -> bool:
    return subprocess.run(["pgrep", "-f", marker], capture_output=True, check=False).returncode == 1


def entries(folder: Path | str) -> set[str]:
    return {path.name for path in Path(folder).iterdir()}
