"""The settings of the `serve` command, read from the container's environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CGROUP_CPU = Path("/sys/fs/cgroup/cpu.max")
WORKERS_MAX, THREADS_MAX = 256, 64


class SettingError(Exception):
    """An environment variable has a value that cannot be used."""


@dataclass(frozen=True)
class ServeSettings:
    host: str
    port: int
    max_payload_mb: int
    workers: int
    threads: int  # in each worker, for requests that would block its event loop
    multi_model: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "ServeSettings":
        cores = usable_cores()
        multi_model = environment.get("SAGEMAKER_MULTI_MODEL", "").lower() == "true"
        workers = bounded_integer(environment, "SAGEMAKER_MODEL_SERVER_WORKERS", cores, WORKERS_MAX)
        workers = 1 if multi_model else workers  # one worker has all models
        threads = max(1, cores // workers)
        return cls(
            host=environment.get("SAGEMAKER_BIND_TO_HOST") or "0.0.0.0",  # noqa: S104 the container contract
            port=bounded_integer(environment, "SAGEMAKER_BIND_TO_PORT", 8080, 65535),
            max_payload_mb=bounded_integer(environment, "SAGEMAKER_MAX_PAYLOAD_IN_MB", 6, 100),
            workers=workers,
            threads=bounded_integer(environment, "SAGEMAKER_MODEL_SERVER_THREADS", threads, THREADS_MAX),
            multi_model=multi_model,
        )


def bounded_integer(environment: Mapping[str, str], name: str, default: int, limit: int) -> int:
    text = environment.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= limit):
        raise SettingError(f"{name} is {text!r}; it must be a whole number from 1 to {limit}")
    return int(text)


def usable_cores(quota: Path = CGROUP_CPU) -> int:
    """Return how many cores this process may use: a container often gets fewer than the machine has."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(cores, WORKERS_MAX, quota_cores(quota)))


def quota_cores(quota: Path) -> int:
    """Return the control group's CPU quota in cores, rounded up; WORKERS_MAX if there is none."""
    try:
        time_us, period_us = quota.read_text(encoding="ascii").split()
        return -(-int(time_us) // int(period_us))
    except (OSError, ValueError):  # no control group, or no limit: "max 100000"
        return WORKERS_MAX
