"""Find a user's inference code where each container looks for it, and install its packages."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from frameworks.contract.failure import ClientError
from frameworks.contract.paths import ContainerPaths
from frameworks.contract.requirements import install_requirements
from frameworks.contract.source import bring_source
from frameworks.contract.user_module import load_module
from frameworks.serving.settings import ServingSettings
from frameworks.stand_ins import provide_toolkit_modules

# The default name in containers that have handlers for everything: without this module they serve with their defaults.
DEFAULT_PROGRAM = "inference.py"
# These take their code from SAGEMAKER_SUBMIT_DIRECTORY, and have no default name for it (sagemaker_containers/_env.py).
TAKE_SUBMIT_DIRECTORY = ("scikit-learn", "xgboost")


@dataclass(frozen=True)
class InferenceCode:
    """A folder, and the program in it; no program where the container's defaults serve."""

    folder: Path
    program: str | None

    @classmethod
    def prepare(cls, framework: str, paths: ContainerPaths, settings: ServingSettings) -> InferenceCode:
        """Fetch the code and install its requirements.txt. Raises ClientError or S3's errors if that fails."""
        folder = _folder(framework, paths, settings)
        packages = folder / "lib"
        if framework == "tensorflow" and packages.is_dir():  # the archive brings its packages along
            sys.path.insert(0, str(packages))
        else:
            install_requirements(folder)
        return cls(folder, _program(framework, folder, settings))

    def module(self) -> ModuleType | None:
        """Import the program, if there is one. Raises whatever its code raises."""
        provide_toolkit_modules()
        return load_module(self.folder, self.program) if self.program else None


def _folder(framework: str, paths: ContainerPaths, settings: ServingSettings) -> Path:
    place = settings.submit_directory
    if place.startswith("s3://"):
        bring_source(place, paths.code)
        return paths.code
    if framework in TAKE_SUBMIT_DIRECTORY and place:
        # file:// is what the SDK's local mode writes
        return Path(place[len("file://") :] if place.startswith("file://") else place)
    return paths.model / "code"


def _program(framework: str, folder: Path, settings: ServingSettings) -> str | None:
    """Return the program's name, or None where the container serves without one."""
    if framework == "xgboost":
        return settings.program or None
    if framework == "scikit-learn":
        if not settings.program:
            raise ClientError(
                "SAGEMAKER_PROGRAM is not set: the scikit-learn container has no default for model_fn, so it needs an "
                "entry_point that defines one."
            )
        return settings.program
    program = DEFAULT_PROGRAM if framework == "tensorflow" else settings.program or DEFAULT_PROGRAM
    name = program if program.endswith(".py") else f"{program}.py"
    return program if (folder / name).is_file() else None
