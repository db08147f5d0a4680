"""The job's configuration, as SageMaker writes it under `/opt/ml/input/config`."""

import json
from pathlib import Path
from typing import Any

from image_classification.failure import CustomerError, PlatformError
from image_classification.paths import ContainerPaths

IMAGE_CHANNELS = ("train", "validation")
REQUIRED = ("train", "validation", "train_lst", "validation_lst")
CONTENT_TYPES = ("application/x-image", "image/png", "image/jpeg")


def read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PlatformError(
            f"The file {path} is missing: SageMaker writes it before it starts a training container."
        ) from error
    except (OSError, ValueError) as error:
        raise PlatformError(f"The file {path} cannot be read as JSON: {error}") from error
    if not isinstance(config, dict):
        raise PlatformError(f"The file {path} holds a {type(config).__name__} instead of an object.")
    return config


def check_channels(paths: ContainerPaths) -> None:
    """Raises CustomerError unless the job has the four channels of images and manifests, in File mode."""
    config = read_config(paths.input_data_config)
    if "model" in config:
        raise CustomerError("The 'model' channel (incremental training) is not supported; train without it.")
    for name, channel in config.items():
        check_channel(name, channel if isinstance(channel, dict) else {})
    if missing := [name for name in REQUIRED if name not in config]:
        names = ", ".join(f"'{name}'" for name in missing)
        raise CustomerError(
            f"Missing required channel(s): {names}. Training on images needs the channels {', '.join(REQUIRED)}."
        )
    for name in REQUIRED:
        if not paths.channel(name).is_dir():
            raise PlatformError(f"The folder {paths.channel(name)} of the {name} channel is missing.")


def check_channel(name: str, channel: dict[str, Any]) -> None:
    if name not in REQUIRED:
        raise CustomerError(f"The channel {name!r} is not one of {', '.join(REQUIRED)}.")
    if (mode := channel.get("TrainingInputMode", "File")) not in ("File", "FastFile"):
        raise CustomerError(f"The {name} channel's TrainingInputMode {mode!r} is not supported; use 'File'.")
    content_type = channel.get("ContentType") or CONTENT_TYPES[0]
    if name in IMAGE_CHANNELS and content_type not in CONTENT_TYPES:
        supported = ", ".join(CONTENT_TYPES)
        raise CustomerError(
            f"The {name} channel's ContentType {content_type!r} is not supported; use one of {supported}."
        )


def check_hosts(paths: ContainerPaths) -> None:
    if not paths.resource_config.exists():  # a run by hand: one host
        return
    hosts = read_config(paths.resource_config).get("hosts") or []
    if len(hosts) > 1:
        raise CustomerError(f"Training on {len(hosts)} instances is not supported; set the instance count to 1.")
