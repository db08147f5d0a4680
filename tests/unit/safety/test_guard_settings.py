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


def test_names_and_origins_are_kept_as_they_are_written() -> None:
    environment = {"SCONES_ALLOWED_HOSTS": "X-BOX", "SCONES_ALLOWED_ORIGINS": "http://[fd00::1]"}
    assert GuardSettings.from_environment(environment) == GuardSettings(("X-BOX",), ("http://[fd00::1]",))


@pytest.mark.parametrize(
    ("variable", "meaning"),
    [
        ("SCONES_ALLOWED_HOSTS", "host names without port, such as localstack,gpu-box.lan"),
        (
            "SCONES_ALLOWED_ORIGINS",
            "origins, scheme://host[:port], such as https://app.example,http://gpu-box.lan:8888",
        ),
    ],
)
def test_an_error_shows_how_the_value_is_written(variable: str, meaning: str) -> None:
    with pytest.raises(GuardSettingsError) as raised:
        GuardSettings.from_environment({variable: "*"})
    assert str(raised.value) == (
        f"{variable} has '*': it must be a list of {meaning}, separated by commas. There is no wildcard."
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
