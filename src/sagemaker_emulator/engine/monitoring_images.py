"""AWS's prebuilt images of Model Monitor, in whose place the kit's analyzer runs."""

from __future__ import annotations

import re
import sys

PROGRAM = "image_monitoring"
NAMES = {"sagemaker-model-monitor-analyzer": (), "sagemaker-model-monitor-groundtruth-merger": ("merge",)}
IMAGE = re.compile(rf"(?:[^/]+/)?(?P<name>{'|'.join(NAMES)})(?:[:@].+)?")


def monitoring_command(image: str) -> tuple[str, ...] | None:
    """Return the command of a prebuilt image of any region and version; None for other images."""
    arguments = monitoring_arguments(image)
    return None if arguments is None else (sys.executable, "-m", PROGRAM, *arguments)


def monitoring_arguments(image: str) -> tuple[str, ...] | None:
    """Return the arguments that the analyzer gets in the place of a prebuilt image; None for other images."""
    match = IMAGE.fullmatch(image)
    return NAMES[match["name"]] if match else None
