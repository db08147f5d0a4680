"""The numbers of CPUs and GPUs, for SM_NUM_CPUS and SM_NUM_GPUS."""

from __future__ import annotations

import multiprocessing
import subprocess

from frameworks.contract.log import toolkit_log

TIMEOUT_S = 30


def cpu_count() -> int:
    return multiprocessing.cpu_count()


def gpu_count() -> int:
    """Return the number of GPUs that nvidia-smi lists, which needs no framework."""
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--list-gpus"], capture_output=True, text=True, check=True, timeout=TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError):
        toolkit_log().info("No GPUs detected (normal if no gpus installed)")
        return 0
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
