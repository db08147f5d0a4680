"""Settings read from the environment: values, defaults, and errors that name the variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from sagemaker_emulator.settings import Settings, SettingsError

PREFIX = "SAGEMAKER_EMULATOR_"


def test_an_empty_environment_means_the_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings(state_dir=Path(".scones/sagemaker").resolve(), local_mode=True)


def test_an_empty_variable_means_its_default() -> None:
    empty = {f"{PREFIX}{name}": "" for name in ("PORT", "ENGINE", "OWN_IMAGES", "INSTANCE_TYPES", "LOCAL_MODE")}
    assert Settings.from_environment(empty) == Settings.from_environment({})


def test_every_variable_is_read() -> None:
    settings = Settings.from_environment(
        {
            "AWS_DEFAULT_REGION": "eu-west-1",
            f"{PREFIX}HOST": "::1",
            f"{PREFIX}PORT": "4571",
            f"{PREFIX}STATE_DIR": "/state",
            f"{PREFIX}ACCOUNT_ID": "111122223333",
            f"{PREFIX}ENDPOINT_START_TIMEOUT_S": "1",
            f"{PREFIX}INVOCATION_TIMEOUT_S": "2",
            f"{PREFIX}STOP_GRACE_S": "3",
            f"{PREFIX}SERVING_STOP_GRACE_S": "4",
            f"{PREFIX}CAPTURE_FILE_S": "5",
            f"{PREFIX}CAPTURE_IDLE_S": "6.5",
            f"{PREFIX}METRICS_PERIOD_S": "7",
            f"{PREFIX}OWN_IMAGES": '{"image": ["python", "program.py"]}',
            f"{PREFIX}LOCAL_MODE": "off",
            f"{PREFIX}ENGINE": "docker",
            f"{PREFIX}BUILT_IN_IMAGE": "own:1",
            f"{PREFIX}DOCKER_NETWORK": "network",
            f"{PREFIX}INSTANCE_TYPES": '{"ml.m5.large": {"vcpus": 1, "memory_gib": 0.5, "gpus": 1}}',
        }
    )
    assert settings == Settings(
        host="::1",
        port=4571,
        state_dir=Path("/state"),
        region="eu-west-1",
        account_id="111122223333",
        endpoint_start_timeout_s=1,
        invocation_timeout_s=2,
        stop_grace_s=3,
        serving_stop_grace_s=4,
        capture_file_s=5,
        capture_idle_s=6.5,
        metrics_period_s=7,
        own_images={"image": ["python", "program.py"]},
        local_mode=False,
        engine="docker",
        built_in_image="own:1",
        docker_network="network",
        instance_types={"ml.m5.large": {"vcpus": 1, "memory_gib": 0.5, "gpus": 1}},
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "http", "is not a number; unset it for the default 4570"),
        ("CAPTURE_IDLE_S", "soon", "is not a number; unset it for the default 2"),
        ("ENGINE", "podman", "must be one of process, docker"),
        ("LOCAL_MODE", "yes", "must be on or off"),
        ("OWN_IMAGES", "[]", "is not of the form"),
        ("OWN_IMAGES", "{", "is not of the form"),
        ("OWN_IMAGES", '{"image": []}', "is not of the form"),
        ("OWN_IMAGES", '{"image": ["python", 3]}', "is not of the form"),
        ("INSTANCE_TYPES", '{"ml.m5.large": {"vcpus": 1}}', "is not of the form"),
        ("INSTANCE_TYPES", '{"ml.m5.large": {"vcpus": -1, "memory_gib": 1}}', "is not of the form"),
        ("INSTANCE_TYPES", '{"ml.m5.large": {"vcpus": 1, "memory_gib": 1, "cores": 1}}', "is not of the form"),
        ("INSTANCE_TYPES", '{"ml.m5.large": 4}', "is not of the form"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_the_variables_name(name: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError, match=f"{PREFIX}{name}=.* {message}"):
        Settings.from_environment({f"{PREFIX}{name}": value})


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({}, ("any",)),
        ({"SAGEMAKER_EMULATOR_PLACEHOLDER_ROLES": " any, dummy,"}, ("any", "dummy")),
        ({"SAGEMAKER_EMULATOR_PLACEHOLDER_ROLES": ""}, ()),
    ],
)
def test_placeholder_roles_are_names_between_commas(environment: dict[str, str], names: tuple[str, ...]) -> None:
    assert Settings.from_environment(environment).placeholder_roles == names
