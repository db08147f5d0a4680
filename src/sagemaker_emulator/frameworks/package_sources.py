"""Where packages come from: the sources that the user has configured for pip, for uv and for the jobs' own pip.

uv reads none of pip's settings, and a container sees neither the user's home nor its variables. The launcher of the
wheel translates the same settings (src/scones_unlimited/package_sources.py), but it runs before the kit is installed,
and the kit does not depend on it.
"""

from __future__ import annotations

import configparser
import os
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

# pip's name of a setting, uv's variable, and the separator of lists in that variable
UV_VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX", ""),
    "no-index": ("UV_NO_INDEX", ""),
    "timeout": ("UV_HTTP_TIMEOUT", ""),
    "cert": ("SSL_CERT_FILE", ""),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
}
# passed on to a job, whose pip installs its requirements.txt
OF_PIP = ("index-url", "extra-index-url", "find-links", "trusted-host", "no-index", "cert", "timeout")
PASSED_ON = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
TORCH_INDEX_VARIABLE = "SCONES_TORCH_INDEX"
REACHED_WITHIN_S = 5.0
LOCAL = "127.0.0.1,localhost"


def uv_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment in which uv uses pip's configuration. Its own variables, and its file, take precedence."""
    has_own = bool(environment.get("UV_CONFIG_FILE")) or (_home(environment) / ".config/uv/uv.toml").is_file()
    options = pip_options(environment, with_files=not has_own)
    translated = {
        variable: mark.join(options[name].split()) if mark else options[name]
        for name, (variable, mark) in UV_VARIABLES.items()
        if name in options
    }
    if "extra-index-url" in options:  # as pip does; uv's default is the first index that has any version of a package
        translated["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    if "SSL_CERT_FILE" not in translated:
        translated["UV_NATIVE_TLS"] = "1"
    own = {name: value for name, value in environment.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    return {**translated, **own}


def job_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables with which a job's pip finds the same packages; the local cloud needs no proxy."""
    options = pip_options(environment)
    variables = {f"PIP_{name.upper().replace('-', '_')}": options[name] for name in OF_PIP if name in options}
    passed_on = {name: environment[name] for name in PASSED_ON if name in environment}
    without = ",".join(filter(None, (environment.get("NO_PROXY") or environment.get("no_proxy"), LOCAL)))
    proxies = {"NO_PROXY": without, "no_proxy": without} if passed_on else {}
    return {**variables, **passed_on, **proxies}


def pip_options(environment: Mapping[str, str], with_files: bool = True) -> dict[str, str]:
    """Return pip's settings by their long names: from its files, and from PIP_… variables, which take precedence."""
    options: dict[str, str] = {}
    for file in _pip_files(environment) if with_files else ():
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(file)
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip itself names the file and the line
        for section in ("global", "install"):
            options |= dict(parser.items(section)) if parser.has_section(section) else {}
    for name, value in environment.items():
        if name.startswith("PIP_") and value:
            options[name.removeprefix("PIP_").lower().replace("_", "-")] = value
    return options


def torch_index(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the address of torch's own index, which has builds without CUDA, or None if it cannot be reached."""
    index = environment.get(TORCH_INDEX_VARIABLE) or TORCH_INDEX
    try:
        with urllib.request.urlopen(f"{index}/torch/", timeout=REACHED_WITHIN_S):  # noqa: S310 - https, or the user's
            return index
    except (OSError, ValueError):
        return None


def _pip_files(environment: Mapping[str, str]) -> list[Path]:
    """Return pip's files, the one with the least precedence first: pip.pypa.io/en/stable/topics/configuration."""
    override = environment.get("PIP_CONFIG_FILE")
    if override == os.devnull:
        return []
    home = _home(environment)
    configuration = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    mac = "Library/Application Support/pip/pip.conf"
    files = [Path("/etc/pip.conf"), home / ".pip/pip.conf", configuration / "pip/pip.conf"]
    files += [Path("/", mac), home / mac] if sys.platform == "darwin" else []
    return [*files, *([Path(override)] if override else [])]


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("HOME") or Path.home())
