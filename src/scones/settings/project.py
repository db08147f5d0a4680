"""The folders and files of the project, and the tag of what it creates in AWS."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
# Installed as a package, PROJECT is a folder in the user's cache.
IS_CHECKOUT = (PROJECT / "pyproject.toml").is_file()
# The tag of everything that the application creates. `scones destroy` removes nothing without it.
PROJECT_TAG = {"Key": "project", "Value": "scones-unlimited"}


def results_folder(project: Path) -> Path:
    """Return `out` in the checkout. Installed as a package: in the folder in which the command runs."""
    return (project if IS_CHECKOUT else Path.cwd()) / "out"


def targets_file() -> Path:
    """Return the kit's `targets.toml`. Where the kit was installed as a package, one in this folder takes its place."""
    own = Path.cwd() / "targets.toml"
    return own if not IS_CHECKOUT and own.is_file() else PROJECT / "targets.toml"
