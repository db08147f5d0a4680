"""The user's files that no program of a local cloud needs, and the files that every Python program needs."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Mapping
from pathlib import Path

# Below the home: keys, tokens, and the configuration of clouds
PERSONAL = (
    ".aws",
    ".azure",
    ".boto",
    ".config/gcloud",
    ".config/gh",
    ".config/op",
    ".config/rclone",
    ".docker",
    ".git-credentials",
    ".gnupg",
    ".kube",
    ".local/share/keyrings",
    ".mozilla",
    ".netrc",
    ".npmrc",
    ".password-store",
    ".pypirc",
    ".ssh",
)
NAMED_BY = (
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "KUBECONFIG",
    "SCONES_SHELL_FOLDER",  # a copy of the user's AWS configuration: local_cloud/shell/config.py
)
DOCKER_SOCKET = "/run/docker.sock"  # access to it is root access to the machine


def personal_files(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return paths to hide from a program: the keys and tokens in this user's home, variables and session."""
    user = os.getuid()
    homes = {environment.get("HOME", ""), _home(user)} - {"", "/"}
    files = [str(Path(home, name)) for home in sorted(homes) for name in PERSONAL]
    files += [environment[name] for name in NAMED_BY if environment.get(name, "").startswith("/")]
    return (*files, environment.get("XDG_RUNTIME_DIR") or f"/run/user/{user}", DOCKER_SOCKET)


def python_files(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the folders of this Python, of what it can import, and of the programs on the PATH."""
    folders = [sys.prefix, sys.base_prefix, *sys.path, *environment.get("PATH", "").split(os.pathsep)]
    return tuple(dict.fromkeys(folder for folder in folders if folder.startswith("/")))


def _home(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_dir
    except KeyError:  # a user without an entry, as in containers
        return ""
