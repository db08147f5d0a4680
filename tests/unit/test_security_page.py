"""Each promise of SECURITY.md names the test that holds it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROMISES = (ROOT / "SECURITY.md").read_text().partition("## What protects you")[2].partition("\n## ")[0]
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def functions_of(path: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def test_every_promise_names_a_test() -> None:
    promises = re.split(r"^- ", PROMISES, flags=re.MULTILINE)[1:]
    assert len(promises) > 5
    assert [promise for promise in promises if not TEST.search(promise)] == []


def test_every_test_that_the_page_names_exists() -> None:
    named = TEST.findall((ROOT / "SECURITY.md").read_text())
    missing = [
        (file, name)
        for file, name in named
        if not (ROOT / file).is_file() or (name and name not in functions_of(ROOT / file))
    ]
    assert missing == []
