"""What AWS's SDKs read from the environment: a person's own must not leak into the local cloud."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from local_cloud.processes import LABEL
from local_cloud.settings import LOCAL_MODE_PROFILE, LOCALSTACK_PORT, SAGEMAKER_PORT, Settings

# The local cloud checks no signature, but every SDK insists on signing.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
# All that a program under our profile sees of a person's own: of the rest, most would win over the profile.
KEPT = frozenset({"AWS_CA_BUNDLE", "AWS_PAGER"})


def without_aws(environment: Mapping[str, str], also: Collection[str] = ()) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("AWS_") and name not in also}


def client_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program that uses the AWS of the profile."""
    without = hidden(settings, environment)
    kept = {name: value for name, value in environment.items() if name not in without}
    return {**kept, **ours(settings), **_label(settings)}


def _label(settings: Settings) -> dict[str, str]:
    """SageMaker local mode leaves its endpoints running in the background: they end with the cloud."""
    return {LABEL: str(settings.state_dir)} if settings.profile == LOCAL_MODE_PROFILE else {}


def ours(settings: Settings) -> dict[str, str]:
    """What leads to the AWS of the profile."""
    if not settings.is_local:
        return {"AWS_PROFILE": settings.profile}
    return {
        "AWS_PROFILE": settings.profile,
        "AWS_CONFIG_FILE": str(config_file(settings)),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def hidden(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """The variables that would lead a program elsewhere."""
    if not settings.is_local:
        return _left_by_env(settings, environment)
    return sorted(name for name in environment if name.startswith("AWS_") and name not in KEPT | ours(settings).keys())


def _left_by_env(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """What our `env` left in a shell, and what does not know a profile of a person's own."""
    config = environment.get("AWS_CONFIG_FILE")
    if not config or Path(config).resolve() not in (_shipped(settings), _generated(settings)):
        return []
    empty = environment.get("AWS_SHARED_CREDENTIALS_FILE") == os.devnull
    return ["AWS_CONFIG_FILE", *(["AWS_SHARED_CREDENTIALS_FILE"] if empty else [])]


def search_path(settings: Settings, environment: Mapping[str, str]) -> str:
    """The PATH on which `scones` and `aws` are the kit's."""
    own = str(settings.root / ".venv" / "bin")
    others = environment.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join([own, *(folder for folder in others if folder != own)])


def config_file(settings: Settings) -> Path:
    """`local/aws.config` says the default ports; for others there is a copy in the state folder."""
    return _shipped(settings) if settings.has_default_ports else _generated(settings)


def write_config(settings: Settings) -> None:
    text = _shipped(settings).read_text()
    text = text.replace(f"127.0.0.1:{SAGEMAKER_PORT}", f"127.0.0.1:{settings.sagemaker_port}\0")
    text = text.replace(f"127.0.0.1:{LOCALSTACK_PORT}", f"127.0.0.1:{settings.localstack_port}\0")
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    _generated(settings).write_text(text.replace("\0", ""))


def _shipped(settings: Settings) -> Path:
    return settings.root / "local" / "aws.config"


def _generated(settings: Settings) -> Path:
    return settings.state_dir / "aws.config"
