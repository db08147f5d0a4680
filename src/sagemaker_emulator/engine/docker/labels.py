"""Which containers and networks are this emulator's. Nothing else is ever touched."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

LABEL = "scones.sagemaker-emulator"
BASE_DIR = f"{LABEL}.base-dir"


@dataclass(frozen=True)
class Labels:
    instance: str

    def own(self, base_dir: Path | None = None) -> dict[str, str]:
        """What something is labelled with; a container also with its /opt/ml, by which a later life knows it."""
        return {LABEL: self.instance, **({BASE_DIR: str(base_dir)} if base_dir else {})}

    def filter(self, base_dir: Path | None = None) -> dict[str, list[str]]:
        """The same, as Docker's lists filter by it."""
        return {"label": [f"{name}={value}" for name, value in self.own(base_dir).items()]}


def instance_of(state_dir: Path) -> str:
    """The id of the emulator whose state this is, made at its first start: paths are the same in every container."""
    path = state_dir / "instance"
    if not path.is_file():
        state_dir.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_hex(8))
    return path.read_text().strip()
