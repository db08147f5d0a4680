"""The one place where the emulator reads its environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from safety.guard_settings import GuardSettings, GuardSettingsError

ROLE_CHECKS = OWN, ALL, OFF = "own", "all", "off"
FRAMEWORK_VERSIONS = NEAREST, EXACT = "nearest", "exact"


class SettingsError(ValueError):
    """An environment variable has a value that cannot be used; the text names it."""


@dataclass(frozen=True)
class Settings:
    """The settings of one emulator. boto3's own variables say where S3 and CloudWatch are, and with which keys."""

    host: str = "127.0.0.1"
    port: int = 4570
    state_dir: Path = Path(".scones/sagemaker")
    region: str = "us-east-1"
    account_id: str = "000000000000"
    role_check: str = OWN
    placeholder_roles: tuple[str, ...] = ("any",)
    endpoint_start_timeout_s: float = 480.0  # the eight minutes that AWS gives a container
    invocation_timeout_s: float = 60.0
    stop_grace_s: float = 120.0
    serving_stop_grace_s: float = 30.0
    upload_retry_s: float = 3600.0
    serverless_idle_s: float = 30.0
    scaling_minute_s: float = 2.0
    capture_file_s: float = 60.0
    capture_idle_s: float = 2.0
    metrics_period_s: float = 5.0
    monitoring_delay_s: float = 0.0
    own_images: Mapping[str, list[str]] = field(default_factory=dict)
    local_mode: bool = False  # only the command looks for containers of local mode by default
    engine: str = "process"
    sandbox: bool = True
    framework_versions: str = NEAREST
    built_in_image: str = "scones/image-classification:latest"
    docker_network: str | None = None
    docker_logins: str = field(default="", repr=False)
    instance_types: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    guard: GuardSettings = field(default_factory=GuardSettings)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read `SAGEMAKER_EMULATOR_*`; the region is `AWS_DEFAULT_REGION`, as for every AWS client.

        The guard's variables are those of all servers.
        """
        read = _Reader(environment)
        return cls(
            host=read.text("SAGEMAKER_EMULATOR_HOST", cls.host),
            port=int(read.number("SAGEMAKER_EMULATOR_PORT", cls.port)),
            state_dir=Path(read.text("SAGEMAKER_EMULATOR_STATE_DIR", str(cls.state_dir))).resolve(),
            region=read.text("AWS_DEFAULT_REGION", cls.region),
            account_id=read.text("SAGEMAKER_EMULATOR_ACCOUNT_ID", cls.account_id),
            role_check=read.one_of("SAGEMAKER_EMULATOR_ROLE_CHECK", ROLE_CHECKS),
            placeholder_roles=read.names("SAGEMAKER_EMULATOR_PLACEHOLDER_ROLES", cls.placeholder_roles),
            endpoint_start_timeout_s=read.number(
                "SAGEMAKER_EMULATOR_ENDPOINT_START_TIMEOUT_S", cls.endpoint_start_timeout_s
            ),
            invocation_timeout_s=read.number("SAGEMAKER_EMULATOR_INVOCATION_TIMEOUT_S", cls.invocation_timeout_s),
            stop_grace_s=read.number("SAGEMAKER_EMULATOR_STOP_GRACE_S", cls.stop_grace_s),
            serving_stop_grace_s=read.number("SAGEMAKER_EMULATOR_SERVING_STOP_GRACE_S", cls.serving_stop_grace_s),
            upload_retry_s=read.number("SAGEMAKER_EMULATOR_UPLOAD_RETRY_S", cls.upload_retry_s),
            serverless_idle_s=read.number("SAGEMAKER_EMULATOR_SERVERLESS_IDLE_S", cls.serverless_idle_s),
            scaling_minute_s=read.number("SAGEMAKER_EMULATOR_SCALING_MINUTE_S", cls.scaling_minute_s),
            capture_file_s=read.number("SAGEMAKER_EMULATOR_CAPTURE_FILE_S", cls.capture_file_s),
            capture_idle_s=read.number("SAGEMAKER_EMULATOR_CAPTURE_IDLE_S", cls.capture_idle_s),
            metrics_period_s=read.number("SAGEMAKER_EMULATOR_METRICS_PERIOD_S", cls.metrics_period_s),
            monitoring_delay_s=read.number("SAGEMAKER_EMULATOR_MONITORING_DELAY_S", cls.monitoring_delay_s),
            own_images=read.programs("SAGEMAKER_EMULATOR_OWN_IMAGES"),
            local_mode=read.switch("SAGEMAKER_EMULATOR_LOCAL_MODE", "on"),
            engine=read.one_of("SAGEMAKER_EMULATOR_ENGINE", ("process", "docker")),
            sandbox=read.switch("SAGEMAKER_EMULATOR_SANDBOX", "on"),
            framework_versions=read.one_of("SAGEMAKER_EMULATOR_FRAMEWORK_VERSIONS", FRAMEWORK_VERSIONS),
            built_in_image=read.text("SAGEMAKER_EMULATOR_BUILT_IN_IMAGE", cls.built_in_image),
            docker_network=environment.get("SAGEMAKER_EMULATOR_DOCKER_NETWORK") or None,
            docker_logins=read.text("SAGEMAKER_EMULATOR_DOCKER_LOGINS", ""),
            instance_types=read.instance_types("SAGEMAKER_EMULATOR_INSTANCE_TYPES"),
            guard=read.guard(),
        )


@dataclass(frozen=True)
class _Reader:
    environment: Mapping[str, str]

    def text(self, name: str, default: str) -> str:
        return self.environment.get(name) or default

    def names(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Return names that are separated by commas; an empty text means none."""
        text = self.environment.get(name)
        return default if text is None else tuple(word.strip() for word in text.split(",") if word.strip())

    def one_of(self, name: str, values: tuple[str, ...]) -> str:
        """Return one of `values`; the first is the default."""
        value = self.text(name, values[0])
        if value not in values:
            raise SettingsError(f"{name}={value!r} must be one of {', '.join(values)}")
        return value

    def instance_types(self, name: str) -> dict[str, dict[str, float]]:
        """Return the instance types whose size for the docker engine differs from AWS's, by name."""
        text = self.environment.get(name) or "{}"
        try:
            types = json.loads(text)
        except ValueError:
            types = None
        if not isinstance(types, dict) or not all(_is_instance_type(given) for given in types.values()):
            raise SettingsError(
                f'{name}={text!r} is not of the form {{"ml.m5.large": {{"vcpus": 1, "memory_gib": 0.5}}}}; "gpus" is '
                "optional"
            )
        return types

    def guard(self) -> GuardSettings:
        try:
            return GuardSettings.from_environment(self.environment)
        except GuardSettingsError as error:
            raise SettingsError(str(error)) from error

    def switch(self, name: str, default: str) -> bool:
        value = self.text(name, default)
        if value not in ("on", "off"):
            raise SettingsError(f"{name}={value!r} must be on or off")
        return value == "on"

    def programs(self, name: str) -> dict[str, list[str]]:
        """Return the commands that the process engine runs in place of images, by image."""
        text = self.environment.get(name) or "{}"
        try:
            programs = json.loads(text)
        except ValueError:
            programs = None
        if not isinstance(programs, dict) or not all(_is_command(command) for command in programs.values()):
            raise SettingsError(f'{name}={text!r} is not of the form {{"<image>": ["<program>", "<argument>", ...]}}')
        return programs

    def number(self, name: str, default: float) -> float:
        value = self.environment.get(name)
        if not value:
            return default
        try:
            return float(value)
        except ValueError:
            raise SettingsError(f"{name}={value!r} is not a number; unset it for the default {default:g}") from None


def _is_command(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) for word in value)


def _is_instance_type(value: object) -> bool:
    if not isinstance(value, dict) or not {"vcpus", "memory_gib"} <= set(value) <= {"vcpus", "memory_gib", "gpus"}:
        return False
    return all(isinstance(number, int | float) and number >= 0 for number in value.values())
