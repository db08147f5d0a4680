"""Images of Model Monitor in Docker: AWS's own where Docker has or gets it, otherwise the kit's analyzer."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.sagemaker_emulator.engine.test_framework_images import Docker, ready

from sagemaker_emulator.engine.docker.images import Images
from sagemaker_emulator.engine.docker.kit_images.monitor_images import REQUIREMENTS

REGISTRY = "156813124566.dkr.ecr.us-east-1.amazonaws.com"
ANALYZER = f"{REGISTRY}/sagemaker-model-monitor-analyzer"
MERGER = f"{REGISTRY}/sagemaker-model-monitor-groundtruth-merger:latest"
BASE = "python:3.11-slim-bookworm"
LOCK = Path(__file__).parents[4] / "requirements.lock"


def test_awss_own_image_is_used_where_docker_has_a_login() -> None:
    assert ready(Docker(set(), registry={f"{ANALYZER}:latest"}), ANALYZER) == ANALYZER


@pytest.mark.parametrize(
    ("image", "name", "entrypoint"),
    [
        (ANALYZER, "scones/monitor:analyzer-", '["python", "-m", "image_monitoring"]'),
        (MERGER, "scones/monitor:analyzer-merge-", '["python", "-m", "image_monitoring", "merge"]'),
    ],
)
def test_otherwise_the_kit_builds_its_analyzer_once(image: str, name: str, entrypoint: str) -> None:
    engine = Docker({BASE})
    own = ready(engine, image)
    assert own.startswith(name)
    assert (ready(engine, image), Images(engine, "").present(image)) == (own, own)
    [context] = engine.contexts
    assert f"ENTRYPOINT {entrypoint}\n" in context["Dockerfile"]
    assert "image_monitoring/tabular/analysis.py" in context


def test_the_packages_are_those_of_the_lock_file() -> None:
    lines = {line.partition(" ;")[0] for line in LOCK.read_text().splitlines()}
    assert set(REQUIREMENTS) <= lines
