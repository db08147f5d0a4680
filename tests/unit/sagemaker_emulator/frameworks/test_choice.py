"""The choice of a Python and versions, above all of torch, which the general index has only with CUDA."""

from __future__ import annotations

import sys
import time

import pytest
from tests.package_index import PackageIndex

from sagemaker_emulator.frameworks.choice import Choice, Chooser, NotAvailable, own_torch
from sagemaker_emulator.frameworks.image_names import FrameworkImage
from sagemaker_emulator.frameworks.requirements import requirements_of

PYTORCH = FrameworkImage("pytorch", "2.8.0", "training", None)
OWN = own_torch() or ""
THIS = sys.version_info.minor


def choose(
    index: PackageIndex, image: FrameworkImage, torch_index: str | None = None, is_on_gpu: bool = False
) -> Choice:
    requirements = requirements_of(image, "linux", "x86_64")
    chooser = Chooser(index.uv(), image, requirements, is_on_gpu, lambda _: None, lambda: torch_index, is_pc=True)
    return chooser.choose(may_be_nearest=True)


def listed(minor: int) -> dict[str, object]:
    """Return an entry of `uv python list`."""
    return {
        "path": f"/python3.{minor}",
        "implementation": "cpython",
        "variant": "default",
        "version": f"3.{minor}.1",
        "version_parts": {"major": 3, "minor": minor, "patch": 1},
    }


def test_torch_comes_from_its_own_index_with_torchvision_of_the_same_release(index: PackageIndex) -> None:
    index.describe({"torch": ["2.8.0+cpu", "2.8.0"], "torchvision": ["0.23.0"], "torchaudio": ["2.8.0"]})
    choice = choose(index, PYTORCH, torch_index="https://torch")
    assert choice.pins == ("torch==2.8.0",)
    assert choice.with_torch == ("torchvision==0.23.0", "torchaudio==2.8.0")
    assert choice.torch_options == ("--default-index", "https://torch")
    assert choice.notes == ()


def test_without_that_index_the_kits_own_torch_is_nearer_than_a_build_with_cuda(index: PackageIndex) -> None:
    index.describe({"torch": ["2.8.0", OWN]})
    choice = choose(index, PYTORCH)
    assert choice.pins == (f"torch=={OWN}",)
    assert any("2.8.0" in note and OWN in note for note in choice.notes)
    assert any("torchvision" in note for note in choice.notes)


def test_a_build_without_cuda_in_the_users_own_index_is_taken(index: PackageIndex) -> None:
    index.describe({"torch": ["2.8.0", "2.8.0+cpu", OWN]})
    assert choose(index, PYTORCH).pins == ("torch==2.8.0+cpu",)


def test_with_a_gpu_the_general_index_has_the_right_build(index: PackageIndex) -> None:
    index.describe({"torch": ["2.8.0"]})
    assert choose(index, PYTORCH, is_on_gpu=True).pins == ("torch==2.8.0",)


def test_a_python_that_has_the_version_comes_before_a_nearer_one_that_has_not(index: PackageIndex) -> None:
    index.describe({"scikit-learn": ["1.4.2"]}, pythons=[listed(9), listed(12)])
    image = FrameworkImage("scikit-learn", "1.4.2", "both", "3.12")
    choice = choose(index, image)
    assert (choice.python.minor, choice.notes) == (12, ())


def test_another_python_than_the_images_is_noted(index: PackageIndex) -> None:
    choice = choose(index, FrameworkImage("scikit-learn", "1.4.2", "both", "3.9"))
    assert choice.python.minor == THIS
    assert choice.notes == (f"AWS's image has Python 3.9; this environment has Python 3.{THIS}.",)


def test_progress_goes_on_while_torchs_index_does_not_answer(index: PackageIndex) -> None:
    index.describe({"torch": [OWN]})
    ticks: list[str] = []

    def late() -> None:
        deadline = time.monotonic() + 60
        while len([tick for tick in ticks if "PyTorch's index" in tick]) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)  # poll

    Chooser(index.uv(), PYTORCH, requirements_of(PYTORCH), False, ticks.append, late, is_pc=True).choose(True)
    assert len([tick for tick in ticks if "PyTorch's index" in tick]) >= 2


def test_a_package_that_does_not_exist_is_named(index: PackageIndex) -> None:
    index.describe({})
    with pytest.raises(NotAvailable, match=r"scikit-learn==1\.4\.2"):
        choose(index, FrameworkImage("scikit-learn", "1.4.2", "both", None))
