"""Programs that run in AWS's images keep to what their oldest Python and NumPy have: Python 3.9 and NumPy 1.22.

AWS's image `sagemaker-scikit-learn:1.2-1` has Python 3.9, NumPy 1.24 and SciPy 1.8. Ruff checks the syntax of the same
folders against 3.9; vermin checks the names of modules, functions and parameters.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("src/frameworks", "src/image_monitoring")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
VERMIN = [str(Path(sys.executable).with_name("vermin")), "--no-tips", "--violations", "--processes=1", "--target=3.9-"]
TYPES = {"bool", "bytes", "dict", "float", "int", "list", "object", "set", "str", "tuple"}
NEWER_THAN_NUMPY_1 = frozenset(
    """acos acosh asin asinh astype atan atan2 atanh bitwise_count bitwise_invert bitwise_left_shift
    bitwise_right_shift bool concat cumulative_prod cumulative_sum dtypes exceptions isdtype long matrix_transpose
    matvec permute_dims pow trapezoid ulong unique_all unique_counts unique_inverse unique_values unstack vecdot
    vecmat""".split()  # noqa: SIM905 - a line for each name would be longer than the tests
)


def newer_names(*paths: str | Path) -> str:
    """Return vermin's lines about what Python 3.9 lacks, or an empty text."""
    result = subprocess.run([*VERMIN, *map(str, paths)], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else result.stdout + result.stderr


def newer_numpy(tree: ast.AST) -> set[str]:
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "np"
    } & NEWER_THAN_NUMPY_1


def evaluated_unions(tree: ast.Module) -> list[int]:
    """Return the lines of unions such as `int | None` that are evaluated, which Python before 3.10 cannot do."""
    imports = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    unevaluated = ("annotation", "returns") if "__future__" in imports else ()
    return [node.lineno for node in walk(tree, unevaluated) if isinstance(node, ast.BinOp) and is_union(node)]


def walk(node: ast.AST, left_out: tuple[str, ...]) -> Iterator[ast.AST]:
    yield node
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and name not in left_out:
                yield from walk(child, left_out)


def is_union(node: ast.BinOp) -> bool:
    return isinstance(node.op, ast.BitOr) and (is_type(node.left) or is_type(node.right))


def is_type(node: ast.expr) -> bool:
    is_none = isinstance(node, ast.Constant) and node.value is None
    root = node.value if isinstance(node, ast.Subscript) else node
    return is_none or (isinstance(root, ast.Name) and root.id in TYPES)


def test_ruff_checks_the_syntax_against_python_3_9() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]
    assert settings["per-file-target-version"] == {"src/{frameworks,image_monitoring}/**": "py39"}


def test_every_name_exists_in_python_3_9() -> None:
    assert newer_names(*PACKAGES) == ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_a_module_needs_neither_numpy_2_nor_unions_at_run_time(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    assert newer_numpy(tree) == set()
    assert evaluated_unions(tree) == []


@pytest.mark.parametrize(
    "line",
    [
        "from datetime import UTC",
        "from itertools import pairwise",
        "zip([1], [2], strict=True)",
        "import dataclasses\n@dataclasses.dataclass(slots=True)\nclass A: pass",
    ],
)
def test_a_newer_name_is_noticed(tmp_path: Path, line: str) -> None:
    (tmp_path / "newer.py").write_text(f"{line}\n")
    assert "3.1" in newer_names(tmp_path / "newer.py")


def test_numpy_2_and_a_union_at_run_time_are_noticed() -> None:
    source = "np.trapezoid(y, x)\nNumber = int | None\nisinstance(1, list[int] | str)\ndef f(a: int | None): ..."
    assert newer_numpy(ast.parse(source)) == {"trapezoid"}
    assert evaluated_unions(ast.parse(source)) == [2, 3, 4]
    assert evaluated_unions(ast.parse(f"from __future__ import annotations\n{source}")) == [3, 4]
