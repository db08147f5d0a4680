"""The kernel "Python (local AWS)": an environment's own Python with the variables of `scones env`.

A kernel is a folder with a `kernel.json`, which every Jupyter of the user reads. Its variables are added to those of
the program that starts the kernel, so what would lead an SDK away from the profile is emptied. The environment's
programs come first on the PATH, so `!pip install` installs into the kernel's environment, whichever Jupyter started it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_cloud.errors import LocalCloudError
from local_cloud.settings import Settings
from local_cloud.shell.environment import STARTUP, local_variables, programs_folder

NAME = "local-aws"
DISPLAY_NAME = "Python (local AWS)"
LEGAL_NAME = re.compile(r"[A-Za-z0-9._-]+")  # Jupyter's rule
# They take precedence over the profile. An empty one counts as none; regions must have a value.
EMPTIED = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
REGIONS = dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), "us-east-1")


@dataclass(frozen=True)
class Kernel:
    """A kernel that this checkout has installed. `programs` is the folder of its environment's programs."""

    name: str
    folder: Path
    python: str
    programs: Path

    @property
    def has_pip(self) -> bool:
        """Whether `!pip install` installs into the environment. Environments that uv has made lack pip."""
        return (self.programs / "pip").exists()

    def remove(self) -> None:
        shutil.rmtree(self.folder)


def install(settings: Settings, python: Path, name: str, environment: Mapping[str, str]) -> Kernel:
    """Install a kernel for an environment with ipykernel, or replace the one of this name.

    Raises LocalCloudError if the environment has no ipykernel, or the name is illegal or another kernel's.
    """
    if not LEGAL_NAME.fullmatch(name):
        raise LocalCloudError(f"{name!r} cannot be the name of a kernel: use letters, digits, '.', '-' and '_'")
    folder = kernels_folder(environment) / name.lower()
    if folder.exists() and _kernel(folder) is None:
        raise LocalCloudError(f"{folder} is another kernel, not one of this checkout: choose another --name")
    programs = _programs_of(python)
    display_name = DISPLAY_NAME if name == NAME else f"{DISPLAY_NAME}, {name}"
    specification = {
        "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": display_name,
        "language": "python",
        "metadata": {"debugger": True},
        "env": variables(settings, programs, environment),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(specification, indent=1) + "\n")
    return Kernel(name.lower(), folder, str(python), programs)


def installed(environment: Mapping[str, str]) -> list[Kernel]:
    """Return this checkout's kernels, by name."""
    folders = sorted(kernels_folder(environment).glob("*"))
    return [kernel for kernel in map(_kernel, folders) if kernel]


def kernels_folder(environment: Mapping[str, str], system: str = sys.platform) -> Path:
    """Return the user's folder of kernels, by Jupyter's rules. `system` is named as in `sys.platform`."""
    if data := environment.get("JUPYTER_DATA_DIR"):
        return Path(data) / "kernels"
    home = Path(environment.get("HOME") or "~").expanduser()
    if system == "darwin":
        return home / "Library" / "Jupyter" / "kernels"
    return Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter" / "kernels"


def variables(settings: Settings, programs: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return a kernel's variables. Jupyter substitutes `${…}` by variables of the program that starts the kernel."""
    return {
        **dict.fromkeys(EMPTIED, ""),
        **REGIONS,
        **local_variables(settings, environment),
        "PATH": os.pathsep.join([str(programs), "${PATH}", str(programs_folder(settings))]),
        # the hook removes the second entry where nothing was substituted
        "PYTHONPATH": os.pathsep.join([str(STARTUP), "${PYTHONPATH}"]),
    }


def _programs_of(python: Path) -> Path:
    """Return the folder of an environment's programs, where its pip is."""
    report = "import sysconfig, ipykernel; print(sysconfig.get_path('scripts'))"
    try:
        completed = subprocess.run([str(python), "-c", report], capture_output=True, text=True, check=False)
    except OSError as error:
        raise LocalCloudError(
            f"{python} cannot be run ({error.strerror}): --python takes an environment's Python"
        ) from error
    if completed.returncode:
        reason = (completed.stderr.strip().splitlines() or ["no message"])[-1]
        raise LocalCloudError(f"{python} has no ipykernel ({reason}). Run: {python} -m pip install ipykernel")
    return Path(completed.stdout.strip())


def _kernel(folder: Path) -> Kernel | None:
    """Return the kernel in a folder if this checkout has installed it."""
    try:
        specification = json.loads((folder / "kernel.json").read_text())
        ours = specification["env"]["PYTHONPATH"].split(os.pathsep)[0] == str(STARTUP)
        programs = Path(specification["env"]["PATH"].split(os.pathsep)[0])
        return Kernel(folder.name, folder, specification["argv"][0], programs) if ours else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # somebody else's
        return None
