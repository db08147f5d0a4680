"""The processor and the precision that a job computes on. No other module decides that."""

import contextlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

import torch

Autocast = Callable[[], AbstractContextManager[object]]
BFLOAT16_CPU_FEATURES = ("avx512_bf16", "amx_bf16")
BFLOAT16_SINCE = (8, 0)  # CUDA's compute capability; older GPUs have only float16
TF32_SINCE = (8, 0)  # PyTorch's convolutions then round float32 inputs to TF32's 10 bits unless told otherwise


@dataclass(frozen=True)
class Precision:
    """`note` is for the log: the precision, and why it may differ from the one that was requested."""

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
        """Return the scaler that keeps float16 gradients from underflowing. It does nothing in other precisions."""
        return torch.amp.GradScaler(self.device.type, enabled=self.dtype == torch.float16)


def device_for(process: int, gpus: int) -> torch.device:
    """Return the device of a host's process: a GPU of its own, or the CPU, which all share."""
    return torch.device("cuda", process % gpus) if gpus else torch.device("cpu")


def claimed_device(process: int) -> torch.device:
    """Return the device of this process, and make it the current one for every library that allocates GPU memory.

    The same seed gives the same model on a GPU, too: cuDNN would otherwise choose algorithms that add up in any order.
    """
    device = device_for(process, torch.cuda.device_count())
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.backends.cudnn.deterministic = True
    return device


def gpu_of(process: int) -> str | None:
    """Return the UUID of the GPU of a host's process, the same in every container that sees it; None on the CPU."""
    device = device_for(process, torch.cuda.device_count())
    return str(torch.cuda.get_device_properties(device).uuid) if device.type == "cuda" else None


def precision_for(precision_dtype: str | None, device: torch.device) -> Precision:
    """Return the precision for a hyperparameter `precision_dtype`; None leaves the choice to the processor."""
    if precision_dtype == "float32":
        return Precision(device, torch.float32, float32_name(device))
    for_float16 = float16_precision(device)
    return for_float16 if precision_dtype else default_precision(for_float16)


def default_precision(for_float16: Precision) -> Precision:
    """Return bfloat16 if the processor is fast at it, else float32; never float16, because its range is small.

    On a GPU a small network waits for its kernels to be launched, and autocast adds some: float32 is faster.
    """
    if for_float16.device.type == "cuda":
        return replace(for_float16, dtype=torch.float32, note="float32, which is faster for a small network on a GPU")
    if for_float16.dtype == torch.bfloat16:
        return replace(for_float16, note="bfloat16: this processor is faster in it than in float32")
    return replace(for_float16, dtype=torch.float32, note="float32: this processor has no fast bfloat16")


def float32_name(device: torch.device) -> str:
    """Return what float32 is on this device."""
    has_tf32 = device.type == "cuda" and torch.cuda.get_device_capability(device) >= TF32_SINCE
    return "float32 with convolutions in TF32" if has_tf32 else "float32"


def float16_precision(device: torch.device) -> Precision:
    """Return the precision in which this device computes a job that requests float16."""
    if device.type == "cuda":
        return float16_on_gpu(device, torch.cuda.get_device_capability(device))
    return float16_on_cpu(device, torch.cpu.get_capabilities())


def float16_on_gpu(device: torch.device, capability: tuple[int, int]) -> Precision:
    if capability < BFLOAT16_SINCE:
        return Precision(device, torch.float16, "float16, with a scaled loss")
    return Precision(device, torch.bfloat16, "bfloat16 instead of float16: as fast here, with float32's range")


def float16_on_cpu(device: torch.device, capabilities: Mapping[str, object]) -> Precision:
    """Return bfloat16 if the CPU has instructions for it. Otherwise every operation would convert there and back."""
    if any(capabilities.get(feature) for feature in BFLOAT16_CPU_FEATURES):
        return Precision(device, torch.bfloat16, "bfloat16 instead of float16: this processor is faster in bfloat16")
    return Precision(device, torch.float32, "float32 instead of float16: this processor would be slower in bfloat16")
