import pytest
import torch

from image_classification.training.devices import (
    Precision,
    default_precision,
    device_for,
    float16_on_cpu,
    float16_on_gpu,
    precision_for,
)

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)


def test_each_process_has_its_own_gpu_or_shares_the_cpu() -> None:
    assert [device_for(process, 2) for process in range(2)] == [torch.device("cuda:0"), torch.device("cuda:1")]
    assert device_for(0, 0) == device_for(1, 0) == CPU


def test_float32_is_float32_everywhere() -> None:
    precision = precision_for("float32", CPU)
    assert (precision.dtype, precision.scaler.is_enabled()) == (torch.float32, False)
    with precision.autocast():
        assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize("feature", ["avx512_bf16", "amx_bf16"])
def test_float16_is_bfloat16_on_a_cpu_that_has_it(feature: str) -> None:
    precision = float16_on_cpu(CPU, {feature: True})
    assert precision.dtype == torch.bfloat16
    with precision.autocast():
        assert torch.get_autocast_dtype("cpu") == torch.bfloat16
        assert torch.is_autocast_enabled("cpu")


def test_float16_is_float32_on_a_cpu_without_bfloat16_and_the_note_says_so() -> None:
    precision = float16_on_cpu(CPU, {"avx2": True, "avx512_bf16": False})
    assert precision.dtype == torch.float32
    assert "float32 instead of float16" in precision.note


@pytest.mark.parametrize(
    ("for_float16", "dtype", "note"),
    [
        (
            float16_on_cpu(CPU, {"avx512_bf16": True}),
            torch.bfloat16,
            "bfloat16: this processor is faster in it",
        ),
        (float16_on_cpu(CPU, {"avx2": True}), torch.float32, "float32: this processor has no fast bfloat16"),
        (float16_on_gpu(GPU, (9, 0)), torch.float32, "float32, which is faster for a small network on a GPU"),
        (float16_on_gpu(GPU, (7, 5)), torch.float32, "float32, which is faster for a small network on a GPU"),
    ],
)
def test_the_default_precision_depends_on_the_processor(for_float16: Precision, dtype: torch.dtype, note: str) -> None:
    precision = default_precision(for_float16)
    assert (precision.device, precision.dtype) == (for_float16.device, dtype)
    assert precision.note.startswith(note)


def test_float16_on_a_gpu_is_bfloat16_or_scaled() -> None:
    assert float16_on_gpu(GPU, (9, 0)).dtype == torch.bfloat16
    assert float16_on_gpu(GPU, (7, 5)).dtype == torch.float16
