"""Settings of the local cloud, read from the environment once per command."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from local_cloud.errors import SettingsError
from safety.guard_settings import GuardSettings, GuardSettingsError

ROOT = Path(__file__).resolve().parents[2]
LOCAL_PROFILE = "local"
LOCAL_MODE_PROFILE = "local-mode"
LOCALSTACK_PORT = 4566
SAGEMAKER_PORT = 4570


def is_checkout(root: Path) -> bool:
    """Return whether the kit runs from a checkout. Installed as a wheel, its root is a folder in the user's cache."""
    return (root / "pyproject.toml").is_file()


def default_state_dir(root: Path = ROOT) -> Path:
    """Return `.scones` in the checkout. Installed as a wheel: in this folder if it has one, else in the user's data."""
    if is_checkout(root):
        return root / ".scones"
    here = Path.cwd() / ".scones"
    return here if here.is_dir() else platformdirs.user_data_path("scones-unlimited")


@dataclass(frozen=True)
class Settings:
    """The state folder, the ports and the AWS profile in use."""

    root: Path = ROOT
    state_dir: Path = field(default_factory=default_state_dir)
    localstack_port: int = LOCALSTACK_PORT
    sagemaker_port: int = SAGEMAKER_PORT
    start_timeout_s: float = 120.0
    profile: str = LOCAL_PROFILE

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        settings = cls(
            state_dir=Path(environment.get("SCONES_STATE_DIR") or default_state_dir()).resolve(),
            localstack_port=_port(environment, "SCONES_LOCALSTACK_PORT", LOCALSTACK_PORT),
            sagemaker_port=_port(environment, "SCONES_SAGEMAKER_PORT", SAGEMAKER_PORT),
            start_timeout_s=_seconds(environment, "SCONES_START_TIMEOUT_S", cls.start_timeout_s),
            profile=environment.get("AWS_PROFILE") or cls.profile,
        )
        _check_guard(environment)
        if settings.localstack_port == settings.sagemaker_port:
            raise SettingsError(
                f"SCONES_LOCALSTACK_PORT and SCONES_SAGEMAKER_PORT are both {settings.sagemaker_port}: "
                "each server needs a port of its own"
            )
        return settings

    @property
    def is_local(self) -> bool:
        """Whether the profile is the kit's. Any other is the user's own, and nothing is started for it."""
        return self.profile in (LOCAL_PROFILE, LOCAL_MODE_PROFILE)

    @property
    def has_default_ports(self) -> bool:
        return (self.localstack_port, self.sagemaker_port) == (LOCALSTACK_PORT, SAGEMAKER_PORT)

    @property
    def localstack_url(self) -> str:
        return f"http://127.0.0.1:{self.localstack_port}"

    @property
    def sagemaker_url(self) -> str:
        return f"http://127.0.0.1:{self.sagemaker_port}"


def _check_guard(environment: Mapping[str, str]) -> None:
    """Check the variables that only the servers read, so that an error appears here and not only in a log."""
    try:
        GuardSettings.from_environment(environment)
    except GuardSettingsError as error:
        raise SettingsError(str(error)) from error


def _port(environment: Mapping[str, str], variable: str, default: int) -> int:
    value = environment.get(variable) or str(default)
    if not value.isdecimal() or not 1024 <= int(value) <= 65535:
        raise SettingsError(f"{variable} is {value!r}: it must be a port number from 1024 to 65535")
    return int(value)


def _seconds(environment: Mapping[str, str], variable: str, default: float) -> float:
    value = environment.get(variable) or str(default)
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise SettingsError(f"{variable} is {value!r}: it must be a number of seconds above 0")
    return seconds
