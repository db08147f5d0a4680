"""The programs that the process engine runs in the place of images, and the refusal of all others."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.engine.monitoring_images import monitoring_command
from sagemaker_emulator.frameworks import program as framework_program
from sagemaker_emulator.frameworks.environments import Environment, Environments
from sagemaker_emulator.frameworks.image_names import framework_image
from sagemaker_emulator.frameworks.installation import InstallationFailed
from sagemaker_emulator.frameworks.package_sources import job_environment

PYTHONS = ("python", "python3")
PYTHON_NAME = re.compile(r"python[0-9.]*")
IMAGE_CLASSIFICATION = re.compile(r"(?:[^/]+/)?image-classification(?:[:@].+)?")
FRAMEWORK_EXAMPLE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"


@dataclass(frozen=True)
class Program:
    """The program of an image's container. `launcher` starts an entrypoint of the request in its place, in a Python
    environment of the job's own; `runs_arguments` means that arguments without an entrypoint are a command, too.

    `environment` are variables of its container, `shown` folders that it needs.
    """

    command: tuple[str, ...]
    launcher: tuple[str, ...] = ()
    runs_arguments: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    shown: tuple[str, ...] = ()

    def words(self, entrypoint: tuple[str, ...], command: str, arguments: tuple[str, ...]) -> tuple[str, ...]:
        """Return the command line of a container: the program's own, unless the request replaces it."""
        rest = (command, *arguments) if command else arguments
        if self.launcher and not command and (entrypoint or self.runs_arguments):
            return (*self.launcher, *entrypoint, *rest)
        if not entrypoint:
            return (*self.command, *rest)
        first = sys.executable if entrypoint[0] in PYTHONS else entrypoint[0]
        return (first, *entrypoint[1:], *rest)


@dataclass(frozen=True)
class Programs:
    """`module` is the program of AWS's image-classification; `own_images` are the user's.

    The rest are the images of Model Monitor and of frameworks.
    """

    module: str
    own_images: Mapping[str, list[str]]
    environments: Environments

    def require(self, image: str) -> None:
        """EngineError, with the ways that lead on, for an image that no program stands for."""
        is_kits = IMAGE_CLASSIFICATION.fullmatch(image) or monitoring_command(image)
        if not (image in self.own_images or is_kits or framework_image(image)):
            raise EngineError(refusal(image))

    def prepare(self, image: str, say: Callable[[str], None]) -> None:
        """Install the packages of a framework image, with progress. EngineError if that is impossible."""
        if image not in self.own_images and framework_image(image):
            self._environment(image, say)

    def of(self, image: str) -> Program:
        """Return the program of an image. EngineError if there is none."""
        self.require(image)
        if image in self.own_images:
            own = tuple(self.own_images[image])
            is_python = PYTHON_NAME.fullmatch(Path(own[0]).name) if own else None
            return Program(own, _launcher(own[0]) if is_python else (), environment=_settings_of_pip())
        if IMAGE_CLASSIFICATION.fullmatch(image):
            python = sys.executable
            return Program((python, "-m", self.module), _launcher(python), environment=_settings_of_pip())
        if command := monitoring_command(image):
            return Program(command, environment=_settings_of_pip())
        framework = framework_image(image)
        assert framework is not None
        environment = self._environment(image, lambda _: None)
        python = str(environment.python)
        path = os.pathsep.join([str(environment.bin), os.environ.get("PATH", os.defpath)])
        variables = {**job_environment(), "PATH": path, "VIRTUAL_ENV": str(environment.folder)}
        base = str(Path(os.path.realpath(python)).parents[1])
        program = (python, "-m", "frameworks")
        shown = (str(environment.folder), base)
        return Program((*program, framework.framework), (*program, "run"), True, variables, shown)

    def _environment(self, image: str, say: Callable[[str], None]) -> Environment:
        framework = framework_image(image)
        assert framework is not None
        try:
            return self.environments.prepare(framework, say)
        except InstallationFailed as error:
            raise EngineError(str(error)) from error


def _settings_of_pip() -> dict[str, str]:
    """Return the variables of the job's pip; programs other than frameworks' get no proxies of the user's."""
    return {name: value for name, value in job_environment().items() if name.startswith("PIP_")}


def _launcher(python: str) -> tuple[str, ...]:
    """Return the launcher for a Python that need not have the kit's program `frameworks`."""
    place = str(framework_program.source().parent)
    start = "import sys; sys.path.append(sys.argv.pop(1)); from frameworks.__main__ import main; main(sys.argv[1:])"
    return (python, "-c", start, place, "run")


def refusal(image: str) -> str:
    """Return why an image does not run, and the three alternatives."""
    own = json.dumps({image: ["python", "/path/of/program.py"]})
    return (
        f"The process engine cannot run the image {image!r}: it runs programs, and has them for the built-in "
        "image-classification algorithm and for AWS's framework images. There are three alternatives: (1) Train and "
        "serve a script of yours in a framework image (scikit-learn, PyTorch, TensorFlow, Hugging Face, XGBoost), such "
        f"as {FRAMEWORK_EXAMPLE}; docs/frameworks.md lists them. (2) Use a program of your own instead of the image, "
        f"which is called with train or serve: SAGEMAKER_EMULATOR_OWN_IMAGES='{own}' scones up. (3) Run the image "
        "itself in Docker: SAGEMAKER_EMULATOR_ENGINE=docker scones up."
    )
