"""Write a picture of each definition: `python -m display.state_machines.pictures <definitions> <pictures>`."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from display.state_machines.definition import read
from display.state_machines.drawing import draw
from display.stylesheet import light_stylesheet

SUFFIX = ".asl.json"
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def pictures(definitions: Path) -> dict[str, str]:
    """Return the SVG of each definition, by the name of its file."""
    drawn = {}
    for path in sorted(definitions.glob(f"*{SUFFIX}")):
        name = path.name.removesuffix(SUFFIX)
        graph = read(json.loads(path.read_text()))
        drawn[f"{name}.svg"] = draw(graph, f"The states of {name}", style=machine_style()) + "\n"
    return drawn


def machine_style() -> str:
    """Return the part of the stylesheet that state machines need, with a background."""
    sheet = COMMENT.sub("", light_stylesheet())  # a comment before a rule would hide it
    rules = [rule for rule in sheet.split("}\n") if rule.lstrip().startswith((".machine", ":root {"))]
    return "".join(f"{rule.strip()}}}\n" for rule in rules) + "svg { background: #faf9f6; border-radius: 8px }\n"


def main(arguments: Sequence[str]) -> None:
    """Write the pictures."""
    definitions, folder = map(Path, arguments)
    folder.mkdir(exist_ok=True)
    for name, svg in pictures(definitions).items():
        (folder / name).write_text(svg)


if __name__ == "__main__":
    main(sys.argv[1:])
