"""Images of the kit in the place of AWS's framework images: the same packages and the same program as without Docker.

An image has a virtual environment over the official image of Python. It is built through Docker's API from a context
that is made in memory, so that an emulator in a container can build it, too. pip resolves the packages in the build:
it has the package sources of Docker's own network, not of this machine.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker.errors

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.engine.docker.progress import follow
from sagemaker_emulator.frameworks import program
from sagemaker_emulator.frameworks.image_names import FrameworkImage
from sagemaker_emulator.frameworks.package_sources import TORCH_INDEX
from sagemaker_emulator.frameworks.pythons import NEWEST, OLDEST
from sagemaker_emulator.frameworks.requirements import TORCH, requirements_of

REPOSITORY = "scones/frameworks"
FALLBACK = "python:3.11-slim-bookworm"  # the base of the kit's other images
LAUNCHER = ("python", "-m", "frameworks", "run")
DOCKERFILE = """\
FROM {base}
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH VIRTUAL_ENV=/opt/venv PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 LANG=C.UTF-8
COPY requirements.txt /tmp/requirements.txt
RUN pip install --no-cache-dir --only-binary :all: --progress-bar off {options}--requirement /tmp/requirements.txt
COPY frameworks /opt/program/frameworks
RUN echo /opt/program > "$(python -c 'import site; print(site.getsitepackages()[0])')/program.pth" \\
 && python -m compileall -q /opt/program && python -c "import numpy, pandas, boto3, {module}"
WORKDIR /opt/ml
EXPOSE 8080
ENTRYPOINT ["python", "-m", "frameworks", "{framework}"]
LABEL org.opencontainers.image.title="{repository}" \\
      org.opencontainers.image.description="In the place of AWS's image for {image}" \\
      com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true
"""


@dataclass
class BuildProgress:
    image: FrameworkImage
    line: str = ""

    def add(self, event: dict[str, Any]) -> None:
        if "error" in event:
            raise EngineError(
                f"The image for {self.image} could not be built: {event['error'].strip()} The last line of the build "
                f"was: {self.line}"
            )
        self.line = event.get("stream", "").strip() or self.line

    @property
    def text(self) -> str:
        return f"Building an image with the packages of {self.image}: {self.line}"


@dataclass(frozen=True)
class FrameworkImages:
    client: Any

    def name(self, image: FrameworkImage) -> str:
        """Return the name of the kit's image. Other packages or another program make another name."""
        key = f"{_requirements(image)}\n{DOCKERFILE}\n{program.fingerprint_of(program.source())}"
        backend = f"-{image.backend}-{image.backend_version}" if image.backend else ""
        digest = hashlib.sha256(key.encode()).hexdigest()[:8]
        return f"{REPOSITORY}:{image.framework}-{image.version}{backend}-{digest}"

    def build(self, image: FrameworkImage, say: Callable[[str], None]) -> None:
        """Build the kit's image. EngineError with the last lines of the build if that fails."""
        say(f"Building an image with the packages of {image}")
        context = io.BytesIO(_context(image, self._base(image)))
        try:
            events = self.client.api.build(
                fileobj=context, custom_context=True, tag=self.name(image), rm=True, forcerm=True, decode=True
            )
            follow(events, BuildProgress(image), say)
        except docker.errors.DockerException as error:
            raise EngineError(f"The image for {image} could not be built: {error}") from error

    def _base(self, image: FrameworkImage) -> str:
        """Return the official image of the Python that AWS's image has, if Docker has it or can pull it."""
        minor = int(image.python.partition(".")[2]) if image.python else 11
        minor = min(max(minor, OLDEST[1]), NEWEST[1])
        for base in (f"python:3.{minor}-slim-bookworm", FALLBACK):
            with suppress(docker.errors.DockerException):
                self._get(base)
                return base
        raise EngineError(f"The image for {image} needs the image {FALLBACK}, which Docker neither has nor can pull.")

    def _get(self, base: str) -> None:
        try:
            self.client.images.get(base)
        except docker.errors.ImageNotFound:
            self.client.images.pull(base)


def _requirements(image: FrameworkImage) -> str:
    requirements = requirements_of(image, "linux", "x86_64")
    # The version names torch's build, so that the build fails without its index, instead of installing CUDA.
    pins = [
        f"{package.exact()}+cpu" if package.name == TORCH and package.version.count(".") > 1 else package.exact()
        for package in requirements.named
    ]
    vision = ["torchvision", "torchaudio"] if requirements.needs_torch else []
    return "".join(f"{line}\n" for line in (*pins, *vision, *requirements.beside))


def _context(image: FrameworkImage, base: str) -> bytes:
    """Return the build's context as a tar: the Dockerfile, the requirements, the program."""
    requirements = requirements_of(image, "linux", "x86_64")
    dockerfile = DOCKERFILE.format(
        base=base,
        options=f"--extra-index-url {TORCH_INDEX} " if requirements.needs_torch else "",
        module=requirements.module,
        framework=image.framework,
        image=image,
        repository=REPOSITORY,
    )
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        _add(tar, "Dockerfile", dockerfile.encode())
        _add(tar, "requirements.txt", _requirements(image).encode())
        for name, path in program.files(program.source()):
            _add(tar, f"frameworks/{name}", Path(path).read_bytes())
    return packed.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file without times and owners, so that Docker recognizes what it has already built."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o644
    tar.addfile(info, io.BytesIO(content))
