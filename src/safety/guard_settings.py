"""The two settings of the request guard, with the same names in every part that opens a port."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

ALLOWED_HOSTS_VARIABLE = "SCONES_ALLOWED_HOSTS"
ALLOWED_ORIGINS_VARIABLE = "SCONES_ALLOWED_ORIGINS"
NAME = r"(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:]+\])"
HOST = re.compile(rf"{NAME}|[0-9a-f]*:[0-9a-f:]+", re.ASCII | re.IGNORECASE)
ORIGIN = re.compile(rf"https?://{NAME}(?::[0-9]{{1,5}})?/?", re.ASCII | re.IGNORECASE)


class GuardSettingsError(ValueError):
    """A variable has a value that cannot be used; the message names the variable."""


@dataclass(frozen=True)
class GuardSettings:
    """Names and pages that the guard accepts in addition to those of loopback."""

    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> GuardSettings:
        """Read both variables, lists separated by commas. Raises GuardSettingsError."""
        return cls(
            _listed(
                environment, ALLOWED_HOSTS_VARIABLE, HOST, "host names without port, such as localstack,gpu-box.lan"
            ),
            _listed(
                environment,
                ALLOWED_ORIGINS_VARIABLE,
                ORIGIN,
                "origins, scheme://host[:port], such as https://app.example,http://gpu-box.lan:8888",
            ),
        )


def _listed(environment: Mapping[str, str], variable: str, form: re.Pattern[str], meaning: str) -> tuple[str, ...]:
    values = [value.strip() for value in environment.get(variable, "").split(",")]
    for value in values:
        if value and not form.fullmatch(value):
            raise GuardSettingsError(
                f"{variable} has {value!r}: it must be a list of {meaning}, separated by commas. There is no wildcard."
            )
    return tuple(value.strip("[]") if form is HOST else value for value in values if value)
