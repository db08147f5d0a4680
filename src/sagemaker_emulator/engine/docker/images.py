"""Images: the kit's own stand in for AWS's built-in one, its framework images and those of Model Monitor.

A framework image, or one of Model Monitor, is AWS's own if Docker has it or can pull it, which needs a login; otherwise
the kit builds one. Other missing images are pulled. A framework image in another account is never replaced: it may have
anything in it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import docker.errors
from docker.utils import parse_repository_tag

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.engine.docker.kit_images.builds import KitImage
from sagemaker_emulator.engine.docker.kit_images.framework_images import FrameworkImages
from sagemaker_emulator.engine.docker.kit_images.monitor_images import MonitorImages
from sagemaker_emulator.engine.docker.logins import Logins
from sagemaker_emulator.engine.docker.progress import follow
from sagemaker_emulator.engine.monitoring_images import monitoring_arguments
from sagemaker_emulator.frameworks.aws_accounts import is_of_aws
from sagemaker_emulator.frameworks.image_names import PRIVATE_REGISTRY, framework_image

BUILT_IN = re.compile(rf"{PRIVATE_REGISTRY}image-classification[:@].+")
# AWS's words for an image that cannot be pulled
CANNOT_PULL = "Cannot pull algorithm container. Either the image does not exist or its permissions are incorrect."

log = logging.getLogger(__name__)


@dataclass
class PullProgress:
    """The progress of a pull, summed over its layers."""

    image: str
    layers: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, event: dict[str, Any]) -> None:
        if "error" in event:
            raise EngineError(f"{CANNOT_PULL} {self.image}: {event['error']}")
        detail = event.get("progressDetail") or {}
        if "total" in detail and event.get("status") == "Downloading":
            self.layers[event["id"]] = (detail["current"], detail["total"])

    @property
    def text(self) -> str:
        layers = list(self.layers.values())
        have_bytes, of_bytes = (sum(layer[index] for layer in layers) for index in (0, 1))
        return f"Pulling {self.image}: {have_bytes / 1e6:.0f} of {of_bytes / 1e6:.0f} MB"


@dataclass(frozen=True)
class Images:
    client: Any
    built_in: str
    logins: Logins = field(default_factory=Logins)

    def local_name(self, image: str) -> str:
        """Return the name in Docker: `built_in` for AWS's image-classification of any region and version."""
        return self.built_in if BUILT_IN.fullmatch(image) else image

    def ready(self, image: str, say: Callable[[str], None] = log.info) -> str:
        """Return the name of the image in Docker; get it if it is missing. EngineError in AWS's words."""
        name = self.local_name(image)
        if self._has(name):
            return name
        try:
            self._pull(name, say)
            return name
        except EngineError as error:
            own = self._stand_in(image)
            if own is None:
                raise
            say(f"{error} The kit's image with {own.subject} runs in its place.")
        if not self._has(own.name):
            own.build(say)
        return own.name

    def present(self, image: str) -> str:
        """Return the name of an image that `ready` has returned before, without another pull; get it if it is gone."""
        name = self.local_name(image)
        if not self._has(name) and (own := self._stand_in(image)) and self._has(own.name):
            return own.name
        return self.ready(image)

    def _stand_in(self, image: str) -> KitImage | None:
        """Return the kit's image in the place of one of AWS's, or None for other images."""
        arguments = monitoring_arguments(image)
        if arguments is not None:
            return MonitorImages(self.client).of(arguments)
        framework = framework_image(image) if is_of_aws(image) else None
        return None if framework is None else FrameworkImages(self.client).of(framework)

    def _has(self, name: str) -> bool:
        try:
            self.client.images.get(name)
        except docker.errors.ImageNotFound:
            return False
        return True

    def _pull(self, name: str, say: Callable[[str], None]) -> None:
        repository, tag = parse_repository_tag(name)
        log.info("pulling %s", name)
        try:
            login = self.logins.for_repository(repository)
            events = self.client.api.pull(repository, tag or "latest", stream=True, decode=True, auth_config=login)
            follow(events, PullProgress(name), say)
        except docker.errors.APIError as error:
            hint = "; `make images` builds it" if name == self.built_in else ""
            raise EngineError(f"{CANNOT_PULL} {name}: {error.explanation or error}{hint}") from error
        log.info("pulled %s", name)
