"""Functions as zips that are the same bytes for the same sources, so that a key changes only with the code."""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from scones.errors import MissingError

# The earliest time that a zip can hold.
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Artifact:
    key: str
    data: bytes


def sources(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    if not (folder / "app.py").is_file():
        raise MissingError(f"there is no {folder / 'app.py'}: run from a whole checkout of the project")
    return files


def zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sources(folder):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    return buffer.getvalue()


def _named(prefix: str, suffix: str, data: bytes) -> Artifact:
    return Artifact(f"{prefix}-{hashlib.sha256(data).hexdigest()[:12]}{suffix}", data)


def function(project: Path, name: str) -> Artifact:
    return _named(f"functions/{name}", ".zip", zipped(project / "src" / "functions" / name))


def definition(project: Path, name: str) -> Artifact:
    file = project / "local_stepfunctions" / f"{name}.asl.json"
    if not file.is_file():
        raise MissingError(f"there is no {file}: run from a whole checkout of the project")
    return _named(f"workflows/{name}", ".asl.json", file.read_bytes())
