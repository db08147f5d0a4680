"""Package functions and state machines. The same sources give the same bytes, so a key changes only with its code."""

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scones.errors import MissingError

# The earliest time that a zip file can hold.
EPOCH = (1980, 1, 1, 0, 0, 0)
MONITOR = "image_monitoring"
RUN = "import sys\n\nfrom {name}.script import main\n\nsys.exit(main())\n"
# The parameters of the template that name code to upload.
CODE_PARAMETER = re.compile(r"^  (\w+)(Code|Definition):$", re.MULTILINE)


@dataclass(frozen=True)
class Artifact:
    """A file to upload. key contains a hash of the data."""

    key: str
    data: bytes


def sources(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    if not (folder / "app.py").is_file():
        raise MissingError(f"there is no {folder / 'app.py'}: run from a complete checkout of the project")
    return files


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip file with these contents, by path."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in sorted(files.items()):
            entry = zipfile.ZipInfo(path, EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return buffer.getvalue()


def _named(prefix: str, suffix: str, data: bytes) -> Artifact:
    return Artifact(f"{prefix}-{hashlib.sha256(data).hexdigest()[:12]}{suffix}", data)


def function(project: Path, name: str) -> Artifact:
    """Package src/functions/<name> as a zip file."""
    folder = project / "src" / "functions" / name
    files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in sources(folder)}
    return _named(f"functions/{name}", ".zip", zipped(files))


def program(project: Path, name: str) -> Artifact:
    """Package src/<name>, a program for a public framework image, as a zip file that Python runs."""
    folder = project / "src" / name
    files = {f"{name}/{file.relative_to(folder).as_posix()}": file.read_bytes() for file in folder.rglob("*.py")}
    if not files:
        raise MissingError(f"there is no program in {folder}: run from a complete checkout of the project")
    return _named(f"programs/{name}", ".zip", zipped({**files, "__main__.py": RUN.format(name=name).encode()}))


def definition(project: Path, name: str) -> Artifact:
    """Package the definition of a state machine."""
    file = project / "local_stepfunctions" / f"{name}.asl.json"
    if not file.is_file():
        raise MissingError(f"there is no {file}: run from a complete checkout of the project")
    return _named(f"workflows/{name}", ".asl.json", file.read_bytes())


def artifacts(project: Path, template: str) -> dict[str, Artifact]:
    """Return the artifacts that the template needs, by parameter.

    SmokeTestCode is src/functions/smoke_test; ClassifyBatchDefinition is local_stepfunctions/classify-batch.asl.json.
    """
    head = template.partition("\nResources:")[0]
    programs = {"MonitorProgram": program(project, MONITOR)} if "\n  MonitorProgram:\n" in head else {}
    return programs | {
        name + kind: function(project, split_words(name, "_"))
        if kind == "Code"
        else definition(project, split_words(name, "-"))
        for name, kind in CODE_PARAMETER.findall(head)
    }


def split_words(name: str, separator: str) -> str:
    """Turn ClassifyBatch into classify-batch or classify_batch."""
    return separator.join(re.findall(r"[A-Z][a-z0-9]*", name)).lower()
