"""Images of the kit in the place of AWS's framework images: the same packages and the same program as without Docker.

An image has a virtual environment over the official image of Python.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sagemaker_emulator.engine.docker.kit_images.builds import FALLBACK, KitImage, Say, base_image, build, packed
from sagemaker_emulator.frameworks import program
from sagemaker_emulator.frameworks.image_names import FrameworkImage
from sagemaker_emulator.frameworks.package_sources import TORCH_INDEX
from sagemaker_emulator.frameworks.pythons import NEWEST, OLDEST
from sagemaker_emulator.frameworks.requirements import TORCH, requirements_of

REPOSITORY = "scones/frameworks"
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


@dataclass(frozen=True)
class FrameworkImages:
    client: Any

    def of(self, image: FrameworkImage) -> KitImage:
        return KitImage(self.name(image), f"the packages of {image}", partial(self.build, image))

    def name(self, image: FrameworkImage) -> str:
        """Return the name of the kit's image. Other packages or another program make another name."""
        key = f"{_requirements(image)}\n{DOCKERFILE}\n{program.fingerprint_of(program.source())}"
        backend = f"-{image.backend}-{image.backend_version}" if image.backend else ""
        digest = hashlib.sha256(key.encode()).hexdigest()[:8]
        return f"{REPOSITORY}:{image.framework}-{image.version}{backend}-{digest}"

    def build(self, image: FrameworkImage, say: Say) -> None:
        """Build the kit's image, over the official image of the Python that AWS's image has if Docker can have it."""
        minor = int(image.python.partition(".")[2]) if image.python else 11
        minor = min(max(minor, OLDEST[1]), NEWEST[1])
        subject = f"the packages of {image}"
        base = base_image(self.client, (f"python:3.{minor}-slim-bookworm", FALLBACK), subject)
        build(self.client, _context(image, base), self.name(image), subject, say)


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
    """Return the build's context: the Dockerfile, the requirements, the program."""
    requirements = requirements_of(image, "linux", "x86_64")
    dockerfile = DOCKERFILE.format(
        base=base,
        options=f"--extra-index-url {TORCH_INDEX} " if requirements.needs_torch else "",
        module=requirements.module,
        framework=image.framework,
        image=image,
        repository=REPOSITORY,
    )
    files = {f"frameworks/{name}": Path(path).read_bytes() for name, path in program.files(program.source())}
    return packed({"Dockerfile": dockerfile.encode(), "requirements.txt": _requirements(image).encode(), **files})
