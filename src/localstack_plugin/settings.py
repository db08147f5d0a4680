"""The plugin's settings: environment variables of the LocalStack process."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

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


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    url = environment.get("SAGEMAKER_ENDPOINT_URL") or Settings.sagemaker_endpoint_url
    if not url.startswith(("http://", "https://")):
        raise SettingsError(f"SAGEMAKER_ENDPOINT_URL is {url!r}: set it to a URL such as http://127.0.0.1:4570")
    return Settings(url.rstrip("/"), environment.get(LOCAL_CLOUD), _guard(environment))


def _guard(environment: Mapping[str, str]) -> GuardSettings:
    try:
        return GuardSettings.from_environment(environment)
    except GuardSettingsError as error:
        raise SettingsError(str(error)) from error
