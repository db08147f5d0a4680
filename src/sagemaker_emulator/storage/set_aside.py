"""The folder for damaged files of the state directory: they are moved there, and the log says why, once."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

FOLDER = "set-aside"

log = logging.getLogger(__name__)


class SetAside:
    """`<state directory>/set-aside`. Nothing in it is read again; you may look at it, and remove it."""

    def __init__(self, state_dir: Path) -> None:
        self.folder = state_dir / FOLDER
        self._reported: set[Path] = set()

    def move(self, path: Path, reason: str) -> bool:
        """Move a file or a folder, and log it. Return False for one that cannot be moved: it stays."""
        target = self.folder / f"{path.name}.{secrets.token_hex(3)}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        except OSError as error:
            self._report(
                path, f"{path} is damaged ({reason}) and is left where it is, because it cannot be moved: {error}"
            )
            return False
        log.error("%s is damaged (%s): moved to %s", path, reason, target)
        return True

    def write(self, name: str, content: bytes, reason: str) -> None:
        """Keep a damaged part of a file or of the store whose other parts are good."""
        target = self.folder / f"{name}.{secrets.token_hex(3)}"
        self.folder.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        log.error("%s is damaged (%s): moved to %s", name, reason, target)

    def _report(self, path: Path, text: str) -> None:
        if path not in self._reported:
            self._reported.add(path)
            log.error("%s", text)
