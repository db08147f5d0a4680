"""Docker, as local mode uses it. Containers are found by their labels."""

import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import docker
from docker.errors import DockerException, ImageNotFound, NotFound

from scones.errors import LocalModeError
from scones.polling import poll

TRAINING_JOB = "sagemaker.training-job"
ENDPOINT = "sagemaker.endpoint"
ENDPOINT_CONFIG = "sagemaker.endpoint-config"
TAIL_LINES = 10
APPEARS_S = 600
STOP_S = 5


@dataclass(frozen=True)
class Docker:
    """A connected engine."""

    client: Any

    @classmethod
    def connected(cls) -> "Docker":
        """Connect to the engine of the environment.

        Raises:
            LocalModeError: no engine answers.
        """
        try:
            engine = cls(docker.from_env())
            engine.client.ping()
        except (DockerException, OSError) as error:
            raise LocalModeError(f"instance type 'local' needs Docker on this machine: {unreachable(error)}") from error
        return engine

    def require(self, image: str) -> None:
        """Raise LocalModeError unless `docker compose` and the image are installed."""
        if (version := _compose_version()) is None:
            raise LocalModeError(
                "instance type 'local' needs the command `docker compose`: install Docker and its Compose plugin"
            )
        if int(version.lstrip("v").split(".")[0] or 0) < 2:
            raise LocalModeError(f"`docker compose` is {version}: it must be 2 or newer")
        try:
            self.client.images.get(image)
        except ImageNotFound as error:
            raise LocalModeError(
                f"image {image!r} is not on this machine: `make images` builds this project's images, "
                "`docker pull` fetches others"
            ) from error

    def find(self, label: str, value: str) -> list[Any]:
        """Return containers with the label, newest first, including those that have exited."""
        containers = self.client.containers.list(all=True, filters={"label": f"{label}={value}"}, ignore_removed=True)
        return sorted(containers, key=lambda container: str(container.attrs["Created"]), reverse=True)

    def is_running(self, label: str, value: str) -> bool:
        return any(container.status == "running" for container in self.find(label, value))


def unreachable(error: BaseException) -> str:
    """Return why no engine answers. Docker's SDK wraps the system's error three times."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    if any(isinstance(cause, PermissionError) for cause in causes):
        return "you may not use its socket; join its group (sudo usermod -aG docker $USER), then log in again"
    reason = next(
        (str(cause.strerror) for cause in causes if isinstance(cause, OSError) and cause.strerror), str(error)
    )
    return f"no engine answers ({reason}); start it, or set DOCKER_HOST to its address"


def _compose_version() -> str | None:
    try:
        return subprocess.check_output(
            ["docker", "compose", "version", "--short"], stderr=subprocess.DEVNULL, text=True
        ).strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def stop(containers: list[Any]) -> None:
    for container in containers:
        with suppress(DockerException):
            container.stop(timeout=STOP_S)


def remove(containers: list[Any]) -> None:
    """Stop containers and wait until their compose process has removed them. Remove by force what is left."""
    for container in containers:
        try:
            container.stop(timeout=STOP_S)
            container.wait(condition="removed", timeout=20)
        except NotFound:
            continue
        except (DockerException, OSError):
            container.remove(force=True)


@dataclass
class Follower:
    """A reader of a container's whole log, in its own thread."""

    docker: Docker
    label: str
    value: str
    write: Callable[[list[str]], None]
    ignored: frozenset[str] = frozenset()  # ids of containers that ran before
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    exit_code: int | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    _given_up: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        threading.Thread(target=self._follow, name=f"log of {self.value}", daemon=True).start()

    def give_up(self) -> None:
        """Stop waiting for a container to appear. A container that has appeared is still read to its end."""
        self._given_up.set()

    def _follow(self) -> None:
        try:
            if (container := self._appeared()) is not None:
                for lines in whole_lines(container.logs(stream=True, follow=True)):
                    self.tail += lines
                    self.write(lines)
                self.exit_code = container.wait()["StatusCode"]
        except (DockerException, OSError) as error:
            self.tail.append(f"the log ends here: {error}")
        finally:
            self.ended.set()

    def _appeared(self) -> Any:
        for _ in poll(APPEARS_S, 0.2):
            is_last = self._given_up.is_set()
            containers = [one for one in self.docker.find(self.label, self.value) if one.id not in self.ignored]
            if containers and containers[0].status != "created":
                return containers[0]
            if is_last:
                return None
        return None


def whole_lines(chunks: Iterator[bytes]) -> Iterator[list[str]]:
    """Yield the whole lines of each chunk. The last line needs no line end."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield [_text(line) for line in lines]
    if rest:
        yield [_text(rest)]


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")
