"""The environment variables that AWS's SDKs read. The user's own must not leak into the local cloud."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from local_cloud.processes import LABEL
from local_cloud.settings import LOCAL_MODE_PROFILE, LOCALSTACK_PORT, SAGEMAKER_PORT, Settings
from safety.private_files import close_folder, private_umask

# The local cloud checks no signature, but every SDK needs credentials to sign.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
# The user's only AWS variables that a program under our profile sees: most of the others take precedence over a
# profile.
KEPT = frozenset({"AWS_CA_BUNDLE", "AWS_PAGER"})
# What the variables of a shell were before `scones env` (local_cloud/shell): the user's keys may be in it.
BEFORE = "SCONES_SHELL_BEFORE"


def without_aws(environment: Mapping[str, str], also: Collection[str] = ()) -> dict[str, str]:
    """Return the environment without AWS's variables and without those in `also`."""
    hidden = {BEFORE, *also}
    return {name: value for name, value in environment.items() if not name.startswith("AWS_") and name not in hidden}


def client_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a program that uses the AWS of the profile."""
    misleading = misleading_variables(settings, environment)
    kept = {name: value for name, value in environment.items() if name not in misleading}
    return {**kept, **profile_variables(settings), **label(settings)}


def label(settings: Settings) -> dict[str, str]:
    """Label the endpoints that SageMaker local mode leaves in the background, so that they end with the cloud."""
    return {LABEL: str(settings.state_dir)} if settings.profile == LOCAL_MODE_PROFILE else {}


def profile_variables(settings: Settings) -> dict[str, str]:
    """Return the variables that lead an SDK to the AWS of the profile."""
    if not settings.is_local:
        return {"AWS_PROFILE": settings.profile}
    return {
        "AWS_PROFILE": settings.profile,
        "AWS_CONFIG_FILE": str(config_file(settings)),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def misleading_variables(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """Return the names of the variables that would lead an SDK away from the profile."""
    if not settings.is_local:
        return _variables_left_by_env(settings, environment)
    return sorted(
        name
        for name in environment
        if name.startswith("AWS_") and name not in KEPT | profile_variables(settings).keys()
    )


def own_variables(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the variables that only lead to a configuration of ours."""
    ours = {BEFORE, *_variables_left_by_env(settings, environment)}
    return {name: value for name, value in environment.items() if name not in ours}


def _variables_left_by_env(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """Return the variables that an earlier `scones env` left in this shell and that hide the user's profile."""
    config = environment.get("AWS_CONFIG_FILE")
    if not config or not is_own_config(settings, Path(config)):
        return []
    has_no_credentials = environment.get("AWS_SHARED_CREDENTIALS_FILE") == os.devnull
    return ["AWS_CONFIG_FILE", *(["AWS_SHARED_CREDENTIALS_FILE"] if has_no_credentials else [])]


def config_file(settings: Settings) -> Path:
    """Return `local/aws.config`, which has the default ports, or for other ports its copy in the state folder."""
    return _shipped_config(settings) if settings.has_default_ports else _generated_config(settings)


def is_own_config(settings: Settings, config: Path) -> bool:
    """Return whether the kit has written the file."""
    own = (_shipped_config(settings), _generated_config(settings), shell_config(settings))
    return config.resolve() in own


def write_config(settings: Settings) -> None:
    """Write the copy of `local/aws.config` with the ports of these settings."""
    text = kit_config(settings)
    close_folder(settings.state_dir)
    with private_umask():
        _generated_config(settings).write_text(text)


def kit_config(settings: Settings) -> str:
    """Return the text of `local/aws.config` with the ports of these settings."""
    text = _shipped_config(settings).read_text()
    # the \0 keeps a port that was just written from being replaced again
    text = text.replace(f"127.0.0.1:{SAGEMAKER_PORT}", f"127.0.0.1:{settings.sagemaker_port}\0")
    text = text.replace(f"127.0.0.1:{LOCALSTACK_PORT}", f"127.0.0.1:{settings.localstack_port}\0")
    return text.replace("\0", "")


def shell_folder(settings: Settings) -> Path:
    """Return the folder of what `scones env` writes. Containers do not see it: it may have the user's keys."""
    return settings.state_dir / "shell"


def shell_config(settings: Settings) -> Path:
    """Return the configuration that `scones env` writes (local_cloud/shell/config.py)."""
    return shell_folder(settings) / "aws.config"


def _shipped_config(settings: Settings) -> Path:
    return settings.root / "local" / "aws.config"


def _generated_config(settings: Settings) -> Path:
    return settings.state_dir / "aws.config"
