"""The person's logins at registries, handed to an emulator that cannot read their Docker configuration."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import docker.auth
import docker.errors

from sagemaker_emulator.engine import EngineError


@dataclass(frozen=True)
class Logins:
    """The logins of one `config.json`. Without any, the Docker SDK looks for them itself."""

    auths: Any = None  # docker.auth.AuthConfig

    @classmethod
    def of(cls, config: str) -> Logins:
        """Read the text of a `config.json`. Raises EngineError, which does not repeat the text."""
        if not config:
            return cls()
        try:
            auths = json.loads(config)["auths"]
            # never the credential helpers that the file may name: they are programs of the person's machine
            return cls(docker.auth.AuthConfig({"auths": docker.auth.parse_auth(auths, raise_on_error=True)}))
        except (ValueError, KeyError, TypeError, AttributeError, docker.errors.DockerException):
            raise EngineError(
                'SAGEMAKER_EMULATOR_DOCKER_LOGINS is not the text of a Docker config.json with logins in "auths", '
                "such as `docker login` writes where no credential helper is set up"
            ) from None

    def for_repository(self, repository: str) -> dict[str, str] | None:
        """Return the login at the repository's registry, or None when there is none."""
        if self.auths is None:
            return None
        registry, _ = docker.auth.resolve_repository_name(repository)
        login: dict[str, str] | None = self.auths.resolve_authconfig(registry)
        return login
