"""The images and docker-compose.yml say nothing that another file says otherwise, and open no more than they must."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local_cloud.servers import localstack
from local_cloud.settings import Settings

ROOT = Path(__file__).parents[2]
SOCKET = "/var/run/docker.sock"
DISTRIBUTIONS = {"PIL": "pillow"}
NOT_AS_EMBEDDED = {
    "AWS_CONFIG_FILE",  # no person's own is in the image
    "AWS_SHARED_CREDENTIALS_FILE",
    "FILESYSTEM_ROOT",
    "GATEWAY_LISTEN",  # the container's network, and published on loopback
    "GATEWAY_SERVER",
    "SAGEMAKER_ENDPOINT_URL",
    "TEMP",
    "XDG_CACHE_HOME",
}


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def dockerfile(image: str) -> str:
    return (ROOT / "docker" / image / "Dockerfile").read_text()


def imported(part: str) -> Iterator[str]:
    for path in (ROOT / "src" / part).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield node.module or ""


@pytest.mark.parametrize(
    ("image", "part", "others"),
    [
        # torch is the Dockerfile's; botocore, urllib3 and requests come with boto3 and docker
        ("image-classification", "image_classification", {"torch"}),
        ("sagemaker", "sagemaker_emulator", {"botocore", "urllib3", "requests"}),
    ],
)
def test_an_image_has_what_its_program_imports(image: str, part: str, others: set[str]) -> None:
    lines = (ROOT / "docker" / image / "requirements.in").read_text().splitlines()
    modules = {name.partition(".")[0] for name in imported(part)} - set(sys.stdlib_module_names) - {part}
    needed = {DISTRIBUTIONS.get(module, module) for module in modules} - others
    assert {line for line in lines if not line.startswith("#")} == needed


def test_the_versions_are_those_of_the_kit(compose: Any) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    built = {service["image"]: service["build"] for service in compose["services"].values() if "build" in service}
    assert set(built) == {f"scones/{name}:latest" for name in ("localstack", "sagemaker", "image-classification")}
    for image, build in built.items():
        assert build["tags"] == [image.replace("latest", project["version"])]
        assert build["args"]["VERSION"] == project["version"]
    torch = re.search(r"ARG TORCH_VERSION=(\S+)", dockerfile("image-classification"))
    assert torch
    assert f"torch=={torch[1]}" in project["dependencies"]


def test_localstack_is_told_in_its_image_what_it_is_told_on_the_machine(compose: Any) -> None:
    settings = re.findall(r"^(?:ENV|   ) ([A-Z_]+)=(.*?)(?: \\)?$", dockerfile("localstack").split("FROM ")[-1], re.M)
    in_image = {**dict(settings), **compose["services"]["localstack"]["environment"]}
    embedded = localstack(Settings(), {}).environment
    in_image["LOCALSTACK_HOST"] = in_image["LOCALSTACK_HOST"].replace("${SCONES_LOCALSTACK_PORT:-4566}", "4566")
    same = embedded.keys() - NOT_AS_EMBEDDED
    assert {name: in_image.get(name) for name in same} == {name: embedded[name] for name in same}


def test_only_loopback_is_published(compose: Any) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_dockers_socket_is_where_it_must_be_and_nowhere_else(compose: Any) -> None:
    holders = {
        name
        for name, service in compose["services"].items()
        if any(SOCKET in str(volume) for volume in service.get("volumes", []))
    }
    assert holders == {"sagemaker", "sagemaker-sweeper"}


def test_every_service_that_runs_is_confined(compose: Any) -> None:
    running = [service for service in compose["services"].values() if service.get("scale") != 0]
    assert len(running) == 3
    assert all(service["cap_drop"] == ["ALL"] for service in running)
    assert all(service["security_opt"] == ["no-new-privileges:true"] for service in running)
