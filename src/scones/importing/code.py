"""Pack the code of functions as zip files, and find its handler, its imports and its endpoints.

Nothing is run or unpacked. A zip file is sent as it is; only its list of names and the modules at its top are read.
"""

import ast
import io
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from scones.errors import ImportedFileError
from scones.importing.model import Code

HANDLERS = ("lambda_handler", "handler")
MAIN_MODULES = ("lambda_function", "app", "main", "index", "handler")
IN_THE_RUNTIME = frozenset(
    ["awslambdaric", "boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"]
)
FINDERS = frozenset(["__MACOSX", ".DS_Store"])
LEFT_OUT = frozenset(
    [".aws-sam", ".git", ".idea", ".ipynb_checkpoints", ".venv", "__pycache__", "node_modules", "venv"]
)
MODULE_BYTES_MAX = 1_000_000
UNPACKED_BYTES_MAX = 262_144_000  # Lambda's limit for a function and its layers
ENDPOINT_NAME = re.compile(r"endpoint(_?name)?", re.IGNORECASE)
# damaged, encrypted (RuntimeError), with an unknown compression (NotImplementedError) or an invalid name
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold


@dataclass(frozen=True)
class Package:
    """Code that is ready to be sent. `modules` has the sources at its top level, `contents` the names there."""

    data: bytes
    modules: Mapping[str, str]
    contents: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        """The modules that are valid Python, by name."""
        return {name: tree for name, text in self.modules.items() if (tree := _parsed(text))}

    def handler(self) -> str | None:
        """Return the handler, `module.function`, or None if no module at the top has one."""
        rank = {name: number for number, name in enumerate(MAIN_MODULES)}
        for function in HANDLERS:
            for name in sorted(self.trees, key=lambda name: (rank.get(name, len(rank)), name)):
                if function in functions_of(self.trees[name]):
                    return f"{name}.{function}"
        return None

    def missing_modules(self, provided: frozenset[str]) -> list[str]:
        """Return the imported modules that neither the code, the runtime nor `provided` (layers) contains."""
        known = sys.stdlib_module_names | IN_THE_RUNTIME | self.contents | self.modules.keys() | provided
        return sorted({name for tree in self.trees.values() for name in imports_of(tree)} - known)

    def endpoints(self) -> list[str]:
        """Return the endpoint names that the code contains as literals."""
        return sorted({name for tree in self.trees.values() for name in endpoints_of(tree)})


def package(code: Code, has_handler: bool = False) -> Package:
    """Pack a function's code. Its modules may be in a folder of a zip file, unless a handler says where they are.

    Raises:
        ImportedFileError: it is not a zip file, or larger than Lambda allows.
    """
    if code.text is not None:
        return _packed({f"{code.module}.py": code.text.encode()})
    if code.source.is_dir():
        return _packed(folder_files(code.source))
    if code.source.suffix == ".zip":
        return _zip_package(code.source, has_handler)
    return _packed(_with_siblings(code.source))


def _with_siblings(module: Path) -> dict[str, bytes]:
    """Return a module with the modules beside it that it imports, and those that they import."""
    files: dict[str, bytes] = {}
    pending = [module]
    while pending:
        file = pending.pop()
        files[file.name] = file.read_bytes()
        tree = _parsed(files[file.name].decode("utf-8", "replace"))
        siblings = [file.with_name(f"{name}.py") for name in imports_of(tree)] if tree else []
        pending += [sibling for sibling in siblings if sibling.name not in files and sibling.is_file()]
    return files


def folder_files(folder: Path, prefix: str = "") -> dict[str, bytes]:
    """Return the files below a folder, by name. Links are left out, because they may lead out of it."""
    files: dict[str, bytes] = {}
    size = 0
    for file in sorted(folder.rglob("*")):
        if LEFT_OUT.isdisjoint(file.relative_to(folder).parts) and not _has_link(file, folder) and file.is_file():
            size += file.stat().st_size
            if size > UNPACKED_BYTES_MAX:
                raise ImportedFileError(f"{folder} has more than {UNPACKED_BYTES_MAX:,} bytes, which is Lambda's limit")
            files[prefix + file.relative_to(folder).as_posix()] = file.read_bytes()
    return files


def zip_names(file: Path) -> list[str]:
    """Return the names in a zip file, without those that the Finder of macOS adds.

    Raises ImportedFileError if it is not a zip file, or if Lambda would refuse it.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
    except BROKEN_ZIP as error:
        raise ImportedFileError(f"{file} is not a zip file, or is damaged: {error}") from error
    if sum(info.file_size for info in infos) > UNPACKED_BYTES_MAX:
        raise ImportedFileError(f"{file} unpacks to more than {UNPACKED_BYTES_MAX:,} bytes, which is Lambda's limit")
    if unsafe := [info.filename for info in infos if _leads_out(info.filename)]:
        raise ImportedFileError(f"{file} has the name {unsafe[0][:100]!r}, which leads out of it")
    return [info.filename for info in infos if FINDERS.isdisjoint(info.filename.split("/"))]


def top_folder(names: list[str]) -> str:
    """Return the folder of a zip file that was made from a folder, such as `classify/`; otherwise an empty string."""
    tops = {name.partition("/")[0] for name in names}
    return f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in names) else ""


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip file. The same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return buffer.getvalue()


def functions_of(tree: ast.Module) -> list[str]:
    """Return the names of the functions at the top of a module, in order. A name may occur several times."""
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def handler_ends(text: str) -> list[int]:
    """Return the line, from 1, on which each `lambda_handler` in a module ends; none if it is not valid Python."""
    tree = _parsed(text)
    nodes = [node for node in (tree.body if tree else []) if isinstance(node, ast.FunctionDef)]
    return [node.end_lineno or node.lineno for node in nodes if node.name == HANDLERS[0]]


def imports_of(tree: ast.Module) -> Iterator[str]:
    """Yield the packages that a module needs to load. Imports inside `try` or a function may be optional."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def endpoints_of(tree: ast.Module) -> Iterator[str]:
    """Yield strings that are assigned to a name such as ENDPOINT, or passed as such an argument."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign | ast.keyword) or not isinstance(node.value, ast.Constant):
            continue
        value = node.value.value
        if isinstance(value, str) and value and any(ENDPOINT_NAME.fullmatch(name) for name in _names_of(node)):
            yield value


def _names_of(node: ast.Assign | ast.keyword) -> list[str]:
    if isinstance(node, ast.keyword):
        return [node.arg] if node.arg else []
    return [target.id for target in node.targets if isinstance(target, ast.Name)]


def _packed(files: Mapping[str, bytes]) -> Package:
    modules = {
        name.removesuffix(".py"): data.decode("utf-8", "replace")
        for name, data in files.items()
        if name.endswith(".py") and "/" not in name
    }
    return Package(zipped(files), modules, _top_names(files))


def _zip_package(file: Path, has_handler: bool) -> Package:
    names = zip_names(file)
    folder = "" if has_handler else top_folder(names)
    if folder:
        return _packed({name.removeprefix(folder): data for name, data in _contents(file, names, UNPACKED_BYTES_MAX)})
    sources = [name for name in names if name.endswith(".py") and "/" not in name]
    modules = {
        name.removesuffix(".py"): data.decode("utf-8", "replace")
        for name, data in _contents(file, sources, MODULE_BYTES_MAX)
    }
    return Package(file.read_bytes(), modules, _top_names(names))


def _contents(file: Path, names: list[str], bytes_max: int) -> Iterator[tuple[str, bytes]]:
    """Yield the files with these names in a zip file that are not larger."""
    try:
        with zipfile.ZipFile(file) as archive:
            for name in names:
                if not name.endswith("/") and archive.getinfo(name).file_size <= bytes_max:
                    yield name, archive.read(name)
    except BROKEN_ZIP as error:
        raise ImportedFileError(f"{file} cannot be read: {error}") from error


def _top_names(names: Mapping[str, bytes] | list[str]) -> frozenset[str]:
    return frozenset(name.partition("/")[0].partition(".")[0] for name in names)


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _has_link(file: Path, folder: Path) -> bool:
    return file.is_symlink() or any(
        parent.is_symlink() for parent in file.parents if parent != folder and parent.is_relative_to(folder)
    )


def _leads_out(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name)
