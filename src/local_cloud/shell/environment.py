"""The variables that point a shell at the profile's AWS (`scones env`), and those that restore it (`--unset`).

The shell keeps its python, pip and aws, because the kit's folder comes last on the PATH. The variable BEFORE records
the original value of each variable, so that `scones env --unset` can restore it, and a second `scones env` starts from
the user's own values. A variable that the user has changed in the meantime keeps its new value.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from local_cloud.aws_environment import (
    BEFORE,
    label,
    misleading_variables,
    own_variables,
    shell_config,
    shell_folder,
)
from local_cloud.settings import Settings
from local_cloud.shell.config import hides_own_profiles

STARTUP = Path(__file__).parent / "startup"
"""The folder with the hook that Python runs at start-up."""
LISTS = ("PATH", "PYTHONPATH")
# The kit's programs that are added to the shell. If the shell has its own `aws`, that one comes first.
PROGRAMS = ("scones", "aws")
Changes = dict[str, str | None]
"""New values of variables; None removes the variable."""


def entered(settings: Settings, environment: Mapping[str, str]) -> Changes:
    """Return the changes that point a shell with this environment at the profile's AWS."""
    original = left(settings, environment)
    target = _target(settings, original)
    changes = {**_differences(environment, original), **_differences(original, target)}
    before = {name: (original.get(name), target.get(name)) for name in _differences(original, target)}
    return {**changes, BEFORE: json.dumps(before)}


def left(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment as it was before `scones env`."""
    result = own_variables(settings, environment)
    for name, (before, after) in _remembered(environment).items():
        if environment.get(name) == after:
            _set(result, name, before)
    for name in LISTS:
        _set(result, name, _without_ours(settings, result.get(name)))
    return result


def unset(settings: Settings, environment: Mapping[str, str]) -> Changes:
    """Return the changes that restore the shell."""
    return _differences(environment, left(settings, environment))


def command_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command that uses the profile's AWS, like a shell after `scones env`."""
    return {**_target(settings, left(settings, environment)), **label(settings)}


def local_variables(settings: Settings, original: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that point SDKs at the local cloud."""
    variables = {"AWS_PROFILE": settings.profile, "AWS_CONFIG_FILE": str(shell_config(settings))}
    if hides_own_profiles(original):
        variables["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    return variables


def link_programs(settings: Settings) -> None:
    """Link the kit's programs into a folder of their own, because `.venv/bin` also has a python and a pip."""
    folder = programs_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        link, target = folder / program, settings.root / ".venv" / "bin" / program
        if not target.exists():  # an installed kit has no aws
            continue
        if not link.is_symlink() or link.readlink() != target:
            link.unlink(missing_ok=True)
            link.symlink_to(target)


def programs_folder(settings: Settings) -> Path:
    return shell_folder(settings) / "bin"


def _target(settings: Settings, original: Mapping[str, str]) -> dict[str, str]:
    path = os.pathsep.join([original.get("PATH", os.defpath), str(programs_folder(settings))])
    if not settings.is_local:
        return {**original, "AWS_PROFILE": settings.profile, "PATH": path}
    variables = local_variables(settings, original)
    hidden = {*misleading_variables(settings, original)} - {"AWS_SHARED_CREDENTIALS_FILE"}
    kept = {name: value for name, value in original.items() if name not in hidden}
    python_path = os.pathsep.join(filter(None, [str(STARTUP), original.get("PYTHONPATH")]))
    return {**kept, **variables, "PATH": path, "PYTHONPATH": python_path}


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> Changes:
    names = sorted({*before, *after})
    return {name: after.get(name) for name in names if before.get(name) != after.get(name)}


def _remembered(environment: Mapping[str, str]) -> dict[str, tuple[str | None, str | None]]:
    try:
        remembered = json.loads(environment.get(BEFORE) or "{}")
        return {name: (before, after) for name, (before, after) in remembered.items()}
    except (ValueError, AttributeError, TypeError):  # not written by us
        return {}


def _without_ours(settings: Settings, folders: str | None) -> str | None:
    if folders is None:
        return None
    ours = {str(STARTUP), str(programs_folder(settings))}
    kept = [folder for folder in folders.split(os.pathsep) if folder not in ours]
    return os.pathsep.join(kept) if kept else None


def _set(environment: dict[str, str], name: str, value: str | None) -> None:
    if value is None:
        environment.pop(name, None)
    else:
        environment[name] = value
