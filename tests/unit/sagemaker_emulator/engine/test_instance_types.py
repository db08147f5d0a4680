"""The size of each instance type, and the log on a machine that is smaller."""

from __future__ import annotations

import logging

import pytest

from sagemaker_emulator.__main__ import StartError, new_engine
from sagemaker_emulator.engine.docker.images import Images
from sagemaker_emulator.engine.docker.instance_types import GIB, InstanceType, InstanceTypes, Limits
from sagemaker_emulator.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ml.m5.large", InstanceType(2, 8)),
        ("ml.m5.24xlarge", InstanceType(96, 384)),
        ("ml.c5.xlarge", InstanceType(4, 8)),
        ("ml.r6i.2xlarge", InstanceType(8, 64)),
        ("ml.t3.medium", InstanceType(2, 4)),
        ("ml.p3.2xlarge", InstanceType(8, 61, 1)),
        ("ml.g4dn.12xlarge", InstanceType(48, 192, 4)),
        ("ml.g5.xlarge", InstanceType(4, 16, 1)),
        ("ml.trn1.2xlarge", None),
    ],
)
def test_a_type_has_the_size_that_it_has_on_aws(name: str, expected: InstanceType | None) -> None:
    assert InstanceType.of(name) == expected


def test_a_smaller_machine_gives_all_it_has_and_logs_it_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    types = InstanceTypes(machine_vcpus=4, machine_memory_bytes=16 * GIB)
    assert [types.limits("ml.c5.2xlarge") for _ in range(2)] == [Limits(None, 16 * GIB)] * 2
    assert [record.message for record in caplog.records] == [
        "ml.c5.2xlarge has 8 vCPUs and 16 GiB, this machine 4 and 16.0: its containers get all that this machine has"
    ]


def test_a_serverless_variant_has_its_memory_size_at_most_that_of_the_machine() -> None:
    types = InstanceTypes(4, 4 * GIB)
    assert types.limits("", 2048) == Limits(memory_bytes=2 * GIB)
    assert types.limits("", 6144) == Limits(memory_bytes=4 * GIB)


def test_a_setting_overrides_a_type_and_no_type_has_no_limits() -> None:
    types = InstanceTypes(8, 32 * GIB, {"ml.m5.large": InstanceType(1, 0.5)})
    assert types.limits("ml.m5.large") == Limits(1, GIB // 2)
    assert types.limits("") == Limits()


def test_types_come_from_the_environment() -> None:
    name = "SAGEMAKER_EMULATOR_INSTANCE_TYPES"
    settings = Settings.from_environment({name: '{"ml.m5.large": {"vcpus": 1, "memory_gib": 2}}'})
    assert InstanceType.from_settings(settings.instance_types["ml.m5.large"]) == InstanceType(1, 2)
    with pytest.raises(SettingsError, match=f"{name}=.* is not of the form"):
        Settings.from_environment({name: '{"ml.m5.large": {"vcpus": 1}}'})


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="SAGEMAKER_EMULATOR_ENGINE='podman' must be one of process, docker"):
        Settings.from_environment({"SAGEMAKER_EMULATOR_ENGINE": "podman"})


def test_without_docker_the_start_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    with pytest.raises(StartError, match=r"no Docker engine can be used .* SAGEMAKER_EMULATOR_ENGINE=process"):
        new_engine(Settings(state_dir=tmp_path, engine="docker"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1", "own:1"),
        ("390948362332.dkr.ecr.cn-north-1.amazonaws.com.cn/image-classification:latest", "own:1"),
        (
            "000000000000.dkr.ecr.us-east-1.amazonaws.com/other:1",
            "000000000000.dkr.ecr.us-east-1.amazonaws.com/other:1",
        ),
        ("image-classification:1", "image-classification:1"),
    ],
)
def test_the_kits_own_image_stands_in_for_the_built_in_one_of_any_region(image: str, name: str) -> None:
    assert Images(None, "own:1").local_name(image) == name
