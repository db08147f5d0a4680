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
        """Return the labels of a resource. A container also has its /opt/ml, by which it is found after a restart."""
        return {LABEL: self.instance, **({BASE_DIR: str(base_dir)} if base_dir else {})}

    def filter(self, base_dir: Path | None = None) -> dict[str, list[str]]:
        """Return the same labels as a filter for Docker's lists."""
        return {"label": [f"{name}={value}" for name, value in self.own(base_dir).items()]}


def emulator_id(state_dir: Path) -> str:
    """Return the id of the emulator with this state. It is created at the first start.

    The path would not do as in the process engine: it is the same in every container.
    """
    path = state_dir / "instance"
    if not path.is_file():
        state_dir.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_hex(8))
    return path.read_text().strip()
