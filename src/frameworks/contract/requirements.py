"""Install what a user's source needs into the job's own environment: requirements.txt, a package with setup.py."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from frameworks.contract.commands import Command, run
from frameworks.contract.log import toolkit_log

REQUIREMENTS = "requirements.txt"
PACKAGE = "setup.py"


def install_requirements(folder: Path) -> None:
    """Install a folder's requirements.txt if it has one. Raises CommandFailed with pip's error."""
    if (folder / REQUIREMENTS).is_file():
        toolkit_log().info("Installing dependencies from requirements.txt")
        _pip_install("InstallRequirementsError", folder, "-r", REQUIREMENTS)


def install_package(folder: Path) -> None:
    """Install the package in a folder, with its requirements.txt if any. Raises CommandFailed with pip's error."""
    toolkit_log().info("Installing module.")
    requirements = ["-r", REQUIREMENTS] if (folder / REQUIREMENTS).is_file() else []
    _pip_install("InstallModuleError", folder, ".", *requirements)


def _pip_install(kind: str, folder: Path, *arguments: str) -> None:
    environment = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore", **os.environ}
    run(Command(kind, [sys.executable, "-m", "pip", "install", *arguments]), folder, environment)
