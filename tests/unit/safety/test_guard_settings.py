"""The guard's two variables."""

from __future__ import annotations

import pytest

from safety.guard_settings import GuardSettings, GuardSettingsError


def test_lists_are_separated_by_commas() -> None:
    environment = {"SCONES_ALLOWED_HOSTS": "localstack, gpu-box.lan,", "SCONES_ALLOWED_ORIGINS": "https://app.example"}
    assert GuardSettings.from_environment(environment) == GuardSettings(
        ("localstack", "gpu-box.lan"), ("https://app.example",)
    )


def test_nothing_is_allowed_by_default() -> None:
    assert GuardSettings.from_environment({}) == GuardSettings()


def test_an_ipv6_address_may_stand_in_brackets() -> None:
    assert GuardSettings.from_environment({"SCONES_ALLOWED_HOSTS": "[fd00::1],fd00::2"}).allowed_hosts == (
        "fd00::1",
        "fd00::2",
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SCONES_ALLOWED_HOSTS", "*"),
        ("SCONES_ALLOWED_HOSTS", "box:4566"),
        ("SCONES_ALLOWED_HOSTS", "http://box"),
        ("SCONES_ALLOWED_HOSTS", "box other"),
        ("SCONES_ALLOWED_ORIGINS", "*"),
        ("SCONES_ALLOWED_ORIGINS", "null"),
        ("SCONES_ALLOWED_ORIGINS", "file://"),
        ("SCONES_ALLOWED_ORIGINS", "app.example"),
        ("SCONES_ALLOWED_ORIGINS", "https://app.example/page"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_by_name(variable: str, value: str) -> None:
    with pytest.raises(GuardSettingsError, match=variable):
        GuardSettings.from_environment({variable: value})
