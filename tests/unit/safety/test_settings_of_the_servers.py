"""Every part that opens a port refuses a wrong setting of the guard by its name, when it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

import local_cloud.settings
import localstack_plugin.settings
import sagemaker_emulator.settings
from local_cloud.errors import LocalCloudError
from local_cloud.servers import servers

READERS: list[Callable[[Mapping[str, str]], object]] = [
    local_cloud.settings.Settings.from_environment,
    localstack_plugin.settings.from_environment,
    sagemaker_emulator.settings.Settings.from_environment,
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(("variable", "value"), [("SCONES_ALLOWED_HOSTS", "*"), ("SCONES_ALLOWED_ORIGINS", "null")])
def test_a_wrong_value_is_refused_by_name(
    read: Callable[[Mapping[str, str]], object], variable: str, value: str
) -> None:
    with pytest.raises((ValueError, LocalCloudError), match=variable):
        read({variable: value})


def test_the_local_cloud_hands_the_settings_on() -> None:
    environment = {"SCONES_ALLOWED_HOSTS": "box.lan", "SCONES_ALLOWED_ORIGINS": "https://app.example"}
    for server in servers(local_cloud.settings.Settings.from_environment(environment), environment):
        assert environment.items() <= server.environment.items()
