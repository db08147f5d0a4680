"""`scones frameworks`: list, install and remove environments."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.package_index import PackageIndex

from sagemaker_emulator.cli import cli

IMAGE = "sagemaker-scikit-learn:1.4-2-cpu-py3"


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PackageIndex:
    """An empty cache, and an index with scikit-learn 1.4.2."""
    index = PackageIndex.in_folder(tmp_path / "index")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("UV", str(index.folder / "uv"))
    return index


def output(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, ["frameworks", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_an_environment_is_installed_listed_and_removed() -> None:
    assert "none is installed" in output("list")
    assert "Installing scikit-learn 1.4.2" in output("install", IMAGE)
    line = output("list").splitlines()[0]
    assert line.startswith("scikit-learn-1.4.2-")
    name = line.split()[0]
    assert output("remove", name) == f"removed {name}\n"
    assert "none is installed" in output("list")


def test_all_environments_are_removed_at_once() -> None:
    output("install", IMAGE)
    assert "removed scikit-learn-1.4.2-" in output("remove", "all")


def test_other_images_and_names_are_refused() -> None:
    assert "none of AWS's framework images" in output("install", "mine:1", code=1)
    assert "no environment has the name 'other'" in output("remove", "other", code=1)


def test_a_version_without_a_package_is_refused_if_the_setting_says_so(
    index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.describe({"scikit-learn": ["1.5.0"]})
    monkeypatch.setenv("SAGEMAKER_EMULATOR_FRAMEWORK_VERSIONS", "exact")
    assert "scikit-learn==1.4.2" in output("install", IMAGE, code=1)
