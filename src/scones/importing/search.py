"""Find what can be imported below a folder: templates, definitions, layers, and code with a handler.

Every file is read once. A template names the files that belong to it; other definitions, layers and code are recognized
by their shape. A file that belongs to a template is not imported a second time.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scones import documents
from scones.errors import ImportedFileError
from scones.importing.code import HANDLERS, LEFT_OUT, MODULE_BYTES_MAX, handler_ends, top_folder, zip_names
from scones.importing.model import STANDARD, Code, Export, Layer, Place, StateMachine
from scones.importing.templates import Template

LAYER_FOLDER = "python"


def search(source: Path, place: Place) -> Export:
    """Return the content of a file, or of all files below a folder.

    Raises:
        ImportedFileError: there is no such file, or it is not of a kind that can be imported.
    """
    if not source.exists():
        raise ImportedFileError(f"there is no {source}: name a file or a folder to import")
    export = Export()
    if source.is_dir():
        for folder in _folders(source):
            _read_folder(folder, place, export)
    elif source.suffix == ".zip":
        _read_zip(source, export)
    elif source.suffix == ".py":
        export.code += _code_in(source)
    elif not _read_document(source, place, export):
        raise ImportedFileError(f"{source} is not a state machine, template or function: see docs/import.md")
    export.machines = [machine for machine in export.machines if machine.source not in export.taken]
    export.layers = list({layer.source.resolve(): layer for layer in reversed(export.layers)}.values())[::-1]
    return export


def _folders(source: Path) -> Iterator[Path]:
    for folder, names, _ in os.walk(source):
        names[:] = sorted(name for name in names if name not in LEFT_OUT and not name.startswith("."))
        path = Path(folder)
        if path.name == LAYER_FOLDER and path != source:
            names.clear()  # everything below belongs to the layer
        yield path


def _read_folder(folder: Path, place: Place, export: Export) -> None:
    files = sorted(file for file in folder.iterdir() if file.is_file() and not file.is_symlink())
    for file in files:
        try:
            if file.suffix in documents.SUFFIXES:
                _read_document(file, place, export)
            elif file.suffix == ".zip":
                _read_zip(file, export)
        except ImportedFileError as error:
            export.problems.append(str(error))
    if (folder / LAYER_FOLDER).is_dir() and not any(file.suffix == ".py" for file in files):
        export.layers.append(Layer(folder.name, folder))
    elif folder.name != LAYER_FOLDER:
        export.code += _code_of_folder(folder, files)


def _read_document(file: Path, place: Place, export: Export) -> bool:
    """Read a template or a definition. Return False if the document is something else."""
    document = documents.read(file)
    if not isinstance(document, dict):
        return False
    if isinstance(document.get("Resources"), dict):
        _merge(export, Template(document, file, place).export())
        return True
    if (machine := machine_in(document, file)) is None:
        return False
    export.machines.append(machine)
    return True


def machine_in(document: dict[str, Any], file: Path) -> StateMachine | None:
    """Return the state machine of a definition, or of the output of `aws stepfunctions describe-state-machine`."""
    if "StartAt" in document and "States" in document:
        return StateMachine(_stem(file), document, file)
    text = document.get("definition")
    inner = documents.parse(text) if isinstance(text, str) else text
    if not isinstance(inner, dict) or "States" not in inner:
        return None
    kind, role = str(document.get("type", STANDARD)), str(document.get("roleArn", ""))
    return StateMachine(str(document.get("name") or _stem(file)), inner, file, kind, role)


def _merge(export: Export, template: Export) -> None:
    export.machines += template.machines
    export.functions += template.functions
    export.layers += template.layers
    export.problems += template.problems
    export.taken |= template.taken


def _read_zip(file: Path, export: Export) -> None:
    names = zip_names(file)
    folder = top_folder(names)
    if folder == f"{LAYER_FOLDER}/":
        export.layers.append(Layer(file.stem, file))
    elif any(name.endswith(".py") and "/" not in name.removeprefix(folder) for name in names):
        export.code.append(Code(file.stem, file))
    else:
        export.problems.append(
            f"{file} has neither modules nor the folder {LAYER_FOLDER}/ at its top, so it is left out: "
            "if it is a whole export, unpack it, and import its folder"
        )


def _code_of_folder(folder: Path, files: list[Path]) -> list[Code]:
    """Return the functions of a folder: the whole folder if one module has a handler, else each module that has one.

    A folder that also has documents is a project's folder, so only its module is imported.
    """
    codes = [code for file in files if file.suffix == ".py" for code in _code_in(file)]
    is_project = any(file.suffix in documents.SUFFIXES for file in files)
    if len(codes) == 1 and codes[0].text is None and not is_project:
        return [Code(folder.resolve().name, folder)]
    return codes


def _code_in(file: Path) -> list[Code]:
    """Return a module's functions. A module with several handlers is split into one function for each."""
    if file.stat().st_size > MODULE_BYTES_MAX:
        return []
    text = file.read_text("utf-8", "replace")
    if not any(f"def {name}(" in text for name in HANDLERS):
        return []
    ends = handler_ends(text)
    if len(ends) < 2:
        return [Code(file.stem, file)]
    return [Code(f"{file.stem}-{number}", file, part) for number, part in enumerate(_parts(text, ends), 1)]


def _parts(text: str, ends: list[int]) -> Iterator[str]:
    """Yield one part for each handler: the lines from the end of the previous handler to its own end."""
    lines = text.splitlines(keepends=True)
    for begin, end in zip([0, *ends[:-1]], [*ends[:-1], len(lines)], strict=True):
        yield "".join(lines[begin:end])


def _stem(file: Path) -> str:
    return file.name.partition(".")[0] or file.name
