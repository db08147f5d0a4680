"""The one place that decides on which processor, and in which precision, a job computes."""

import contextlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

import torch

Autocast = Callable[[], AbstractContextManager[object]]
BFLOAT16_CPU_FEATURES = ("avx512_bf16", "amx_bf16")
BFLOAT16_SINCE = (8, 0)  # CUDA's compute capability; older GPUs have only float16


@dataclass(frozen=True)
class Precision:
    """`note` says in the log what is computed in, and why that is not what was asked for."""

    device: torch.device
    dtype: torch.dtype
    note: str

    @property
    def autocast(self) -> Autocast:
        if self.dtype == torch.float32:
            return contextlib.nullcontext
        return partial(torch.autocast, self.device.type, dtype=self.dtype)

    @property
    def scaler(self) -> torch.amp.GradScaler:
        """Keeps float16's gradients from vanishing; does nothing in other precisions."""
        return torch.amp.GradScaler(self.device.type, enabled=self.dtype == torch.float16)


def device_for(process: int, gpus: int) -> torch.device:
    """Each process of a host has a GPU of its own, or they share the CPU."""
    return torch.device("cuda", process % gpus) if gpus else torch.device("cpu")


def claimed_device(process: int) -> torch.device:
    """What this process computes on from now on, whatever library allocates for it."""
    device = device_for(process, torch.cuda.device_count())
    if device.type == "cuda":
        torch.cuda.set_device(device)
    return device


def precision_for(precision_dtype: str | None, device: torch.device) -> Precision:
    """None leaves it to the processor."""
    if precision_dtype == "float32":
        return Precision(device, torch.float32, "float32")
    for_float16 = precision_of(device)
    return for_float16 if precision_dtype else chosen(for_float16)


def chosen(for_float16: Precision) -> Precision:
    """Where nothing is asked for: bfloat16 if it is fast, and never float16, whose range is small."""
    if for_float16.dtype == torch.bfloat16:
        return replace(for_float16, note="bfloat16, which this processor computes faster than float32")
    return replace(for_float16, dtype=torch.float32, note="float32, as this processor has no fast bfloat16")


def precision_of(device: torch.device) -> Precision:
    """What stands for float16 on it."""
    if device.type == "cuda":
        return precision_of_gpu(device, torch.cuda.get_device_capability(device))
    return precision_of_cpu(device, torch.cpu.get_capabilities())


def precision_of_gpu(device: torch.device, capability: tuple[int, int]) -> Precision:
    if capability < BFLOAT16_SINCE:
        return Precision(device, torch.float16, "float16, with a scaled loss")
    return Precision(device, torch.bfloat16, "bfloat16 for float16: as fast on this GPU, and with float32's range")


def precision_of_cpu(device: torch.device, capabilities: Mapping[str, object]) -> Precision:
    """Without bfloat16 instructions every operation would convert there and back."""
    if any(capabilities.get(feature) for feature in BFLOAT16_CPU_FEATURES):
        return Precision(device, torch.bfloat16, "bfloat16 for float16, which this processor computes faster")
    return Precision(device, torch.float32, "float32 for float16, in which this processor would be slower")
