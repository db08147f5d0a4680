"""Code of LocalStack is replaced only through `replacing`, which first checks the version and the target."""

import ast
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import ModuleType

import pytest

from localstack_plugin import replacing

PLUGIN = Path(replacing.__file__).parent
FILES = sorted(file for file in PLUGIN.rglob("*.py") if file.name != "replacing.py")
THEIRS = ("localstack.", "moto.", "werkzeug.")


def borrowed(tree: ast.Module) -> set[str]:
    """Return the names that a module imports from LocalStack and its dependencies."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {
        alias.asname or alias.name for node in imports if f"{node.module}.".startswith(THEIRS) for alias in node.names
    }


def root_of(target: ast.expr) -> str:
    while isinstance(target, ast.Attribute | ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""


def assigned_past_the_check(source: str) -> list[str]:
    """Return LocalStack's names that are changed by `name.attribute = …`, `name[key] = …` or `setattr(name, …)`."""
    tree = ast.parse(source)
    theirs, changed = borrowed(tree), []
    for node in ast.walk(tree):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr":
            targets = [ast.Attribute(node.args[0], "")]
        changed += [root_of(target) for target in targets if not isinstance(target, ast.Name)]
    return [name for name in changed if name in theirs]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PLUGIN)))
def test_no_module_replaces_localstacks_code_unchecked(file: Path) -> None:
    assert assigned_past_the_check(file.read_text()) == []


@pytest.mark.parametrize("line", ["thing.name = 1", "thing.table['name'] = 1", "setattr(thing, 'name', 1)"])
def test_an_unchecked_replacement_is_noticed(line: str) -> None:
    assert assigned_past_the_check(f"from localstack.services import thing\n{line}") == ["thing"]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create a distribution with LocalStack's name and version only; the real one is in another environment."""
    info = tmp_path / f"localstack_core-{replacing.WRITTEN_FOR}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: localstack-core\nVersion: {replacing.WRITTEN_FOR}\n")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.fixture
def theirs(tmp_path: Path, installed: None) -> Iterator[ModuleType]:
    """A module of LocalStack's, with a class in it."""
    (tmp_path / "theirs.py").write_text(
        "class Field:\n    def __get__(self, owner, kind):\n        return owner.value\n\n\n"
        "class Thing:\n    name = 'theirs'\n    field = Field()\n"
    )
    yield import_module("theirs")
    del sys.modules["theirs"]


def test_a_target_that_exists_is_replaced(theirs: ModuleType) -> None:
    replacing.replace("theirs:Thing.name", by="ours", why="a test")
    assert theirs.Thing.name == "ours"


def test_a_descriptor_without_a_value_of_the_class_is_replaced(theirs: ModuleType) -> None:
    replacing.replace("theirs:Thing.field", by="ours", why="a test")
    assert theirs.Thing.field == "ours"


def test_a_wrapper_gets_the_original(theirs: ModuleType) -> None:
    replacing.wrap("theirs:Thing.name", wrapper=lambda original: f"{original}, wrapped", why="a test")
    assert theirs.Thing.name == "theirs, wrapped"


@pytest.mark.parametrize("target", ["theirs:Thing.other", "theirs:Other.name", "gone:Thing.name"])
def test_a_target_that_does_not_exist_ends_the_start(theirs: ModuleType, target: str) -> None:
    with pytest.raises(replacing.NotReplaceableError, match=f"{target} is replaced"):
        replacing.replace(target, by="ours", why="a test")


def test_an_unknown_version_of_localstack_ends_the_start(theirs: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacing, "WRITTEN_FOR", "4.9.1")
    with pytest.raises(replacing.NotReplaceableError, match=r"LocalStack 4\.9\.2 is not the 4\.9\.1 whose"):
        replacing.replace("theirs:Thing.name", by="ours", why="a test")
    assert theirs.Thing.name == "theirs"


def test_without_localstack_nothing_is_replaced() -> None:
    with pytest.raises(PackageNotFoundError):
        replacing.replace("types:SimpleNamespace", by="ours", why="a test")
