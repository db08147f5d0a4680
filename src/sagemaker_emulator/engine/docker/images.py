"""Images: the kit's own stands in for AWS's built-in one; missing images are pulled, with progress in the log."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass, field
from typing import Any

import docker.errors
from docker.utils import parse_repository_tag

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.engine.docker.logins import Logins

BUILT_IN = re.compile(r"\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com(?:\.cn)?/image-classification[:@].+")
REPORT_S = 5.0
# AWS's words for an image that cannot be pulled
CANNOT_PULL = "Cannot pull algorithm container. Either the image does not exist or its permissions are incorrect."

log = logging.getLogger(__name__)


@dataclass
class Progress:
    """The progress of a pull, summed over its layers."""

    image: str
    layers: dict[str, tuple[int, int]] = field(default_factory=dict)
    reported: float = field(default_factory=time.monotonic)

    def add(self, event: dict[str, Any]) -> None:
        if "error" in event:
            raise EngineError(f"{CANNOT_PULL} {self.image}: {event['error']}")
        detail = event.get("progressDetail") or {}
        if "total" in detail and event.get("status") == "Downloading":
            self.layers[event["id"]] = (detail["current"], detail["total"])
        if time.monotonic() - self.reported > REPORT_S:
            self.reported = time.monotonic()
            have_bytes, of_bytes = (sum(layer[index] for layer in self.layers.values()) for index in (0, 1))
            log.info("pulling %s: %.0f of %.0f MB", self.image, have_bytes / 1e6, of_bytes / 1e6)


@dataclass(frozen=True)
class Images:
    client: Any
    built_in: str
    logins: Logins = field(default_factory=Logins)

    def local_name(self, image: str) -> str:
        """Return the name in Docker: `built_in` for AWS's image-classification of any region and version."""
        return self.built_in if BUILT_IN.fullmatch(image) else image

    def ready(self, image: str) -> str:
        """Return the name of the image in Docker, after pulling it if it is missing. EngineError in AWS's words."""
        name = self.local_name(image)
        try:
            self.client.images.get(name)
        except docker.errors.ImageNotFound:
            self._pull(name)
        return name

    def _pull(self, name: str) -> None:
        repository, tag = parse_repository_tag(name)
        log.info("pulling %s", name)
        progress = Progress(name)
        try:
            login = self.logins.for_repository(repository)
            for event in self.client.api.pull(repository, tag or "latest", stream=True, decode=True, auth_config=login):
                progress.add(event)
        except docker.errors.APIError as error:
            hint = "; `make images` builds it" if name == self.built_in else ""
            raise EngineError(f"{CANNOT_PULL} {name}: {error.explanation or error}{hint}") from error
        log.info("pulled %s", name)
