"""Framework images in Docker: AWS's own where Docker has or gets it, otherwise an image of the kit."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from typing import Any

import docker.errors
import pytest

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.engine.docker.images import Images
from sagemaker_emulator.engine.docker.kit_images.framework_images import FrameworkImages
from sagemaker_emulator.frameworks.image_names import FrameworkImage

AWS = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
SCIKIT_LEARN = FrameworkImage("scikit-learn", "1.4.2", "both", "3.10")


class Docker:
    """A Docker that has `images` and can pull `registry`. It records the contexts of builds."""

    def __init__(self, images: set[str], registry: set[str] | None = None, failure: str = "") -> None:
        self.has, self.registry, self.failure = images, registry or set(), failure
        self.contexts: list[dict[str, str]] = []
        self.images = self.api = self

    def get(self, name: str) -> None:
        if name not in self.has:
            raise docker.errors.ImageNotFound(name)

    def pull(self, repository: str, tag: str = "", **_: Any) -> list[dict[str, Any]]:
        name = f"{repository}:{tag}" if tag else repository
        if name not in self.registry:
            raise docker.errors.APIError(f"no basic auth credentials for {name}")
        self.has.add(name)
        return []

    def build(self, fileobj: io.BytesIO, tag: str, **_: Any) -> Iterator[dict[str, str]]:
        with tarfile.open(fileobj=fileobj) as tar:
            self.contexts.append({one.name: tar.extractfile(one).read().decode() for one in tar})  # type: ignore[union-attr]
        yield {"stream": "Collecting scikit-learn==1.4.2"}
        if self.failure:
            yield {"error": self.failure}
        self.has.add(tag)


def ready(engine: Docker, image: str = AWS, say: Callable[[str], None] = lambda _: None) -> str:
    return Images(engine, "scones/image-classification:latest").ready(image, say)


def test_awss_own_image_is_used_where_docker_has_it() -> None:
    assert ready(Docker({AWS})) == AWS


def test_awss_own_image_is_pulled_where_docker_has_a_login() -> None:
    assert ready(Docker(set(), registry={AWS})) == AWS


def test_otherwise_the_kit_builds_an_image_once() -> None:
    engine = Docker(set(), registry={"python:3.10-slim-bookworm"})
    own = FrameworkImages(engine).name(SCIKIT_LEARN)
    assert own.startswith("scones/frameworks:scikit-learn-1.4.2-")
    assert (ready(engine), ready(engine), len(engine.contexts)) == (own, own, 1)


def test_the_jobs_log_names_the_image_that_runs_in_the_place_of_awss() -> None:
    lines: list[str] = []
    ready(Docker({"python:3.10-slim-bookworm"}), say=lines.append)
    assert any("no basic auth" in line and "scikit-learn 1.4.2 runs in its place" in line for line in lines)


def test_the_pull_is_tried_again_when_the_kits_image_exists() -> None:
    engine = Docker({"python:3.10-slim-bookworm"})
    own = ready(engine)
    engine.registry.add(AWS)
    assert (own == AWS, ready(engine)) == (False, AWS)


def test_a_started_container_does_not_pull_again() -> None:
    engine = Docker({"python:3.10-slim-bookworm"})
    own = ready(engine)
    engine.registry.add(AWS)
    assert Images(engine, "scones/image-classification:latest").present(AWS) == own


@pytest.mark.parametrize("registry", ["123456789012.dkr.ecr.us-east-1.amazonaws.com/", ""])
def test_an_image_of_another_account_is_never_replaced(registry: str) -> None:
    engine = Docker({"python:3.10-slim-bookworm"})
    with pytest.raises(EngineError, match="Cannot pull algorithm container"):
        ready(engine, f"{registry}pytorch-training:2.1.0-mine")
    assert engine.contexts == []


def test_the_context_has_the_packages_and_the_program() -> None:
    engine = Docker({"python:3.10-slim-bookworm"})
    ready(engine)
    [context] = engine.contexts
    assert context["Dockerfile"].startswith("FROM python:3.10-slim-bookworm\n")
    assert 'ENTRYPOINT ["python", "-m", "frameworks", "scikit-learn"]' in context["Dockerfile"]
    assert "scikit-learn==1.4.2" in context["requirements.txt"].splitlines()
    assert "frameworks/__main__.py" in context


def test_without_the_images_python_the_base_is_that_of_the_kits_images() -> None:
    engine = Docker({"python:3.11-slim-bookworm"})
    ready(engine)
    assert engine.contexts[0]["Dockerfile"].startswith("FROM python:3.11-slim-bookworm\n")


def test_a_build_that_fails_says_what_its_last_line_was() -> None:
    with pytest.raises(EngineError, match=r"(?s)scikit-learn 1\.4\.2.*returned 1.*Collecting scikit-learn"):
        ready(Docker({"python:3.10-slim-bookworm"}, failure="pip returned 1"))
