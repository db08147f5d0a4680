"""The packages that stand for a framework image: the framework, and those in AWS's image that scripts import.

The bounds keep a framework together with packages of its time, because its own metadata does not exclude newer ones:
scikit-learn 1.2 does not start with NumPy 2, for example. Sources: requirements.txt of sagemaker-scikit-learn-container
and sagemaker-xgboost-container, the release notes of AWS's deep learning containers, and the packages' own metadata.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from sagemaker_emulator.frameworks.image_names import (
    HUGGING_FACE,
    PYTORCH,
    SCIKIT_LEARN,
    TENSORFLOW,
    XGBOOST,
    FrameworkImage,
    parts_of,
)

REVISION = 1  # part of an environment's name: a higher number makes new environments
TORCH = "torch"
# pip and setuptools are in AWS's images, too: scripts install packages and import pkg_resources.
SERVER = ("gunicorn==23.0.0",)  # of the program `frameworks`; it is pure Python
BASE = ("pip", "setuptools>=77,<81", "wheel", "boto3", "requests", "PyYAML", "psutil", "joblib", "packaging", *SERVER)
DATA = ("numpy", "scipy", "pandas<2.3", "pyarrow")  # 2.2 in AWS's images; 3 has other types of columns
IMAGES = ("pillow", "matplotlib")
# Libraries for GPUs alone, of hundreds of megabytes
FOR_GPUS = ("nvidia-nccl-cu12", "nvidia-nccl-cu13")


@dataclass(frozen=True)
class Package:
    """A package whose version an image's tag names. `version` may lack the patch."""

    name: str
    version: str

    def exact(self) -> str:
        return f"{self.name}=={self.version}" if self.version.count(".") > 1 else f"{self.name}=={self.version}.*"

    def at_least(self) -> str:
        return f"{self.name}>={self.version}"

    def below(self) -> str:
        return f"{self.name}<{self.version}"

    def is_version(self, version: str) -> bool:
        """Return whether a package's full version, perhaps with the name of a build, is the one that the tag names."""
        public = version.partition("+")[0]
        if self.version.count(".") > 1 and _without_zeros(public) == _without_zeros(self.version):
            return True  # PEP 440: XGBoost's 0.90 is 0.90.0
        return public == self.version or public.startswith(f"{self.version}.")


@dataclass(frozen=True)
class Requirements:
    """`named` have the tag's versions; `beside` are installed with them. `module` is imported at the end."""

    named: tuple[Package, ...]
    beside: tuple[str, ...]
    module: str

    @property
    def needs_torch(self) -> bool:
        return any(package.name == TORCH for package in self.named)


def requirements_of(image: FrameworkImage, system: str = sys.platform, machine: str = "x86_64") -> Requirements:
    """Return the packages of an image. `system` is named as in `sys.platform`, `machine` as in `platform.machine()`."""
    version = parts_of(image.version)
    if image.framework == SCIKIT_LEARN:
        return Requirements(
            (Package("scikit-learn", image.version),), (*BASE, *DATA, *_of_scikit_learn(version)), "sklearn"
        )
    if image.framework == XGBOOST:
        return Requirements((Package("xgboost", image.version),), (*BASE, *DATA, *_of_xgboost(version)), "xgboost")
    if image.framework == TENSORFLOW:
        package = _tensorflow(image, system, machine)
        return Requirements((Package(package, image.version),), (*BASE, *DATA, *IMAGES, "scikit-learn"), "tensorflow")
    if image.framework == PYTORCH:
        return Requirements((Package(TORCH, image.version),), (*_with_torch(version), *IMAGES), TORCH)
    return _of_hugging_face(image, system, machine)


def _without_zeros(version: str) -> str:
    return re.sub(r"(?:\.0)+$", "", version)


def _of_scikit_learn(version: tuple[int, ...]) -> tuple[str, ...]:
    if version < (1, 4):
        return ("numpy<2", "scipy<1.12")
    return ("numpy<2.2", "scipy<1.15") if version < (1, 6) else ()


def _of_xgboost(version: tuple[int, ...]) -> tuple[str, ...]:
    if version < (2,):
        return ("numpy<2", "scipy<1.14", "scikit-learn<1.6", "matplotlib")
    return ("numpy<2.2", "scikit-learn<1.9", "matplotlib")


def _with_torch(version: tuple[int, ...]) -> tuple[str, ...]:
    numpy = ("numpy<2",) if version < (2, 3) else ()
    return (*BASE, *DATA, *numpy, "scikit-learn", "tqdm")


def _tensorflow(image: FrameworkImage, system: str, machine: str) -> str:
    """Return `tensorflow-cpu` on machines that have it, unless CUDA is wanted; elsewhere `tensorflow` has no CUDA."""
    is_pc = system == "linux" and machine == "x86_64"
    return "tensorflow-cpu" if is_pc and not image.is_for_gpus else "tensorflow"


def _of_hugging_face(image: FrameworkImage, system: str, machine: str) -> Requirements:
    assert image.framework == HUGGING_FACE
    transformers = Package("transformers", image.version)
    beside = ("datasets", "accelerate", "evaluate", "sentencepiece", "protobuf", *IMAGES)
    if image.backend == TENSORFLOW:
        return Requirements(
            (transformers, Package(_tensorflow(image, system, machine), image.backend_version)),
            (*BASE, *DATA, *beside[2:], "scikit-learn"),
            "transformers",
        )
    torch = Package(TORCH, image.backend_version)
    return Requirements((transformers, torch), (*_with_torch(parts_of(image.backend_version)), *beside), "transformers")
