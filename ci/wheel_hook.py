"""Put the kit into the wheel as data, laid out as in a checkout: `scones_unlimited/kit/`.

Its modules have names, such as `safety`, that no person's environment should get. An editable installation has no copy.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = ("local", "local_stepfunctions", "notebooks", "src", "targets.toml", "template.yaml")
MODULES_OF_THE_WHEEL = {"scones_unlimited", "pytest_aws_local"}
ALONE = ("src/scones_unlimited/requirements.lock", "data/draw_sample.py", "data/python2_pickle.py")
NOT_CODE = {"__pycache__", "build"}


class KitFiles(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"] |= {path: f"scones_unlimited/kit/{path}" for path in kit_files(Path(self.root))}


def kit_files(root: Path) -> list[str]:
    """Return the paths of the kit's files, relative to the checkout."""
    paths = [path for name in FILES for path in ((root / name).rglob("*") if (root / name).is_dir() else [root / name])]
    files = [path.relative_to(root) for path in paths if path.is_file()]
    others = NOT_CODE | MODULES_OF_THE_WHEEL
    code = [path for path in files if not others & set(path.parts) and not path.parent.name.endswith(".egg-info")]
    return [*ALONE, *sorted(map(str, code))]
