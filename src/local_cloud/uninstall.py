"""Everything that the kit has put on this machine, and its removal.

Only these are touched: paths in the checkout that the kit creates and git ignores, the state folder, the packages of
framework images in the user's cache, the kit's own Docker images, and containers, networks and volumes that are labeled
with this checkout or with this emulator's id.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from local_cloud.notebook import kernels
from local_cloud.settings import Settings, default_state_dir, is_checkout

EMULATOR_LABEL = "scones.sagemaker-emulator"  # the emulator labels its containers and networks with its id
# The emulator builds the first two in the place of AWS's images. All checkouts share them.
IMAGES = ("scones/frameworks", "scones/monitor", "scones/image-classification", "scones/localstack", "scones/sagemaker")
TITLE_LABEL = "org.opencontainers.image.title"
COMPOSE_LABEL = "com.docker.compose.project.working_dir"
COMPOSE_PROJECT_LINES = ("# the Compose project of the checkout ", "COMPOSE_PROJECT_NAME=scones-")
STATE_FILES = (
    "lock",
    "cloud.json",
    "leases.json",
    "aws.config",
    "shell",
    "logs",
    "sagemaker",
    "localstack",
    "localstack-state",
    "snapshots",
)
# The order is that of the removal: .venv comes last, since the Python of this command runs from it.
PATTERNS = {
    "results": ("out",),
    "data that was downloaded or drawn": ("data/*.tar.gz",),
    "caches of the tools": ("mutants", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"),
    "build folders": ("build", "dist", "src/*.egg-info", "src/*/*.egg-info", "src/*/build"),
    "environments": (
        ".venv-audit",
        ".venv-lambda",
        ".venv-localstack",
        ".venv-ministack",
        ".venv-mxnet",
        ".venv-sdk2",
        ".venv-sdk3",
        ".venv",
    ),
}


@dataclass(frozen=True)
class InstalledPath:
    """A file or folder that the kit created."""

    kind: str
    path: Path

    def remove(self) -> None:
        if self.path.is_dir() and not self.path.is_symlink():
            shutil.rmtree(self.path)
        else:
            self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class DockerObject:
    """A container, network, volume or image of ours."""

    kind: str
    name: str

    def remove(self) -> None:
        force = ["--force"] if self.kind in ("container", "volume") else []
        subprocess.run(["docker", self.kind, "rm", *force, self.name], capture_output=True, check=False)


def installed_paths(settings: Settings) -> list[InstalledPath]:
    """Return the paths in the order in which they can be removed."""
    paths = [InstalledPath("notebook kernel", kernel.folder) for kernel in kernels.installed(os.environ)]
    paths += _state_paths(settings)
    if not is_checkout(settings.root):
        return [*paths, *_cache(settings.root)]
    paths += _framework_environments()
    if _has_only_our_lines(settings.root / ".env"):
        paths.append(InstalledPath("name of the Compose project", settings.root / ".env"))
    for kind, patterns in PATTERNS.items():
        # glob, since a pattern may match nothing; of a broken symbolic link it returns the link
        matches = [path for pattern in patterns for path in sorted(settings.root.glob(pattern))]
        paths += [InstalledPath(kind, path) for path in matches]
    return paths


def docker_objects(settings: Settings) -> list[DockerObject]:
    """Return the containers before the networks, volumes and images that they use; nothing when there is no Docker."""
    if shutil.which("docker") is None:
        return []
    instance = settings.state_dir / "sagemaker" / "instance"
    labels = [f"{COMPOSE_LABEL}={settings.root}"]
    if instance.is_file():
        labels.append(f"{EMULATOR_LABEL}={instance.read_text().strip()}")
    containers = [name for label in labels for name in _docker_names("container", label)]
    projects = {_compose_project(name) for name in containers} - {""}
    labels += [f"com.docker.compose.project={project}" for project in sorted(projects)]
    others = [DockerObject(kind, name) for kind in ("network", "volume") for name in _all_names(kind, labels)]
    images = [DockerObject("image", name) for name in _images()]
    return [*(DockerObject("container", name) for name in dict.fromkeys(containers)), *others, *images]


def _state_paths(settings: Settings) -> Iterator[InstalledPath]:
    """Yield the whole state folder if it is the kit's own, and otherwise only our files in it."""
    kind = "state of the local cloud"
    if settings.state_dir in (settings.root / ".scones", default_state_dir(settings.root)):
        if settings.state_dir.exists():
            yield InstalledPath(kind, settings.state_dir)
        return
    for name in STATE_FILES:
        if (path := settings.state_dir / name).exists():
            yield InstalledPath(kind, path)


def _cache(root: Path) -> Iterator[InstalledPath]:
    """Yield the cache in which the kit of a wheel lies, once its names and its stamp show that it is one."""
    cache = root.parent.parent
    if (root.parent.name, cache.name) == ("kits", "scones-unlimited") and (root / ".complete").is_file():
        yield InstalledPath("environments, images and downloads", cache)


def _framework_environments() -> Iterator[InstalledPath]:
    """Yield the emulator's environments for AWS's framework images, which all checkouts share."""
    home = os.environ.get("XDG_CACHE_HOME")
    cache = Path(home) / "scones-unlimited" if home else platformdirs.user_cache_path("scones-unlimited")
    if (cache / "frameworks").is_dir():
        yield InstalledPath("packages of framework images", cache / "frameworks")


def _images() -> Iterator[str]:
    """Yield the images by name. The label alone is not enough: what a user builds on one of them inherits it."""
    for name in IMAGES:
        filters = ["--filter", f"label={TITLE_LABEL}={name}", "--filter", f"reference={name}"]
        yield from _docker("image", "ls", *filters, "--format", "{{.Repository}}:{{.Tag}}")


def _has_only_our_lines(environment_file: Path) -> bool:
    """Return whether the file has nothing but what docker/project writes."""
    if not environment_file.is_file():
        return False
    return all(line.startswith(COMPOSE_PROJECT_LINES) for line in environment_file.read_text().splitlines())


def _all_names(kind: str, labels: list[str]) -> list[str]:
    return list(dict.fromkeys(name for label in labels for name in _docker_names(kind, label)))


def _docker_names(kind: str, label: str) -> list[str]:
    name = {"container": "{{.Names}}", "network": "{{.Name}}", "volume": "{{.Name}}"}[kind]
    everything = ["--all"] if kind == "container" else []
    return _docker(kind, "ls", *everything, "--filter", f"label={label}", "--format", name)


def _compose_project(container: str) -> str:
    lines = _docker("inspect", "--format", '{{index .Config.Labels "com.docker.compose.project"}}', container)
    return lines[0] if lines else ""


def _docker(*arguments: str) -> list[str]:
    """Return the lines of a command's output; none when Docker does not answer."""
    completed = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    return completed.stdout.splitlines() if completed.returncode == 0 else []
