"""Environments: installed once, shared, renewed, and never used while they are incomplete."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.package_index import PackageIndex

from sagemaker_emulator.frameworks import program
from sagemaker_emulator.frameworks.environments import RECORD, Environment, Environments
from sagemaker_emulator.frameworks.image_names import FrameworkImage
from sagemaker_emulator.frameworks.installation import InstallationFailed
from sagemaker_emulator.frameworks.uv import TICK_S

SCIKIT_LEARN = FrameworkImage("scikit-learn", "1.4.2", "both", None)
OLD = FrameworkImage("scikit-learn", "1.0.2", "both", None)


class Stop(Exception):
    """A stop of the job, raised from its progress."""


@pytest.fixture
def environments(tmp_path: Path, index: PackageIndex) -> Environments:
    return Environments(tmp_path / "cache", uv=index.uv)


def test_an_environment_is_installed_once(environments: Environments, index: PackageIndex) -> None:
    first = environments.prepare(SCIKIT_LEARN)
    second = environments.prepare(SCIKIT_LEARN)
    assert (first, index.installations) == (second, 1)
    assert first.packages["scikit-learn"] == "1.4.2"


def test_the_program_is_copied_in_and_renewed_when_it_has_changed(environments: Environments) -> None:
    program = environments.prepare(SCIKIT_LEARN).site_packages / "frameworks"
    assert (program / "__main__.py").is_file()
    (program / "fingerprint").write_text("of another version")
    (program / "__main__.py").write_text("old")
    environments.prepare(SCIKIT_LEARN)
    assert (program / "__main__.py").read_text() != "old"


def test_a_copy_of_the_program_that_fails_leaves_nothing(tmp_path: Path) -> None:
    source, packages = tmp_path / "source", tmp_path / "packages"
    source.mkdir()
    packages.mkdir()
    (source / "gone.py").symlink_to(tmp_path / "missing")
    with pytest.raises(OSError, match=r"gone\.py"):
        program.renew(packages, source)
    assert list(packages.iterdir()) == []


def test_progress_comes_while_packages_are_installed(environments: Environments, index: PackageIndex) -> None:
    index.describe({"scikit-learn": ["1.4.2"]}, seconds={"install": 2.5})
    lines: list[str] = []
    environments.prepare(SCIKIT_LEARN, lines.append)
    assert TICK_S < 1
    assert len([line for line in lines if "Installing scikit-learn 1.4.2" in line and "installing" in line]) >= 2


def test_a_stop_ends_the_installation_and_leaves_nothing(environments: Environments, index: PackageIndex) -> None:
    index.describe({"scikit-learn": ["1.4.2"]}, seconds={"install": 600})

    def say(line: str) -> None:
        if ", installing" in line:
            raise Stop

    with pytest.raises(Stop):
        environments.prepare(SCIKIT_LEARN, say)
    assert environments.all() == []
    assert [path.name for path in environments.folder.iterdir() if path.is_dir()] == []


def test_what_an_interrupted_installation_left_does_not_count(environments: Environments) -> None:
    folder = environments.prepare(SCIKIT_LEARN).folder
    (folder / RECORD).unlink()
    (folder / "left").touch()
    assert environments.all() == []
    environments.prepare(SCIKIT_LEARN)
    assert not (folder / "left").exists()


def test_jobs_that_need_the_same_environment_install_it_once(environments: Environments, index: PackageIndex) -> None:
    index.describe({"scikit-learn": ["1.4.2"]}, seconds={"install": 1})
    threads = [threading.Thread(target=environments.prepare, args=(SCIKIT_LEARN,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert index.installations == 1


def test_a_version_without_a_package_is_replaced_by_the_nearest_and_noted(
    environments: Environments, index: PackageIndex
) -> None:
    index.describe({"scikit-learn": ["0.24.2", "1.1.3", "1.4.2"]})
    lines: list[str] = []
    environment = environments.prepare(OLD, lines.append)
    assert environment.packages["scikit-learn"] == "1.1.3"
    assert "scikit-learn 1.0.2" in lines[-1]
    assert "1.1.3" in lines[-1]
    lines.clear()
    environments.prepare(OLD, lines.append)  # each job's log has the note
    assert "1.1.3" in lines[-1]


def test_without_a_higher_version_the_next_lower_is_the_nearest(
    environments: Environments, index: PackageIndex
) -> None:
    index.describe({"scikit-learn": ["0.23.2", "0.24.2"]})
    assert environments.prepare(OLD).packages["scikit-learn"] == "0.24.2"


@pytest.mark.parametrize("is_installed", [False, True])
def test_exact_versions_refuse_the_nearest(environments: Environments, index: PackageIndex, is_installed: bool) -> None:
    index.describe({"scikit-learn": ["1.1.3"]})
    if is_installed:
        environments.prepare(OLD)
    exact = Environments(environments.folder, may_be_nearest=False, uv=index.uv)
    with pytest.raises(InstallationFailed, match=r"1\.0\.2"):
        exact.prepare(OLD)


def test_a_failure_says_what_uv_said_and_leaves_nothing(environments: Environments, index: PackageIndex) -> None:
    index.describe({"scikit-learn": ["1.4.2"]}, fails="error: dns error: no such host")
    with pytest.raises(InstallationFailed, match=r"(?s)Check the network.*no such host"):
        environments.prepare(SCIKIT_LEARN)
    assert environments.all() == []


def test_an_environment_whose_python_is_gone_is_installed_again(
    environments: Environments, index: PackageIndex
) -> None:
    environment = environments.prepare(SCIKIT_LEARN)
    environment.python.unlink()
    environments.prepare(SCIKIT_LEARN)
    assert index.installations == 2


def test_a_removed_environment_is_gone(environments: Environments) -> None:
    environment = environments.prepare(SCIKIT_LEARN)
    environments.remove(environment)
    assert (environments.all(), environment.folder.exists()) == ([], False)


@pytest.mark.parametrize("damage", [lambda text: text[:20], lambda _: "{}"])
def test_a_damaged_record_does_not_count(environments: Environments, damage: Callable[[str], str]) -> None:
    folder = environments.prepare(SCIKIT_LEARN).folder
    (folder / RECORD).write_text(damage((folder / RECORD).read_text()))
    assert Environment.read(folder) is None


def test_a_record_lists_the_installed_packages(environments: Environments) -> None:
    record = json.loads((environments.prepare(SCIKIT_LEARN).folder / RECORD).read_text())
    assert record["image"] == "scikit-learn 1.4.2"
    assert record["packages"]["scikit-learn"] == "1.4.2"
