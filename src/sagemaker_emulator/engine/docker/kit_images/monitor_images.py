"""Images of the kit in the place of AWS's prebuilt images of Model Monitor: the kit's analyzer and what it imports."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from sagemaker_emulator.engine.docker.kit_images.builds import FALLBACK, KitImage, Say, base_image, build, packed
from sagemaker_emulator.engine.monitoring_images import PROGRAM
from sagemaker_emulator.frameworks import program

REPOSITORY = "scones/monitor"
REQUIREMENTS = ("numpy==2.4.6", "pillow==13.0.0", "scipy==1.17.1")  # as in requirements.lock
DOCKERFILE = """\
FROM {base}
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH VIRTUAL_ENV=/opt/venv PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 LANG=C.UTF-8
RUN pip install --no-cache-dir --only-binary :all: --progress-bar off {requirements}
COPY {program} /opt/program/{program}
RUN echo /opt/program > "$(python -c 'import site; print(site.getsitepackages()[0])')/program.pth" \\
 && python -m compileall -q /opt/program && python -c "import {program}.__main__"
WORKDIR /opt/ml
ENTRYPOINT {entrypoint}
LABEL org.opencontainers.image.title="{repository}" \\
      org.opencontainers.image.description="In the place of AWS's images of Model Monitor"
"""


@dataclass(frozen=True)
class MonitorImages:
    client: Any

    def of(self, arguments: tuple[str, ...]) -> KitImage:
        """Return the image of the analyzer, or with the argument `merge` that of the merger of ground truth."""
        name = self.name(arguments)
        return KitImage(name, "the analyzer of Model Monitor", partial(self.build, arguments))

    def name(self, arguments: tuple[str, ...]) -> str:
        """Return the name of the kit's image. Other packages or another program make another name."""
        key = f"{REQUIREMENTS}\n{DOCKERFILE}\n{program.fingerprint_of(program.source(PROGRAM))}"
        digest = hashlib.sha256(key.encode()).hexdigest()[:8]
        return f"{REPOSITORY}:{'-'.join(('analyzer', *arguments))}-{digest}"

    def build(self, arguments: tuple[str, ...], say: Say) -> None:
        subject = "the analyzer of Model Monitor"
        base = base_image(self.client, (FALLBACK,), subject)
        build(self.client, _context(arguments, base), self.name(arguments), subject, say)


def _context(arguments: tuple[str, ...], base: str) -> bytes:
    """Return the build's context: the Dockerfile and the program."""
    dockerfile = DOCKERFILE.format(
        base=base,
        requirements=" ".join(REQUIREMENTS),
        program=PROGRAM,
        entrypoint=json.dumps(["python", "-m", PROGRAM, *arguments]),
        repository=REPOSITORY,
    )
    files = {f"{PROGRAM}/{name}": path.read_bytes() for name, path in program.files(program.source(PROGRAM))}
    return packed({"Dockerfile": dockerfile.encode(), **files})
