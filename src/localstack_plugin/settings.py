"""The plugin's settings: environment variables of the LocalStack process."""

import math
import os
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from safety.guard_settings import GuardSettings, GuardSettingsError

LOCAL_CLOUD = "SCONES_LOCAL_CLOUD"
"""The variable that labels every process of a local cloud, so that leftovers can be found. Functions inherit it."""

MIN_ALARM_INTERVAL_S, MAX_ALARM_INTERVAL_S = 0.1, 3600.0


class SettingsError(ValueError):
    """A variable has a value that cannot be used; the message names the variable."""


@dataclass(frozen=True)
class Settings:
    sagemaker_endpoint_url: str = "http://127.0.0.1:4570"
    local_cloud: str | None = None
    guard: GuardSettings = field(default_factory=GuardSettings)
    lambda_packages: Path = Path(sysconfig.get_path("purelib"))
    """What functions see as /var/runtime: AWS's runtime client and SDK."""
    has_lambda_sandbox: bool = True
    alarm_interval_s: float = 1.0
    """The shortest time between two evaluations of an alarm whose metric gets new data."""
    state_folder: Path | None = None
    """Where the state is saved. None: it ends with the process."""


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    url = environment.get("SAGEMAKER_ENDPOINT_URL") or Settings.sagemaker_endpoint_url
    if not url.startswith(("http://", "https://")):
        raise SettingsError(f"SAGEMAKER_ENDPOINT_URL is {url!r}: set it to a URL such as http://127.0.0.1:4570")
    packages = Path(environment.get("SCONES_LAMBDA_PACKAGES") or Settings.lambda_packages)
    has_sandbox = environment.get("SCONES_LAMBDA_SANDBOX", "on")
    if has_sandbox not in ("on", "off"):
        raise SettingsError(f"SCONES_LAMBDA_SANDBOX is {has_sandbox!r}: it must be on or off")
    return Settings(
        sagemaker_endpoint_url=url.rstrip("/"),
        local_cloud=environment.get(LOCAL_CLOUD),
        guard=_guard(environment),
        lambda_packages=packages,
        has_lambda_sandbox=has_sandbox == "on",
        alarm_interval_s=_alarm_interval_s(environment),
        state_folder=_state_folder(environment),
    )


def _alarm_interval_s(environment: Mapping[str, str]) -> float:
    text = environment.get("SCONES_ALARM_INTERVAL_S") or str(Settings.alarm_interval_s)
    try:
        interval_s = float(text)
    except ValueError:
        interval_s = math.nan
    if not MIN_ALARM_INTERVAL_S <= interval_s <= MAX_ALARM_INTERVAL_S:
        raise SettingsError(
            f"SCONES_ALARM_INTERVAL_S is {text!r}: it must be a number of seconds from {MIN_ALARM_INTERVAL_S:g} to "
            f"{MAX_ALARM_INTERVAL_S:g}"
        )
    return interval_s


def _state_folder(environment: Mapping[str, str]) -> Path | None:
    is_on = environment.get("SCONES_PERSISTENCE", "on")
    if is_on not in ("on", "off"):
        raise SettingsError(f"SCONES_PERSISTENCE is {is_on!r}: it must be on or off")
    folder = environment.get("SCONES_PERSISTENCE_DIR")
    return Path(folder) / "current" if folder and is_on == "on" else None


def _guard(environment: Mapping[str, str]) -> GuardSettings:
    try:
        return GuardSettings.from_environment(environment)
    except GuardSettingsError as error:
        raise SettingsError(str(error)) from error
