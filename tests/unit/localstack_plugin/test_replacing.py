"""LocalStack's own is replaced in one way, which first looks whether it is what the replacement was written for."""

import ast
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pytest

from localstack_plugin import replacing

PLUGIN = Path(replacing.__file__).parent
FILES = sorted(file for file in PLUGIN.rglob("*.py") if file.name != "replacing.py")
THEIRS = ("localstack.", "moto.", "twisted.", "werkzeug.")


def borrowed(tree: ast.Module) -> set[str]:
    """Names that a module has from LocalStack and what it is made of."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {
        alias.asname or alias.name for node in imports if f"{node.module}.".startswith(THEIRS) for alias in node.names
    }


def root_of(target: ast.expr) -> str:
    while isinstance(target, ast.Attribute | ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""


def assigned_past_the_check(source: str) -> list[str]:
    """`name.attribute = …`, `name[key] = …`, `setattr(name, …)` of a name that is LocalStack's."""
    tree = ast.parse(source)
    theirs, found = borrowed(tree), []
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr":
            targets = [ast.Attribute(node.args[0], "")]
        found += [root_of(target) for target in targets if not isinstance(target, ast.Name)]
    return [name for name in found if name in theirs]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PLUGIN)))
def test_nothing_of_localstack_is_replaced_unchecked(file: Path) -> None:
    assert assigned_past_the_check(file.read_text()) == []


@pytest.mark.parametrize("line", ["thing.name = 1", "thing.table['name'] = 1", "setattr(thing, 'name', 1)"])
def test_what_is_replaced_unchecked_is_found(line: str) -> None:
    assert assigned_past_the_check(f"from localstack.services import thing\n{line}") == ["thing"]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LocalStack is in an environment of its own: here is its name and version, and nothing more."""
    info = tmp_path / f"localstack_core-{replacing.WRITTEN_FOR}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: localstack-core\nVersion: {replacing.WRITTEN_FOR}\n")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("installed")
def test_what_is_there_is_replaced() -> None:
    owner = SimpleNamespace(name="theirs")
    replacing.replace(owner, "name", "ours")
    assert owner.name == "ours"


@pytest.mark.usefixtures("installed")
def test_what_is_not_there_ends_the_start() -> None:
    with pytest.raises(replacing.NotReplaceableError, match="name is replaced: install"):
        replacing.replace(SimpleNamespace(), "name", "ours")


@pytest.mark.usefixtures("installed")
def test_another_version_ends_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacing, "WRITTEN_FOR", "4.9.1")
    with pytest.raises(replacing.NotReplaceableError, match=r"LocalStack 4\.9\.2 is not the 4\.9\.1 whose"):
        replacing.replace(SimpleNamespace(name="theirs"), "name", "ours")


def test_without_localstack_nothing_is_replaced() -> None:
    owner = SimpleNamespace(name="theirs")
    with pytest.raises(PackageNotFoundError):
        replacing.replace(owner, "name", "ours")
    assert owner.name == "theirs"
