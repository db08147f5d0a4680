"""Load the settings of a command: its arguments, the environment, the target's section of targets.toml, defaults."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scones.errors import SettingsError
from scones.settings.table import BY_NAME, SETTINGS, Setting
from scones.settings.values import Settings

HYPERPARAMETERS = {"image_shape": "3,32,32"}


def target_section(file: Path, target: str) -> Mapping[str, object]:
    """Return the target's section of the file, or `[default]` if it has none."""
    if not file.is_file():
        return {}
    try:
        sections = tomllib.loads(file.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not TOML: {error}") from error
    name = target if target in sections else "default"
    section = sections.get(name, {})
    if not isinstance(section, dict):
        raise SettingsError(f"{file}: {name} is {section!r}: it must be a section [{name}]")
    if unknown := sorted(set(section) - set(BY_NAME)):
        raise SettingsError(
            f"{file}: [{name}] has {unknown[0]!r}, which is not a setting; the settings are {', '.join(BY_NAME)}"
        )
    return section


def _file_hyperparameters(section: Mapping[str, object], file: Path) -> dict[str, str]:
    table = section.get("hyperparameters", {})
    if not isinstance(table, dict):
        raise SettingsError(f"{file}: hyperparameters is {table!r}: it must be a table of name = value")
    return {name: str(value) for name, value in table.items()}


def check_classes(loaded: Settings) -> None:
    if len(loaded.classes) < 2:
        raise SettingsError(f"CLASSES is {','.join(loaded.classes)!r}: it must name at least two classes")
    if unknown := [name for name in loaded.near_classes if name not in loaded.classes]:
        raise SettingsError(
            f"NEAR_CLASSES has {unknown[0]!r}, which is not among CLASSES ({','.join(loaded.classes)}): set both"
        )


def load(arguments: Mapping[str, str], environ: Mapping[str, str], target: str, file: Path) -> Settings:
    """Return the settings for a target, which is the name of an AWS profile.

    Raises:
        SettingsError: a value is invalid; names the argument, variable or file that it came from.
    """
    section = target_section(file, target)

    def resolved(setting: Setting) -> object:
        if (text := arguments.get(setting.name)) is not None:
            return setting.value(text, f"--{setting.name.replace('_', '-')}")
        if text := environ.get(setting.variable):
            return setting.value(text, setting.variable)
        if setting.name in section and setting.name != "hyperparameters":
            return setting.value(str(section[setting.name]), f"{setting.name} in {file}")
        return None if setting.default is None else setting.value(setting.default, setting.variable)

    values: dict[str, Any] = {setting.name: resolved(setting) for setting in SETTINGS}
    values["hyperparameters"] = HYPERPARAMETERS | _file_hyperparameters(section, file) | values["hyperparameters"]
    loaded = Settings(target=target, **values)
    check_classes(loaded)
    return loaded
