"""A small program in the place of uv, over an index that a test describes."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagemaker_emulator.frameworks.uv import Uv

# Resolves one requirement of the forms name==version, name>=version and name<version; "installs" modules of one line.
PROGRAM = """#!{python}
import json, os, pathlib, re, subprocess, sys, time
folder = pathlib.Path({folder!r})
index = json.loads((folder / "index.json").read_text())
arguments = sys.argv[1:]
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps(arguments) + "\\n")
time.sleep(index.get("seconds", {{}}).get(arguments[1] if arguments[0] == "pip" else arguments[0], 0))

def numbers(version):
    return [int(part) for part in version.split("+")[0].split(".")]

if arguments[:2] == ["python", "list"]:
    print(json.dumps(index.get("pythons", [])))
elif arguments[:2] == ["pip", "compile"]:
    name, operator, version = re.match(r"([a-z-]+)(==|>=|<)(.+)", sys.stdin.read().strip()).groups()
    fits = [one for one in index["packages"].get(name, []) if {{
        "==": one == version or version.endswith(".*") and one.startswith(version[:-1]),
        ">=": numbers(one) >= numbers(version) if operator == ">=" else False,
        "<": numbers(one) < numbers(version) if operator == "<" else False,
    }}[operator]]
    if not fits:
        sys.exit("x No solution found when resolving dependencies")
    fits.sort(key=numbers)
    print(f"{{name}}=={{fits[0] if operator == '>=' else fits[-1]}}")
elif arguments[0] == "venv":
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", arguments[-1]], check=True)
elif arguments[:2] == ["pip", "install"]:
    print("Resolved 3 packages", "Downloading numpy (15.8MiB)", sep="\\n", file=sys.stderr, flush=True)
    if "fails" in index:
        sys.exit(index["fails"])
    [packages] = (pathlib.Path(arguments[4]).parents[1] / "lib").glob("python*/site-packages")
    for module in ("numpy", "pandas", "boto3", "sklearn", "torch"):
        (packages / f"{{module}}.py").write_text("")
    pins = [line.split("==") for line in arguments if "==" in line]
    (packages / "pins").write_text(json.dumps([{{"name": name, "version": version}} for name, version in pins]))
elif arguments[:2] == ["pip", "list"]:
    [packages] = (pathlib.Path(arguments[3]).parents[1] / "lib").glob("python*/site-packages")
    print((packages / "pins").read_text())
"""


@dataclass
class PackageIndex:
    """The packages that exist, by name, for this machine, and how the program in the place of uv behaves."""

    folder: Path

    def describe(self, packages: dict[str, list[str]] | None = None, **behavior: Any) -> None:
        (self.folder / "index.json").write_text(json.dumps({"packages": packages or {}, **behavior}))

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each call of uv."""
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def installations(self) -> int:
        return sum(call[0] == "venv" for call in self.calls)

    def uv(self) -> Uv:
        return Uv(str(self.folder / "uv"), {**os.environ, "UV_PYTHON_DOWNLOADS": "never"})

    @classmethod
    def in_folder(cls, folder: Path) -> PackageIndex:
        """Return an index with scikit-learn 1.4.2 for this Python."""
        folder.mkdir()
        program = folder / "uv"
        program.write_text(PROGRAM.format(python=sys.executable, folder=str(folder)))
        program.chmod(0o755)
        index = cls(folder)
        index.describe({"scikit-learn": ["1.4.2"]})
        return index
