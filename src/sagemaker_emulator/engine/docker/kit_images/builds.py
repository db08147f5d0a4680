"""Build an image through Docker's API from a context that is made in memory.

An emulator in a container can build it, too. pip resolves the packages in the build: it has the package sources of
Docker's own network, not of this machine.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import docker.errors

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.engine.docker.progress import follow

FALLBACK = "python:3.11-slim-bookworm"  # the base of the kit's other images
Say = Callable[[str], None]


@dataclass(frozen=True)
class KitImage:
    """An image of the kit: its name in Docker, what it is an image of, and how it is built."""

    name: str
    subject: str
    build: Callable[[Say], None]


@dataclass
class BuildProgress:
    subject: str
    line: str = ""

    def add(self, event: dict[str, Any]) -> None:
        if "error" in event:
            raise EngineError(
                f"The image with {self.subject} could not be built: {event['error'].strip()} The last line of the "
                f"build was: {self.line}"
            )
        self.line = event.get("stream", "").strip() or self.line

    @property
    def text(self) -> str:
        return f"Building an image with {self.subject}: {self.line}"


def build(client: Any, context: bytes, name: str, subject: str, say: Say) -> None:
    """Build an image. EngineError with the last line of the build if that fails."""
    say(f"Building an image with {subject}")
    try:
        events = client.api.build(
            fileobj=io.BytesIO(context), custom_context=True, tag=name, rm=True, forcerm=True, decode=True
        )
        follow(events, BuildProgress(subject), say)
    except docker.errors.DockerException as error:
        raise EngineError(f"The image with {subject} could not be built: {error}") from error


def base_image(client: Any, bases: Iterable[str], subject: str) -> str:
    """Return the first of the images that Docker has or can pull. EngineError if it is none."""
    for base in bases:
        with suppress(docker.errors.DockerException):
            _get(client, base)
            return base
    raise EngineError(f"The image with {subject} needs the image {FALLBACK}, which Docker neither has nor can pull.")


def _get(client: Any, base: str) -> None:
    try:
        client.images.get(base)
    except docker.errors.ImageNotFound:
        client.images.pull(base)


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return a context as a tar. Its files have no times and owners, so that Docker recognizes what it has built."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o644
            tar.addfile(info, io.BytesIO(content))
    return archive.getvalue()
