"""Uninstalling finds what the kit has put on the machine, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local_cloud.settings import ROOT, Settings
from local_cloud.uninstall import PATTERNS, docker_objects, installed_paths

KIT = (".scones/lock", ".venv/bin/python", ".venv-localstack/pyvenv.cfg", "out/report/index.html", ".mypy_cache/x")
OTHERS = ("pyproject.toml", "src/local_cloud/cli.py", "data/draw_sample.py", "notes.txt", ".env", "outline/page.md")
DOCKER = """#!/bin/sh
echo "$@" >> {calls}
case "$*" in
  "container ls --all --filter label=scones.sagemaker-emulator=0123 "*) echo job-1;;
  "container ls --all --filter label=com.docker.compose.project.working_dir={root} "*) echo cloud-sagemaker-1;;
  "inspect "*cloud-sagemaker-1) echo cloud;;
  "network ls --filter label=com.docker.compose.project=cloud "*) echo cloud_default;;
  "volume ls --filter label=com.docker.compose.project=cloud "*) echo cloud_state;;
  "image ls --filter label=org.opencontainers.image.title=scones/frameworks --filter reference=scones/frameworks "*)
    echo scones/frameworks:pytorch-2.6.0-01234567;;
esac
"""


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "scones-unlimited"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of a checkout that was set up and used, with files of the user in it."""
    root = tmp_path / "checkout"
    write(root, *KIT, *OTHERS)
    return Settings(root=root, state_dir=root / ".scones")


def test_files_of_the_kit_are_removed_and_the_users_files_stay(settings: Settings) -> None:
    for installed in installed_paths(settings):
        installed.remove()
    assert [name for name in KIT if (settings.root / name).exists()] == []
    assert [name for name in OTHERS if not (settings.root / name).exists()] == []
    assert installed_paths(settings) == []


def test_packages_of_framework_images_are_removed(settings: Settings, cache: Path) -> None:
    write(cache, "frameworks/scikit-learn-1.4.2-01234567/bin/python", "environments/of-a-wheel")
    paths = [installed.path for installed in installed_paths(settings)]
    assert cache / "frameworks" in paths
    assert cache not in paths


@pytest.mark.parametrize(("more", "is_removed"), [("", True), ("DATASET=mine.tar.gz\n", False)])
def test_the_file_with_the_compose_projects_name_is_removed_unless_it_has_more(
    settings: Settings, more: str, is_removed: bool
) -> None:
    file = settings.root / ".env"
    file.write_text(f"# the Compose project of the checkout {settings.root}\nCOMPOSE_PROJECT_NAME=scones-1\n{more}")
    assert (file in [installed.path for installed in installed_paths(settings)]) == is_removed


def test_everything_that_git_ignores_is_removed() -> None:
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().split()}
    # bytecode goes with the checkout, the wheels are the user's own, and .env may be
    ignored -= {"__pycache__", "*.egg-info", "docker/wheels/*.whl", ".env"}
    patterns = {pattern for patterns in PATTERNS.values() for pattern in patterns}
    assert ignored <= patterns | {".scones"}


def test_the_environment_that_runs_the_command_is_removed_last(settings: Settings) -> None:
    assert installed_paths(settings)[-1].path == settings.root / ".venv"


def test_only_the_kits_files_are_removed_from_a_state_folder_elsewhere(settings: Settings, tmp_path: Path) -> None:
    state_dir = tmp_path / "home"
    write(state_dir, "cloud.json", "logs/sagemaker.log", "thesis.tex")
    elsewhere = Settings(root=settings.root, state_dir=state_dir)
    for installed in installed_paths(elsewhere):
        installed.remove()
    assert [path.name for path in state_dir.iterdir()] == ["thesis.tex"]


def test_without_a_checkout_only_state_is_removed(tmp_path: Path) -> None:
    write(tmp_path, ".venv/bin/python", "out/x", ".scones/lock")
    paths = [installed.path for installed in installed_paths(Settings(root=tmp_path, state_dir=tmp_path / ".scones"))]
    assert paths == [tmp_path / ".scones"]


def test_the_cache_of_a_wheel_is_removed(tmp_path: Path) -> None:
    root = tmp_path / "scones-unlimited" / "kits" / "0.1.0-aa-cp311"
    write(root, ".complete", "template.yaml")
    paths = [installed.path for installed in installed_paths(Settings(root=root, state_dir=tmp_path / "state"))]
    assert paths == [tmp_path / "scones-unlimited"]


@pytest.mark.parametrize("root", ["scones-unlimited/other/kit", "other/kits/kit", "kit"])
def test_no_folder_above_a_kit_is_removed_unless_it_is_the_cache(tmp_path: Path, root: str) -> None:
    write(tmp_path / root, ".complete", "template.yaml")
    assert installed_paths(Settings(root=tmp_path / root, state_dir=tmp_path / "state")) == []


def test_the_target_of_a_symbolic_link_is_kept(settings: Settings, tmp_path: Path) -> None:
    write(tmp_path / "shared", "python")
    link = settings.root / ".venv-sdk3"
    link.symlink_to(tmp_path / "shared")
    next(installed for installed in installed_paths(settings) if installed.path == link).remove()
    assert not link.is_symlink()
    assert (tmp_path / "shared" / "python").exists()


def test_containers_networks_volumes_and_images_are_found_only_by_our_labels(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings.state_dir, "sagemaker/instance")
    (settings.state_dir / "sagemaker/instance").write_text("0123\n")
    program = tmp_path / "bin" / "docker"
    write(program.parent, "docker")
    program.write_text(DOCKER.format(calls=tmp_path / "calls", root=settings.root))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    objects = docker_objects(settings)
    assert [(item.kind, item.name) for item in objects] == [
        ("container", "cloud-sagemaker-1"),
        ("container", "job-1"),
        ("network", "cloud_default"),
        ("volume", "cloud_state"),
        ("image", "scones/frameworks:pytorch-2.6.0-01234567"),
    ]
    lists = [line for line in (tmp_path / "calls").read_text().splitlines() if " ls " in line]
    assert all("--filter label=" in line for line in lists)
    objects[-2].remove()
    assert (tmp_path / "calls").read_text().splitlines()[-1] == "volume rm --force cloud_state"


def test_the_command_shows_what_it_would_remove_and_asks(tmp_path: Path) -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "command_line", "uninstall"],
        env={**os.environ, "SCONES_STATE_DIR": str(tmp_path)},
        input="n\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert str(ROOT / ".venv") in asked.stdout
    assert "remove all of this? [y/N]" in asked.stdout
    assert (asked.returncode, asked.stderr) == (130, "nothing was done\n")
    assert Path(sys.executable).exists()
