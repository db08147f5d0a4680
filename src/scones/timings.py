"""How long each step took when it last ran, alone or in a run."""

import json

from scones.kit import Kit

STEPS = "steps.json"


def step_seconds(kit: Kit) -> dict[str, float]:
    file = kit.settings.out / STEPS
    found: dict[str, float] = json.loads(file.read_text()) if file.is_file() else {}
    return found


def note(kit: Kit, step: str, seconds: float) -> None:
    kit.settings.out.mkdir(parents=True, exist_ok=True)
    others = {name: took for name, took in step_seconds(kit).items() if name != step}
    (kit.settings.out / STEPS).write_text(json.dumps({**others, step: round(seconds, 2)}, indent=2))
