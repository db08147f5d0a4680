"""Instance types: the processors, memory and GPUs of a container, as far as this machine has them."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

MIB, GIB = 1 << 20, 1 << 30
TYPE = re.compile(r"ml\.([a-z]+)(\d)([a-z]*)\.(?:(\d*)x?)(large|medium)")
GIB_PER_VCPU = {"c": 2.0, "m": 4.0, "r": 8.0, "t": 4.0, "g": 4.0}
# AWS's types that do not follow the rule of their family: vCPUs, GiB, GPUs.
EXCEPTIONS = {
    "ml.t2.medium": (2, 4, 0),
    "ml.t3.medium": (2, 4, 0),
    "ml.t2.large": (2, 8, 0),
    "ml.t3.large": (2, 8, 0),
    "ml.c4.large": (2, 3.75, 0),
    "ml.c4.xlarge": (4, 7.5, 0),
    "ml.c4.2xlarge": (8, 15, 0),
    "ml.c4.4xlarge": (16, 30, 0),
    "ml.c4.8xlarge": (36, 60, 0),
    "ml.p2.xlarge": (4, 61, 1),
    "ml.p2.8xlarge": (32, 488, 8),
    "ml.p2.16xlarge": (64, 732, 16),
    "ml.p3.2xlarge": (8, 61, 1),
    "ml.p3.8xlarge": (32, 244, 4),
    "ml.p3.16xlarge": (64, 488, 8),
    "ml.p3dn.24xlarge": (96, 768, 8),
    "ml.p4d.24xlarge": (96, 1152, 8),
    "ml.p4de.24xlarge": (96, 1152, 8),
    "ml.p5.48xlarge": (192, 2048, 8),
}
GPUS = {"12x": 4, "24x": 4, "48x": 8}  # in the g families; every other size has one

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class InstanceType:
    vcpus: float
    memory_gib: float
    gpus: int = 0

    @classmethod
    def from_settings(cls, numbers: Mapping[str, float]) -> InstanceType:
        """Return the type that the user defined in SAGEMAKER_EMULATOR_INSTANCE_TYPES."""
        return cls(numbers["vcpus"], numbers["memory_gib"], int(numbers.get("gpus", 0)))

    @classmethod
    def of(cls, name: str) -> InstanceType | None:
        """Return AWS's type of this name, or None if the type is unknown."""
        if name in EXCEPTIONS:
            return cls(*EXCEPTIONS[name])
        match = TYPE.fullmatch(name)
        if match is None or match[1] not in GIB_PER_VCPU:
            return None
        family, size = match[1], name.rpartition(".")[2].removesuffix("large")
        vcpus = {"medium": 1, "": 2, "x": 4}.get(size) or 4 * int(size.removesuffix("x"))
        gpus = GPUS.get(size, 1) if family == "g" else 0
        return cls(vcpus, vcpus * GIB_PER_VCPU[family], gpus)


@dataclass(frozen=True)
class Limits:
    """The limits of one container; None means no limit."""

    vcpus: float | None = None
    memory_bytes: int | None = None
    gpus: int = 0

    @property
    def memory(self) -> str:
        return f"{self.memory_bytes / GIB:g} GiB" if self.memory_bytes else "memory that this machine has"


@dataclass(frozen=True)
class InstanceTypes:
    """`own` types override AWS's."""

    machine_vcpus: int
    machine_memory_bytes: int
    own: Mapping[str, InstanceType] = field(default_factory=dict)

    @classmethod
    def of_machine(cls, info: Mapping[str, Any], own: Mapping[str, InstanceType]) -> InstanceTypes:
        """Return the types for the machine that Docker's `info` describes."""
        return cls(info["NCPU"], info["MemTotal"], own)

    def limits(self, name: str, memory_mb: int | None = None) -> Limits:
        """Return the limits of an instance type. What exceeds this machine is not limited, and logged once.

        Serverless variants have no type (an empty name) but a memory size.
        """
        if memory_mb is not None:
            return Limits(memory_bytes=min(memory_mb * MIB, self.machine_memory_bytes))
        type_ = self.own.get(name) or InstanceType.of(name)
        if type_ is None:
            if name:
                self._log_once(name, f"the instance type {name} is unknown: its containers have no limits")
            return Limits()
        memory_bytes = int(type_.memory_gib * GIB)
        if type_.vcpus > self.machine_vcpus or memory_bytes > self.machine_memory_bytes:
            self._log_once(
                name,
                f"{name} has {type_.vcpus:g} vCPUs and {type_.memory_gib:g} GiB, this machine {self.machine_vcpus} "
                f"and {self.machine_memory_bytes / GIB:.1f}: its containers get all that this machine has",
            )
        return Limits(
            vcpus=type_.vcpus if type_.vcpus <= self.machine_vcpus else None,
            memory_bytes=memory_bytes if memory_bytes <= self.machine_memory_bytes else None,
            gpus=type_.gpus,
        )

    @cached_property
    def _logged(self) -> set[str]:
        return set()

    def _log_once(self, name: str, text: str) -> None:
        if name not in self._logged:
            self._logged.add(name)
            log.info(text)
