"""The kit of this wheel in the user's cache: a folder that is laid out like a checkout after `make setup`."""

import hashlib
import os
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from scones_unlimited.cache_lock import locked
from scones_unlimited.environments import COMPLETE, Environment, environments, make, packages_of, python_tag
from scones_unlimited.errors import InstallationError
from scones_unlimited.folders import APPLICATION, FILES, cache
from scones_unlimited.installers import Installer, base_python, installer
from scones_unlimited.progress import say, timed

PLUGIN = Path("src/localstack_plugin/pyproject.toml")
SAMPLE = Path("data/sample.tar.gz")
COMMAND = """#!{python}
from command_line.__main__ import main

main()
"""


@dataclass(frozen=True)
class Kit:
    """A version of the kit: its files in the wheel, and its folder in the cache, which may not exist yet."""

    files: Path
    root: Path
    version: str

    @property
    def python(self) -> Path:
        return self.root / ".venv" / "bin" / "python"

    @property
    def is_complete(self) -> bool:
        """Whether the kit was created completely, and none of its environments has been removed since."""
        stamp = self.root / COMPLETE
        return stamp.is_file() and all(Path(line, COMPLETE).is_file() for line in stamp.read_text().splitlines())


def installed_kit(cache_folder: Path) -> Kit:
    """Return the kit of the wheel that is installed in this environment."""
    wheel = distribution(APPLICATION)
    name = f"{wheel.version}-{_fingerprint(wheel.read_text('RECORD') or '')}-{python_tag()}"
    return Kit(FILES, cache_folder / "kits" / name, wheel.version)


def _fingerprint(record: str) -> str:
    """Return a hash of the kit's lines in RECORD, each of which has the hash of one file."""
    lines = [line for line in record.splitlines() if "/kit/" in line and "__pycache__" not in line]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:12]


def prepared() -> Kit:
    """Return the kit of this wheel; create it if it is missing. Raises InstallationError."""
    folder = cache()
    kit = installed_kit(folder)
    if kit.is_complete:
        return kit
    with locked(folder):
        if not kit.is_complete:
            say(f"preparing the first use of this version in {folder}")
            make_kit(kit, environments(folder, kit.files), installer())
    return kit


def make_kit(kit: Kit, parts: tuple[Environment, ...], tool: Installer) -> None:
    """Create the missing environments, in parallel, and the kit's folder. Raises InstallationError."""
    by_name = {part.name: part for part in parts}
    with ThreadPoolExecutor() as pool:
        making = {part.name: pool.submit(make, part, tool) for part in parts}
        making["kit"].result()
        try:
            _lay_out(kit, by_name)
        except OSError as error:
            raise InstallationError(f"the kit cannot be copied to {kit.root}: {error.strerror}") from error
        _draw_sample(kit)
        for each in making.values():
            each.result()
    (kit.root / COMPLETE).write_text("".join(f"{part.folder}\n" for part in parts))


def _lay_out(kit: Kit, parts: Mapping[str, Environment]) -> None:
    """Copy the kit's files, and link the environments under the names that they have in a checkout."""
    shutil.rmtree(kit.root, ignore_errors=True)
    shutil.copytree(kit.files, kit.root, ignore=shutil.ignore_patterns("__pycache__"))
    _link(kit, kit.root / ".venv", parts["kit"])
    _link(kit, kit.root / ".venv-localstack", parts["localstack"])
    (kit.root / ".venv-lambda").symlink_to(parts["lambda"].folder)
    _write_command(kit)
    _write_plugin_metadata(kit)


def _link(kit: Kit, venv: Path, environment: Environment) -> None:
    """Create a virtual environment with the packages of the shared one and the kit's modules."""
    packages = packages_of(venv)
    packages.mkdir(parents=True)
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(base_python())
    (venv / "pyvenv.cfg").write_text(f"home = {Path(base_python()).parent}\ninclude-system-site-packages = false\n")
    # addsitedir, since packages may have .pth files of their own
    lines = (f"import site; site.addsitedir({str(environment.packages)!r})", str(kit.root / "src"))
    (packages / "kit.pth").write_text("".join(f"{line}\n" for line in lines))


def _write_command(kit: Kit) -> None:
    """Write `.venv/bin/scones`, and the kit's metadata, which has its version."""
    command = kit.python.with_name("scones")
    command.write_text(COMMAND.format(python=kit.python))
    command.chmod(0o755)
    _write_metadata(kit.root / ".venv", APPLICATION, kit.version)


def _write_plugin_metadata(kit: Kit) -> None:
    """Write the metadata of an installed plugin: LocalStack finds plugins by their entry points."""
    project = tomllib.loads((kit.root / PLUGIN).read_text())["project"]
    folder = _write_metadata(kit.root / ".venv-localstack", project["name"], project["version"])
    groups = (
        "\n".join([f"[{group}]", *(f"{name} = {target}" for name, target in entries.items())])
        for group, entries in project["entry-points"].items()
    )
    (folder / "entry_points.txt").write_text("\n\n".join(groups) + "\n")


def _write_metadata(venv: Path, name: str, version: str) -> Path:
    folder = packages_of(venv) / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return folder


def _draw_sample(kit: Kit) -> None:
    """Draw the pictures that are used if CIFAR-100 cannot be downloaded."""
    with timed("drawing the sample images"):
        command = [str(kit.python), str(kit.root / "data" / "draw_sample.py"), str(kit.root / SAMPLE)]
        ended = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise InstallationError(f"the sample images cannot be drawn:\n{ended.stderr.strip()}")
