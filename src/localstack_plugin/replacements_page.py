"""The tables of docs/localstack.md: which plugin interfaces are used, and what is replaced in LocalStack and why.

`python -m localstack_plugin.replacements_page docs/localstack.md` writes them anew, between the page's two markers.
The tables are read from the source text, so neither LocalStack nor the plugin has to be imported.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PLUGIN = Path(__file__).parent
BEGIN, END = "<!-- begin: made by `make docs` -->\n", "<!-- end -->\n"


class NotLiteralError(ValueError):
    """A replacement whose target or reason cannot be read from the source."""


@dataclass(frozen=True)
class Replacement:
    """One call of `replace` or `wrap`."""

    file: str
    targets: tuple[str, ...]
    why: str


def replacements() -> list[Replacement]:
    """Return every replacement of the plugin, by file and by line."""
    files = sorted(path for path in PLUGIN.rglob("*.py") if path.name != "replacing.py")
    return [
        replacement
        for path in files
        for replacement in replacements_in(path.read_text(), path.relative_to(PLUGIN).as_posix())
    ]


def replacements_in(source: str, file: str) -> Iterator[Replacement]:
    tree = ast.parse(source)
    names = _imported_names(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: node.lineno):
        if isinstance(call.func, ast.Name) and call.func.id in names:
            why = next((keyword.value for keyword in call.keywords if keyword.arg == "why"), None)
            targets = tuple(_literal(target, file, call.lineno) for target in call.args)
            yield Replacement(file, targets, _literal(why, file, call.lineno))


def _imported_names(tree: ast.Module) -> set[str]:
    """Return the names that the module has from `replacing`: `replace`, `wrap` or both."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in imports if node.module == "localstack_plugin.replacing" for alias in node.names}


def _literal(node: ast.expr | None, file: str, line: int) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        return node.value
    raise NotLiteralError(
        f"{file}:{line}: write each target and `why` as a literal string, so that the page can list them"
    )


def tables() -> str:
    """Return both tables as Markdown."""
    return "\n".join([*_interface_lines(), "", *_replacement_lines()]) + "\n"


def _interface_lines() -> Iterator[str]:
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    yield from ("| plugin interface | name | entry point |", "|---|---|---|")
    for interface, entry_points in project["entry-points"].items():
        for name, entry_point in entry_points.items():
            yield f"| `{interface}` | `{name}` | `{entry_point.removeprefix('localstack_plugin.')}` |"


def _replacement_lines() -> Iterator[str]:
    yield from ("| file | replaced in LocalStack | what and why |", "|---|---|---|")
    for replacement in replacements():
        targets = "<br>".join(f"`{target.removeprefix('localstack.')}`" for target in replacement.targets)
        yield f"| `{replacement.file}` | {targets} | {replacement.why} |"


def with_tables(page: str) -> str:
    """Return the page with what stands between its markers made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_tables(page.read_text()))
