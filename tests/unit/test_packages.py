"""The two distributions that other environments install name all their packages.

An editable installation does not need the list, an image and a wheel do.
"""

import tomllib
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "src"


@pytest.mark.parametrize("distribution", ["localstack_plugin", "safety"])
def test_every_package_is_named(distribution: str) -> None:
    folder = SOURCES / distribution
    named = tomllib.loads((folder / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    modules = folder.rglob("__init__.py")
    packages = sorted(".".join(module.parent.relative_to(SOURCES).parts) for module in modules)
    assert named == [name for name in packages if ".build." not in name]
