"""The files of a saved state.

  manifest.json                  the format, and the document of each service
  services/<service>-<n>.json    a document; a save writes new ones and then replaces the manifest
  services/logevents-<n>.jsonl   the events of CloudWatch Logs; saves append to it, and the manifest has its size
  executions.jsonl               executions of Step Functions that have ended; only appended to
  objects/<2 letters>/<name>     the contents of S3's objects
  metrics/metrics.db             CloudWatch's metrics, which LocalStack keeps there itself

The manifest is replaced atomically, so a state is always that of one save. The names in it are checked before use,
because a state may come from somebody else.
"""

import json
import os
import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from localstack_plugin.persistence.graph.document import DocumentError

FORMAT = 3
READABLE = (2, FORMAT)
"""Format 2 has no file of log events: they are in the document of Logs, where they are still read."""
LARGEST_DOCUMENT_BYTES = 2 * 1024**3
DOCUMENT = re.compile(r"(?P<service>[a-z0-9]+)-(?P<number>[0-9]{1,15})\.json")


@dataclass(frozen=True)
class LogFile:
    """The file of log events of a save. Beyond its size there may be remains of a later save that failed."""

    number: int
    size_bytes: int

    @classmethod
    def after(cls, file: "LogFile | None") -> "LogFile":
        """Return an empty file with the next number."""
        return cls(file.number + 1 if file else 1, 0)

    @property
    def name(self) -> str:
        return f"logevents-{self.number}.jsonl"


@dataclass(frozen=True)
class StateFolder:
    path: Path

    @property
    def executions(self) -> Path:
        return self.path / "executions.jsonl"

    @property
    def objects(self) -> Path:
        return self.path / "objects"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics"

    def create(self) -> None:
        for folder in (self.path, self._services, self.objects, self.metrics):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def manifest(self) -> dict[str, str]:
        """Return the name of each service's document, or nothing if there is no save yet. Raises DocumentError."""
        services = self._content().get("services", {})
        if not isinstance(services, dict) or not all(_is_document(*item) for item in services.items()):
            raise DocumentError(f"{self._manifest} names documents that cannot be in this folder")
        return services

    def _content(self) -> dict[str, Any]:
        if not self._manifest.exists():
            return {}
        content = _read(self._manifest)
        if not isinstance(content, dict) or content.get("format") not in READABLE:
            found = content.get("format") if isinstance(content, dict) else type(content).__name__
            raise DocumentError(f"{self._manifest} has format {found!r}, and this version reads format {FORMAT}")
        return content

    def document(self, name: str) -> Any:
        return _read(self._services / name)

    def log_file(self) -> LogFile | None:
        """Return the file of log events, or None if there is no save with one yet. Raises DocumentError."""
        match self._content().get("log_events"):
            case None:
                return None
            case {"number": int(number), "size_bytes": int(size_bytes)} if number >= 0 and size_bytes >= 0:
                return LogFile(number, size_bytes)
        raise DocumentError(f"{self._manifest} names log events that cannot be in this folder")

    def log_path(self, file: LogFile) -> Path:
        return self._services / file.name

    def log_lines(self, file: LogFile) -> Sequence[bytes]:
        """Return the lines of the file, without what a failed save has left. Raises DocumentError."""
        content = _content_of(self.log_path(file))[: file.size_bytes]
        if len(content) < file.size_bytes:
            raise DocumentError(f"{self.log_path(file)} has {len(content)} of {file.size_bytes} bytes")
        return content.splitlines()

    def write(self, documents: Mapping[str, Any], log_file: LogFile | None = None) -> None:
        """Replace the documents of these services and the file of log events, and keep those of the others."""
        kept = self.manifest()
        number = 1 + max((_number(name) for name in kept.values()), default=0)
        names = {service: f"{service}-{number}.json" for service in documents}
        for service, document in documents.items():
            _write(self._services / names[service], document)
        services = kept | names
        new = self._manifest.with_suffix(".new")
        log_file = log_file or self.log_file()
        _write(new, {"format": FORMAT, "services": services, "log_events": asdict(log_file) if log_file else None})
        new.replace(self._manifest)
        _sync(self.path)
        self._remove_files_except([*services.values(), *([log_file.name] if log_file else [])])

    def set_aside(self) -> Path:
        """Move the state to another name, so that it can be examined, and return its new path."""
        stamp = time.strftime("%Y-%m-%dT%H-%M-%S")
        aside = self.path.with_name(f"{self.path.name}.{stamp}")
        number = 0
        while aside.exists():
            number += 1
            aside = self.path.with_name(f"{self.path.name}.{stamp}.{number}")
        return self.path.rename(aside)

    @property
    def _manifest(self) -> Path:
        return self.path / "manifest.json"

    @property
    def _services(self) -> Path:
        return self.path / "services"

    def _remove_files_except(self, names: Collection[str]) -> None:
        for file in self._services.iterdir():
            if file.name not in names:
                file.unlink()


def _number(document: str) -> int:
    return int(document.removesuffix(".json").rpartition("-")[2])


def _is_document(service: object, name: object) -> bool:
    match = DOCUMENT.fullmatch(name) if isinstance(name, str) else None
    return match is not None and match["service"] == service


def _read(path: Path) -> Any:
    try:
        return json.loads(_content_of(path))
    except (ValueError, RecursionError) as error:
        raise error if isinstance(error, DocumentError) else DocumentError(f"{path}: {error}") from error


def _content_of(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise DocumentError(f"{path} is not a file")
    if path.stat().st_size > LARGEST_DOCUMENT_BYTES:
        raise DocumentError(f"{path} is larger than {LARGEST_DOCUMENT_BYTES} bytes")
    try:
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path}: {error}") from error


def cut_incomplete_line(path: Path) -> None:
    """Remove what a save that failed in the middle of a line has left of it. The next line would be appended to it."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        size_bytes = file.seek(0, os.SEEK_END)
        if size_bytes and os.pread(file.fileno(), 1, size_bytes - 1) != b"\n":
            file.seek(0)
            file.truncate(file.read().rfind(b"\n") + 1)


def _write(path: Path, content: Any) -> None:
    with open(path, "w", encoding="ascii", opener=private) as file:
        file.write(compact(content))
        file.flush()
        os.fsync(file.fileno())


def compact(content: Any) -> str:
    """Return the JSON of what has no cycles, in ASCII and on one line."""
    return json.dumps(content, separators=(",", ":"), check_circular=False)


def private(path: str, flags: int) -> int:
    """Open a file that only its owner may read."""
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
