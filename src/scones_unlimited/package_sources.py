"""Translate pip's package sources for uv.

uv reads none of pip's settings. Users who have configured pip for a mirror, a proxy or a certificate expect every
installation to use it. uv's own variables, and its configuration files, take precedence.
"""

import configparser
import os
import sys
from collections.abc import Mapping
from pathlib import Path

# pip's name of a setting, and uv's variable for it
SINGLE = {"index-url": "UV_DEFAULT_INDEX", "no-index": "UV_NO_INDEX", "timeout": "UV_HTTP_TIMEOUT"}
LISTS = {
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
}
SECTIONS = ("global", "install")
MACOS_FILE = Path("Library/Application Support/pip/pip.conf")
UV_FILES = (".config/uv/uv.toml",)


def uv_environment(environment: Mapping[str, str] = os.environ, system: str = sys.platform) -> dict[str, str]:
    """Return the environment in which uv uses pip's configuration. `system` is named as in `sys.platform`."""
    options = pip_options(environment, system)
    translated = {
        **{variable: options[name] for name, variable in SINGLE.items() if name in options},
        **{variable: mark.join(options[name].split()) for name, (variable, mark) in LISTS.items() if name in options},
        **_strategy(options),
        **_proxies(options),
        **_certificates(options, environment),
    }
    return {**translated, **environment}


def pip_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment of pip itself, which does not read SSL_CERT_FILE."""
    bundle = environment.get("SSL_CERT_FILE")
    known = bool({"PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} & environment.keys())
    return {**environment, **({"PIP_CERT": bundle} if bundle and not known else {})}


def pip_options(environment: Mapping[str, str], system: str = sys.platform) -> dict[str, str]:
    """Return pip's settings by their long names: from its files, and from PIP_… variables, which take precedence."""
    options: dict[str, str] = {}
    for file in _pip_files(environment, system):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(file)
        except (configparser.Error, UnicodeDecodeError):
            continue  # pip itself names the file and the line
        for section in SECTIONS:
            options |= dict(parser.items(section)) if parser.has_section(section) else {}
    for name, value in environment.items():
        if name.startswith("PIP_") and value:
            options[name.removeprefix("PIP_").lower().replace("_", "-")] = value
    return options


def _pip_files(environment: Mapping[str, str], system: str) -> list[Path]:
    """Return pip's configuration files, the one with the least precedence first.

    Source: https://pip.pypa.io/en/stable/topics/configuration/
    """
    home = Path(environment.get("HOME") or Path.home())
    if any((home / file).is_file() for file in UV_FILES) or environment.get("UV_CONFIG_FILE"):
        return []  # the user has configured uv itself
    override = environment.get("PIP_CONFIG_FILE")
    if override == os.devnull:
        return []
    configuration = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    of_system = [Path("/etc/pip.conf")]
    of_user = [home / ".pip" / "pip.conf", configuration / "pip" / "pip.conf"]
    if system == "darwin":
        of_system.append(Path("/", MACOS_FILE))
        of_user.append(home / MACOS_FILE)
    of_environment = [Path(sys.prefix) / "pip.conf"]
    return [*of_system, *of_user, *of_environment, *([Path(override)] if override else [])]


def _strategy(options: Mapping[str, str]) -> dict[str, str]:
    """Let uv choose among all indexes, as pip does. Its default trusts the first that has the package at all."""
    return {"UV_INDEX_STRATEGY": "unsafe-best-match"} if "extra-index-url" in options else {}


def _proxies(options: Mapping[str, str]) -> dict[str, str]:
    return dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), options["proxy"]) if "proxy" in options else {}


def _certificates(options: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variable that names uv's certificate authorities: pip's bundle, or requests's, or the system's."""
    bundle = options.get("cert") or environment.get("REQUESTS_CA_BUNDLE") or environment.get("CURL_CA_BUNDLE")
    return {"SSL_CERT_FILE": bundle} if bundle else {"UV_NATIVE_TLS": "1"}
