"""The settings of a command, read once.

Precedence: argument, environment variable, the target's section of targets.toml, default.
"""

from scones.settings.loading import load
from scones.settings.parsers import LOCAL_MODE_INSTANCE_TYPES
from scones.settings.project import PROJECT, PROJECT_TAG, results_folder, targets_file
from scones.settings.table import BY_NAME, Setting
from scones.settings.values import Settings

__all__ = [
    "BY_NAME",
    "LOCAL_MODE_INSTANCE_TYPES",
    "PROJECT",
    "PROJECT_TAG",
    "Setting",
    "Settings",
    "load",
    "results_folder",
    "targets_file",
]
