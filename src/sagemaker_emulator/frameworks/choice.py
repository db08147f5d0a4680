"""The choice of a Python and of versions: those that the image's tag names, or else the nearest that exist.

In this order: the tag's version for a Python of this machine, the image's own first; the tag's version for the image's
Python, which uv fetches; the nearest version, the next higher before the next lower, for a Python of this machine.
A version exists here if an index has a built package of it for the Python and the machine.
"""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sagemaker_emulator.frameworks.image_names import FrameworkImage, parts_of
from sagemaker_emulator.frameworks.package_sources import torch_index
from sagemaker_emulator.frameworks.pythons import Python, fetched, pythons
from sagemaker_emulator.frameworks.requirements import TORCH, Package, Requirements
from sagemaker_emulator.frameworks.uv import TICK_S, NoSolution, Tick, Uv

COMPILE = ("pip", "compile", "-", "--quiet", "--no-deps", "--no-build", "--no-header", "--no-annotate")
NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")


class NotAvailable(Exception):
    """No package fits a Python of this machine; the text names the packages and the Pythons."""


@dataclass(frozen=True)
class Choice:
    """A Python, the requirements that pin the named packages, and the notes on what differs from AWS's image.

    `torch_options` are uv's options for torch, and `with_torch` the packages to install in the same step.
    """

    python: Python
    pins: tuple[str, ...]
    notes: tuple[str, ...] = ()
    torch_options: tuple[str, ...] = ()
    with_torch: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chooser:
    """One search. `is_on_gpu`: builds with CUDA are wanted.

    `is_pc`: this is x86-64 Linux, for which PyPI has torch only with CUDA.
    """

    uv: Uv
    image: FrameworkImage
    requirements: Requirements
    is_on_gpu: bool
    tick: Tick
    torch_index: Callable[[], str | None] = torch_index
    is_pc: bool = sys.platform == "linux" and platform.machine() == "x86_64"
    notes: list[str] = field(default_factory=list)

    def choose(self, may_be_nearest: bool) -> Choice:
        """Return the best choice. Raises NotAvailable if there is none, or only the nearest, which is not allowed."""
        present = pythons(self.uv, self.image.python, self.tick)
        python, pins = next(self._fitting(present, may_be_nearest), (None, None))
        if python is None or pins is None:
            named = ", ".join(package.exact() for package in self.requirements.named)
            versions = ", ".join(map(str, present)) or "no Python from 3.9 to 3.13"
            raise NotAvailable(f"the package index has no {named} for this machine ({versions})")
        with_torch = self._beside_torch(python, pins) if self.requirements.needs_torch else ()
        notes = (*self.notes, *_python_note(self.image, python), *self._version_notes(pins, python))
        return Choice(python, pins, notes, self._torch_options, with_torch)

    def _fitting(self, present: list[Python], may_be_nearest: bool) -> Iterator[tuple[Python, tuple[str, ...]]]:
        for python in present:
            if pins := self._pinned(python, is_exact=True):
                yield python, pins
        wanted = self.image.python
        if wanted and all(f"3.{python.minor}" != wanted for python in present):
            self.tick(f"fetching Python {wanted}")
            new = fetched(self.uv, wanted, self.tick)
            if new and (pins := self._pinned(new, is_exact=True)):
                yield new, pins
        for python in present if may_be_nearest else ():
            if pins := self._pinned(python, is_exact=False):
                yield python, pins

    def _pinned(self, python: Python, is_exact: bool) -> tuple[str, ...] | None:
        """Return a pin for each named package, or None if one of them has no package that fits."""
        pins = []
        for package in self.requirements.named:
            pin = self._pin(python, package, is_exact)
            if pin is None:
                return None
            pins.append(pin)
        return tuple(pins)

    def _pin(self, python: Python, package: Package, is_exact: bool) -> str | None:
        if package.name == TORCH and self._lacks_torch_index:
            return self._cpu_torch(python, package, is_exact)
        options = self._torch_options if package.name == TORCH else ()
        if pin := self._resolved(python, package.exact(), *options):
            return pin
        if is_exact:
            return None
        above = self._resolved(python, package.at_least(), "--resolution", "lowest-direct", *options)
        return above or self._resolved(python, package.below(), *options)

    def _cpu_torch(self, python: Python, package: Package, is_exact: bool) -> str | None:
        """Return a build without CUDA from the user's own index: of the tag's version, else of the kit's own torch."""
        if pin := self._resolved(python, f"{package.exact().removesuffix('.*')}+cpu"):
            return pin
        own = own_torch()
        if own is None or (is_exact and not package.is_version(own)):
            return None
        return self._resolved(python, f"{TORCH}=={own}")

    def _beside_torch(self, python: Python, pins: tuple[str, ...]) -> tuple[str, ...]:
        """Return the pins of torchvision and torchaudio, as far as there are builds that fit the chosen torch."""
        torch = next(pin for pin in pins if pin.startswith(f"{TORCH}=="))
        version = torch.partition("==")[2].partition("+")[0]
        beside = []
        for name, number in (("torchvision", _torchvision(version)), ("torchaudio", version)):
            pin = None if self._lacks_torch_index else self._resolved(python, f"{name}=={number}", *self._torch_options)
            if pin:
                beside.append(pin)
            else:
                self.notes.append(f"{name} is left out: there is no build of it for {torch} without CUDA.")
        return tuple(beside)

    def _resolved(self, python: Python, requirement: str, *options: str) -> str | None:
        self.tick(f"looking for {requirement} for {python}")
        with suppress(NoSolution):
            output = self.uv.run(
                *COMPILE, "--python", python.path, *options, tick=self.tick, input_text=f"{requirement}\n"
            )
            return next((line for line in output.splitlines() if "==" in line), None)
        return None

    @cached_property
    def _torch_index(self) -> str | None:
        if not self._wants_cpu_torch:
            return None
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(self.torch_index)
            while not answer.done():
                with suppress(TimeoutError):
                    return answer.result(TICK_S)
                self.tick("asking PyTorch's index for builds without CUDA")
            return answer.result()

    @property
    def _wants_cpu_torch(self) -> bool:
        return self.is_pc and not self.is_on_gpu and self.requirements.needs_torch

    @property
    def _lacks_torch_index(self) -> bool:
        return self._wants_cpu_torch and self._torch_index is None

    def _version_notes(self, pins: tuple[str, ...], python: Python) -> Iterator[str]:
        for package, pin in zip(self.requirements.named, pins, strict=True):
            version = pin.partition("==")[2].partition(" ")[0]
            if not package.is_version(version):
                reason = f"has no package for {python} on this machine"
                if package.name == TORCH and self._lacks_torch_index:
                    reason = "has no build without CUDA in your package index, and PyTorch's own cannot be reached"
                yield (
                    f"{package.name} {package.version}, which the image's tag names, {reason}; the nearest, {version}, "
                    "takes its place."
                )

    @property
    def _torch_options(self) -> tuple[str, ...]:
        return ("--default-index", self._torch_index) if self._torch_index else ()


def has_gpu() -> bool:
    return NVIDIA_DRIVER.exists()


def own_torch() -> str | None:
    """Return the version of the kit's own torch, which was installed without CUDA if that was possible."""
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(TORCH)
    return None


def _torchvision(torch: str) -> str:
    """Return the version of torchvision that belongs to a version of torch. Source: pytorch/vision, README."""
    major, minor, *patch = parts_of(torch)
    return f"0.{minor + (15 if major > 1 else 1)}.{patch[0] if patch else 0}"


def _python_note(image: FrameworkImage, python: Python) -> tuple[str, ...]:
    if image.python in (None, f"3.{python.minor}"):
        return ()
    return (f"AWS's image has Python {image.python}; this environment has {python}.",)
