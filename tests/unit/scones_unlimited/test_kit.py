"""The kit in the cache: what is made, once, and made again after an interruption."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from scones_unlimited.environments import COMPLETE, NEEDED_BYTES, TORCH, environments, packages_of
from scones_unlimited.errors import InstallationError
from scones_unlimited.folders import LOCK_FILES, cache
from scones_unlimited.kit import Kit, make_kit

ROOT = Path(__file__).parents[3]
DRAW = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('sample')"
PLUGIN = '[project]\nname = "a-plugin"\nversion = "1"\n[project.entry-points."a.group"]\n"x:y" = "module:name"\n'


class Recorder:
    """An installer that makes folders and records what it was asked."""

    def __init__(self, failing: str | None = None) -> None:
        self.made: list[str] = []
        self.installed: list[str] = []
        self.failing = failing

    def make(self, folder: Path) -> None:
        self.made.append(folder.name.partition("-")[0])
        packages_of(folder).mkdir(parents=True)

    def install(self, folder: Path, arguments: Sequence[str]) -> None:
        self.installed.append(" ".join(arguments))
        if self.failing and self.failing in self.installed[-1]:
            raise InstallationError("the network is away")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Return a small kit's files."""
    folder = tmp_path / "files"
    contents = {"data/draw_sample.py": DRAW, "src/localstack_plugin/pyproject.toml": PLUGIN, "src/module.py": "x = 1\n"}
    contents |= {str(lock): f"{name}==1\n" for name, lock in LOCK_FILES.items()}
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def made(tmp_path: Path, files: Path, tool: Recorder, name: str = "0.1.0-aa-cp311") -> Kit:
    kit = Kit(files, tmp_path / "cache" / "kits" / name, "0.1.0")
    make_kit(kit, environments(tmp_path / "cache", files, {}), tool)
    return kit


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()


def test_a_kit_is_laid_out_as_a_checkout(tmp_path: Path, files: Path) -> None:
    kit = made(tmp_path, files, Recorder())
    assert kit.is_complete
    assert (kit.root / "data" / "sample.tar.gz").read_text() == "sample"
    assert packages_of(kit.root / ".venv-lambda").is_dir()


def test_its_python_imports_the_kit_and_the_shared_packages(tmp_path: Path, files: Path) -> None:
    kit = made(tmp_path, files, Recorder())
    (shared,) = (tmp_path / "cache" / "environments").glob("kit-*")
    (packages_of(shared) / "shared.py").write_text("y = 2\n")
    program = "import module, shared; print(module.x + shared.y)"
    ended = subprocess.run([kit.python, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "3\n"


def test_localstack_finds_the_plugins_entry_points(tmp_path: Path, files: Path) -> None:
    kit = made(tmp_path, files, Recorder())
    paths = [str(packages_of(kit.root / ".venv-localstack"))]
    (plugin,) = importlib.metadata.distributions(path=paths)
    assert [(point.group, point.name, point.value) for point in plugin.entry_points] == [
        ("a.group", "x:y", "module:name")
    ]


def test_another_version_with_the_same_locks_installs_nothing(tmp_path: Path, files: Path) -> None:
    made(tmp_path, files, Recorder())
    tool = Recorder()
    assert made(tmp_path, files, tool, "0.2.0-bb-cp311").is_complete
    assert tool.made == tool.installed == []


def test_a_changed_lock_file_recreates_only_its_environment(tmp_path: Path, files: Path) -> None:
    made(tmp_path, files, Recorder())
    (files / LOCK_FILES["lambda"]).write_text("lambda==2\n")
    tool = Recorder()
    made(tmp_path, files, tool)
    assert tool.made == ["lambda"]


def test_an_interrupted_environment_is_created_again(tmp_path: Path, files: Path) -> None:
    with pytest.raises(InstallationError, match="away"):
        made(tmp_path, files, Recorder(failing=str(LOCK_FILES["localstack"])))
    tool = Recorder()
    assert made(tmp_path, files, tool).is_complete
    assert tool.made == ["localstack"]


def test_a_full_disk_is_noticed_before_anything_is_installed(
    tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NEEDED_BYTES, "localstack", 10**18)
    tool = Recorder()
    with pytest.raises(InstallationError, match="GB left, and the packages of LocalStack need"):
        made(tmp_path, files, tool)
    assert "localstack" not in tool.made


def test_a_kit_whose_environment_was_removed_is_not_complete(tmp_path: Path, files: Path) -> None:
    kit = made(tmp_path, files, Recorder())
    (shared,) = (tmp_path / "cache" / "environments").glob("lambda-*")
    (shared / COMPLETE).unlink()
    assert not kit.is_complete


def test_torch_comes_from_the_users_index_if_its_own_cannot_be_reached(tmp_path: Path, files: Path) -> None:
    tool = Recorder(failing="download.pytorch.org")
    made(tmp_path, files, tool)
    assert TORCH in tool.installed


def test_the_torch_of_the_wheel_is_that_of_the_checkout() -> None:
    assert f"TORCH_VERSION := {TORCH.partition('==')[2]}\n" in (ROOT / "Makefile").read_text()


def test_the_cache_can_be_moved(tmp_path: Path) -> None:
    assert cache({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "scones-unlimited"


def test_the_locks_of_the_environments_exist() -> None:
    assert [lock for lock in LOCK_FILES.values() if not (ROOT / lock).is_file()] == []


def test_the_launcher_of_a_checkout_runs_the_command_line_in_place() -> None:
    program = "import sys; sys.argv = ['scones', '--version']; from scones_unlimited.launcher import main; main()"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("scones, version ")
