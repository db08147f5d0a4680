"""The packages in the place of framework images."""

from __future__ import annotations

import pytest

from sagemaker_emulator.frameworks.image_names import FrameworkImage
from sagemaker_emulator.frameworks.requirements import Package, requirements_of


@pytest.mark.parametrize(
    ("package", "exact", "at_least"),
    [
        (Package("torch", "2.8.0"), "torch==2.8.0", "torch>=2.8.0"),
        (Package("torch", "2.8"), "torch==2.8.*", "torch>=2.8"),
    ],
)
def test_a_tag_without_a_patch_means_any_patch(package: Package, exact: str, at_least: str) -> None:
    assert (package.exact(), package.at_least()) == (exact, at_least)


@pytest.mark.parametrize(
    ("named", "version", "expected"),
    [
        ("2.8.0", "2.8.0+cpu", True),
        ("2.8", "2.8.1", True),
        ("2.8", "2.80.0", False),
        ("2.8.0", "2.13.0", False),
        ("0.90.0", "0.90", True),
        ("0.90.0", "0.9", False),
        ("0.90.0", "0.90.1", False),
    ],
)
def test_the_build_of_a_version_does_not_matter(named: str, version: str, expected: bool) -> None:
    assert Package("torch", named).is_version(version) is expected


@pytest.mark.parametrize(
    ("version", "bounds"),
    [
        ("1.2.1", {"numpy<2", "scipy<1.12"}),  # built with NumPy 1
        ("1.4.2", {"numpy<2.2", "scipy<1.15"}),  # AWS's image has NumPy 2.1
        ("1.6.0", set()),
    ],
)
def test_scikit_learn_gets_the_numpy_and_scipy_of_its_time(version: str, bounds: set[str]) -> None:
    beside = set(requirements_of(FrameworkImage("scikit-learn", version, "both", None)).beside)
    assert {bound for bound in beside if bound.startswith(("numpy<", "scipy<"))} == bounds


@pytest.mark.parametrize(
    ("system", "machine", "for_gpus", "package"),
    [
        ("linux", "x86_64", False, "tensorflow-cpu"),
        ("linux", "x86_64", True, "tensorflow"),
        ("linux", "aarch64", False, "tensorflow"),
        ("darwin", "arm64", False, "tensorflow"),
    ],
)
def test_tensorflow_comes_without_cuda(system: str, machine: str, for_gpus: bool, package: str) -> None:
    image = FrameworkImage("tensorflow", "2.19.0", "training", "3.12", for_gpus)
    assert requirements_of(image, system, machine).named == (Package(package, "2.19.0"),)


def test_hugging_face_has_the_version_of_transformers_and_of_its_backend() -> None:
    image = FrameworkImage("huggingface", "4.56.2", "training", "3.12", False, "pytorch", "2.8.0")
    requirements = requirements_of(image)
    assert requirements.named == (Package("transformers", "4.56.2"), Package("torch", "2.8.0"))
    assert requirements.needs_torch
    assert {"datasets", "accelerate"} <= set(requirements.beside)


@pytest.mark.parametrize("framework", ["scikit-learn", "xgboost", "pytorch", "tensorflow"])
def test_every_environment_has_what_scripts_and_the_server_need(framework: str) -> None:
    beside = requirements_of(FrameworkImage(framework, "2.6.0", "both", None)).beside
    names = {line.split("<")[0].split("=")[0].split(">")[0] for line in beside}
    assert {"pip", "boto3", "numpy", "pandas", "scipy", "joblib", "gunicorn"} <= names
