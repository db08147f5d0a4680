"""The images and docker-compose.yml agree with the other files and open nothing unnecessary."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local_cloud.servers import localstack
from local_cloud.settings import Settings
from sagemaker_emulator.engine.docker.kit_images.monitor_images import REQUIREMENTS

ROOT = Path(__file__).parents[2]
SOCKET = "/var/run/docker.sock"
DISTRIBUTIONS = {"PIL": "pillow"}
DIFFERENT_IN_CONTAINERS = {
    "AWS_CONFIG_FILE",  # the image has no user's configuration
    "AWS_SHARED_CREDENTIALS_FILE",
    "FILESYSTEM_ROOT",
    "GATEWAY_LISTEN",  # every interface of the container; Compose publishes it on loopback
    "GATEWAY_SERVER",
    "SAGEMAKER_ENDPOINT_URL",
    "SCONES_LAMBDA_PACKAGES",
    "SCONES_PERSISTENCE_DIR",
    "SCONES_SHELL_FOLDER",  # a container has no shell of the user
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
        # the Dockerfile installs torch; botocore, urllib3 and requests come with boto3 and docker
        ("image-classification", "image_classification", {"torch"}),
        ("sagemaker", "sagemaker_emulator", {"botocore", "urllib3", "requests"}),
    ],
)
def test_an_image_has_what_its_program_imports(image: str, part: str, others: set[str]) -> None:
    lines = (ROOT / "docker" / image / "requirements.in").read_text().splitlines()
    modules = {name.partition(".")[0] for name in imported(part)} - set(sys.stdlib_module_names) - {part, "safety"}
    needed = {DISTRIBUTIONS.get(module, module) for module in modules} - others
    assert {line for line in lines if not line.startswith("#")} == needed


@pytest.mark.parametrize("image", ["image-classification", "localstack", "sagemaker"])
def test_all_that_an_image_copies_is_in_the_context_of_its_build(image: str) -> None:
    context = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (src/\S+) ", dockerfile(image), re.MULTILINE)
    assert copied
    assert [path for path in copied if not any(f"{path}/".startswith(folder) for folder in context)] == []


def test_the_image_of_the_analyzer_has_what_its_program_imports() -> None:
    modules = {name.partition(".")[0] for name in imported("image_monitoring")}
    needed = modules - set(sys.stdlib_module_names) - {"image_monitoring"}
    assert {requirement.partition("==")[0] for requirement in REQUIREMENTS} == {
        DISTRIBUTIONS.get(module, module) for module in needed
    }


def test_the_images_have_the_version_of_the_kit(compose: Any) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    built = {service["image"]: service["build"] for service in compose["services"].values() if "build" in service}
    assert set(built) == {f"scones/{name}:latest" for name in ("localstack", "sagemaker", "image-classification")}
    for image, build in built.items():
        assert build["tags"] == [image.replace("latest", project["version"])]
        assert build["args"]["VERSION"] == project["version"]
    torch = re.search(r"ARG TORCH_VERSION=(\S+)", dockerfile("image-classification"))
    assert torch
    assert f"torch=={torch[1]}" in project["optional-dependencies"]["kit"]


def test_localstack_has_the_same_settings_in_its_image_and_on_the_machine(compose: Any) -> None:
    settings = re.findall(r"^(?:ENV|   ) ([A-Z_]+)=(.*?)(?: \\)?$", dockerfile("localstack").split("FROM ")[-1], re.M)
    in_image = {**dict(settings), **compose["services"]["localstack"]["environment"]}
    embedded = localstack(Settings(), {}).environment
    in_image["LOCALSTACK_HOST"] = in_image["LOCALSTACK_HOST"].replace("${SCONES_LOCALSTACK_PORT:-4566}", "4566")
    same = embedded.keys() - DIFFERENT_IN_CONTAINERS
    assert {name: in_image.get(name) for name in same} == {name: embedded[name] for name in same}


def test_only_loopback_is_published(compose: Any) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_only_the_emulator_and_its_sweeper_get_dockers_socket(compose: Any) -> None:
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
    options = {option for service in running for option in service["security_opt"]}
    assert all("no-new-privileges:true" in service["security_opt"] for service in running)
    assert options == {"no-new-privileges:true", "seccomp:docker/localstack/seccomp.json"}


NO_ENGINE = 'echo "Cannot connect to the Docker daemon at unix:///none. Is the docker daemon running?" >&2; exit 1'
NO_PERMISSION = 'echo "permission denied while trying to connect to the Docker daemon socket" >&2; exit 1'
NO_COMPOSE = '[ "$1" != compose ]'
NO_BUILDX = '[ "$1" != buildx ]'
DISK_FULL = """[ "$*" != "compose --progress plain build" ] && exit
echo "------"; echo " > RUN pip install:"; echo "0.9 OSError: [Errno 28] No space left on device"; exit 17"""
NO_REGISTRY = """[ "$*" != "compose --progress plain build" ] && exit
echo "------"; echo "failed to resolve source metadata: dial tcp: no such host"; exit 17"""


@pytest.mark.parametrize(
    ("docker", "message"),
    [
        (None, "the command docker is missing: install Docker 25 or newer, or use 'make run'"),
        (NO_ENGINE, "no Docker engine answers: start it, or set DOCKER_HOST to its address (Cannot connect to"),
        (NO_PERMISSION, "you may not use Docker's socket: run 'sudo usermod -aG docker "),
        (NO_COMPOSE, "Docker has no Compose plug-in: install it"),
        (NO_BUILDX, "Docker has no buildx plug-in: install it"),
        (DISK_FULL, "the disk is full: a first build takes "),
        (NO_REGISTRY, "the build failed: the reason is above"),
    ],
)
def test_a_failed_build_names_the_obstacle_in_one_message(tmp_path: Path, docker: str | None, message: str) -> None:
    """A script replaces the command docker and prints its error."""
    (tmp_path / "docker").mkdir()
    for name in ("bash", "dirname", "grep", "id", "mkdir", "sed", "tail"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    script = tmp_path / "docker" / "build"
    script.symlink_to(ROOT / "docker" / "build")
    (tmp_path / "docker" / "project").symlink_to(ROOT / "docker" / "project")
    if docker is not None:
        (tmp_path / "bin").mkdir()
        command = tmp_path / "bin" / "docker"
        command.write_text(f"#!/bin/bash\n{docker}\n")
        command.chmod(0o755)
    path = f"{tmp_path / 'bin'}:{tmp_path}"
    environment = {**os.environ, "PATH": path, "COMPOSE_PROJECT_NAME": "tests"}
    build = subprocess.run(["bash", script], env=environment, capture_output=True, text=True)
    assert build.returncode == 1
    assert build.stderr.splitlines()[-1].startswith(f"images: {message}")
    assert "Traceback" not in build.stderr


def test_localstack_may_create_user_namespaces_but_not_change_the_kernel(compose: Any) -> None:
    options = compose["services"]["localstack"]["security_opt"]
    (profile,) = (ROOT / option.removeprefix("seccomp:") for option in options if option.startswith("seccomp:"))
    denied = {name for rule in json.loads(profile.read_text())["syscalls"] for name in rule["names"]}
    assert "no-new-privileges:true" in options
    assert denied.isdisjoint({"clone", "clone3", "unshare", "setns", "mount", "mount_setattr"})
    assert denied >= {
        "bpf",
        "finit_module",
        "init_module",
        "keyctl",
        "kexec_load",
        "open_by_handle_at",
        "reboot",
        "umount2",
    }
