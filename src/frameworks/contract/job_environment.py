"""The job's own Python environment, on top of the framework's, which other jobs share and which must not change.

It is a virtual environment that sees the packages of the shared one: `pip install`, also by a script, writes into it,
and `pip uninstall` leaves what is not in it alone. Making it takes some milliseconds: no file of a package is copied,
only the start scripts (`pip`, `torchrun`), so that they run with this environment's Python.
"""

from __future__ import annotations

import os
import site
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from frameworks.contract.loopback import loopback_variables

NAME = "job-environment"
HEADER_BYTES = 1024
# Programs that need more than the environment's Python: their modules here
OWN_PROGRAMS = {"torchrun": "frameworks.training.torchrun"}


@dataclass(frozen=True)
class JobEnvironment:
    folder: Path

    @classmethod
    def of_this_job(cls, environment: Mapping[str, str] = os.environ) -> JobEnvironment:
        """Return the environment that this process runs in, or else the one in the job's home, which ends with it."""
        if Path(sys.prefix).name == NAME:
            return cls(Path(sys.prefix))
        home = environment.get("HOME", "")
        writable = bool(home) and os.access(home, os.W_OK)
        return cls(Path(home if writable else tempfile.mkdtemp()).resolve() / NAME)

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def is_entered(self) -> bool:
        """Whether this process runs in it."""
        return Path(sys.prefix) == self.folder

    def variables(self, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
        """Return the variables of a process in it: its programs first on the path, then the shared environment's."""
        folders = [str(self.folder / "bin"), str(Path(sys.executable).parent), environment.get("PATH", os.defpath)]
        own = {"PATH": os.pathsep.join(folders), "VIRTUAL_ENV": str(self.folder)}
        return {**environment, **own, **loopback_variables(environment)}

    def replace_process(self, command: Sequence[str]) -> NoReturn:
        """Make the environment, unless it exists, and replace this process with a command in it."""
        if not self.is_entered:
            self.make()
        variables = self.variables()
        os.execvpe(command[0], list(command), variables)  # noqa: S606 - finds the program by the new PATH

    def make(self) -> None:
        """Create it, from the environment that this Python belongs to."""
        packages = self.folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
        programs = self.folder / "bin"
        packages.mkdir(parents=True, exist_ok=True)
        programs.mkdir(exist_ok=True)
        base = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
        (self.folder / "pyvenv.cfg").write_text(
            f"home = {os.path.dirname(base)}\ninclude-system-site-packages = false\n"  # noqa: PTH120
            f"version = {'.'.join(map(str, sys.version_info[:3]))}\n",
            encoding="utf-8",
        )
        with suppress(FileExistsError):
            self.python.symlink_to(base)
        for name in ("python3", f"python3.{sys.version_info[1]}"):
            with suppress(FileExistsError):
                (programs / name).symlink_to("python")
        shared = "".join(f"import site; site.addsitedir({folder!r})\n" for folder in site.getsitepackages())
        (packages / "shared_environment.pth").write_text(shared, encoding="utf-8")
        self._make_programs(programs)

    def _make_programs(self, programs: Path) -> None:
        """Copy the start scripts of the shared environment's Python, with the path of this one's."""
        shared = Path(sys.executable)
        for program in shared.parent.iterdir():
            if program.name in OWN_PROGRAMS:
                module = OWN_PROGRAMS[program.name]
                script = f"#!{self.python}\nimport sys\nfrom {module} import main\nsys.exit(main(sys.argv[1:]))\n"
            else:
                script = _with_python(program, str(shared), str(self.python))
            if script:
                target = programs / program.name
                target.write_text(script, encoding="utf-8")
                target.chmod(0o755)


def _with_python(program: Path, before: str, after: str) -> str:
    """Return the text of a start script for another Python; nothing for programs of other kinds."""
    if program.is_symlink() or not program.is_file():
        return ""
    with program.open("rb") as file:
        start = file.read(HEADER_BYTES)
        if not start.startswith(b"#!") or before.encode() not in start:
            return ""
        return (start + file.read()).decode("utf-8", "replace").replace(before, after, 2)
