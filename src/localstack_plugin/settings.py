"""The plugin's settings: environment variables of the LocalStack process."""

import os
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from safety.guard_settings import GuardSettings, GuardSettingsError

LOCAL_CLOUD = "SCONES_LOCAL_CLOUD"
"""The variable that labels every process of a local cloud, so that leftovers can be found. Functions inherit it."""


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
    folder = _state_folder(environment)
    guard = _guard(environment)
    return Settings(url.rstrip("/"), environment.get(LOCAL_CLOUD), guard, packages, has_sandbox == "on", folder)


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
