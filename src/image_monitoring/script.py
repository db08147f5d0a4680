"""Run from a zip file in a public framework image: `python3 image_monitoring-<hash>.zip`.

The image has NumPy and SciPy. If it lacks Pillow, as AWS's scikit-learn image does, pip installs it for this job.
"""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import tempfile

PILLOW = "pillow>=9,<14"


def main() -> int:
    """Install Pillow if it is missing, and run the program."""
    if importlib.util.find_spec("PIL") is None:
        install(PILLOW)
    # imported only now, because it needs Pillow
    from image_monitoring.__main__ import main as run

    return run(sys.argv[1:])


def install(requirement: str) -> None:
    """Install a package into a folder of this job. Raises CalledProcessError after pip has said why."""
    folder = tempfile.mkdtemp(prefix="packages-")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "--target", folder, requirement], check=True)
    sys.path.append(folder)
    importlib.invalidate_caches()
