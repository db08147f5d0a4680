"""The imports that each part is allowed, and the names that the application may not use."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
PARTS = {path.name for path in SOURCE.iterdir() if path.is_dir() and not path.name.endswith(".egg-info")}
# The packages that each part may use besides itself and the standard library. `None`: anything but the other parts.
MAY_IMPORT: dict[str, set[str] | None] = {
    "scones": None,
    "functions": {"boto3", "botocore"},
    "image_classification": {"aiohttp", "uvloop", "numpy", "onnx", "onnxruntime", "PIL", "torch"},
    "frameworks": {
        *("boto3", "requests", "gunicorn", "numpy", "scipy", "pandas", "PIL"),
        *("torch", "sklearn", "xgboost", "tensorflow", "transformers"),
    },
    "image_monitoring": {"numpy", "scipy", "PIL"},
    "sagemaker_emulator": None,
    "local_cloud": None,
    "localstack_plugin": None,
    "command_line": {"click", "local_cloud"},
    "console": {"aiohttp", "boto3", "botocore", "click", "jinja2", "markupsafe", "regex", "display", "safety"},
    "display": set(),
    "safety": set(),
    "pytest_aws_local": {"boto3", "botocore", "pytest"},
    "scones_unlimited": {"platformdirs", "command_line"},
}
ROOT = "command_line"  # joins the parts' commands, and may import their `cli` modules
INSTALLATION = "scones_unlimited"  # the package on PyPI: it starts the command line, and knows nothing else
SHARED = "safety"  # every part may use it: docs/adr/0011-safety-is-shared.md
DISPLAY = "display"  # how pages look: docs/adr/0016-the-console.md
DRAWS = ("scones", "console")  # the parts that may use it
NAMES_LOCAL_CLOUD = re.compile(r"localstack|emulator|4566|4570", re.IGNORECASE)
NAMES_THIS_MACHINE = re.compile(r"localhost|loopback|127\.0\.0\.1", re.IGNORECASE)
ONLY_IN_PLUGIN = {"localstack", "rolo", "plux", "awslambdaric"}


def imports(part: str) -> dict[str, set[str]]:
    """Top-level names that each file of a part imports."""
    found = {}
    for path in sorted((SOURCE / part).rglob("*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
        found[str(path.relative_to(SOURCE))] = {name.partition(".")[0] for name in names}
    return found


def test_parts_that_run_on_aws_do_not_import_safety() -> None:
    for part in ("functions", "image_classification", "image_monitoring"):
        for file, names in imports(part).items():
            assert SHARED not in names, file


def test_every_part_has_a_rule() -> None:
    assert set(MAY_IMPORT) == PARTS


@pytest.mark.parametrize("part", sorted(set(MAY_IMPORT) - {ROOT, INSTALLATION}))
def test_no_part_imports_another(part: str) -> None:
    for file, names in imports(part).items():
        assert not names & (PARTS - {part, SHARED, *([DISPLAY] if part in DRAWS else [])}), file


@pytest.mark.parametrize("part", sorted(name for name, allowed in MAY_IMPORT.items() if allowed is not None))
def test_a_part_that_travels_alone_imports_only_what_it_may(part: str) -> None:
    standard = set(sys.stdlib_module_names)
    for file, names in imports(part).items():
        assert names - standard - {part} <= (MAY_IMPORT[part] or set()), file


def test_only_the_plugin_imports_localstack() -> None:
    for part in PARTS - {"localstack_plugin"}:
        for file, names in imports(part).items():
            assert not names & ONLY_IN_PLUGIN, file


def test_the_server_of_the_algorithm_does_not_import_torch() -> None:
    code = "import sys, image_classification.serving.command; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_application_does_not_name_the_local_cloud() -> None:
    """A profile alone decides between AWS and the local cloud: no code of the application may know the difference."""
    for part in ("scones", "functions", "console", "display"):
        for path in (SOURCE / part).rglob("*.py"):
            assert not NAMES_LOCAL_CLOUD.search(path.read_text()), path


def test_only_local_mode_runs_containers_on_this_machine() -> None:
    """The application drives the SDK's local mode: only one folder may name Docker and the machine's own address."""
    for part in ("scones", "functions"):
        for file, names in imports(part).items():
            if not file.startswith("scones/local_mode/"):
                assert "docker" not in names, file
                assert not NAMES_THIS_MACHINE.search((SOURCE / file).read_text()), file


def test_local_mode_is_chosen_in_one_place() -> None:
    importers = set()
    for path in (SOURCE / "scones").rglob("*.py"):
        if "local_mode" not in path.parts and "scones.local_mode" in path.read_text():
            importers.add(path.name)
    assert importers == {"backends.py"}
