"""The channels of a training job, as inputdataconfig.json has them: which there may be, and of what kind.

Source: sagemaker_xgboost_container/algorithm_mode/channel_validation.py
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from frameworks.xgboost_algorithm.content_types import FORMATS, format_of
from frameworks.xgboost_algorithm.errors import UserError

TRAIN, VALIDATION, CODE = "train", "validation", "code"
DEFAULT_CONTENT_TYPE = "text/libsvm"
DISTRIBUTIONS = ("FullyReplicated", "ShardedByS3Key")


@dataclass(frozen=True)
class Channels:
    """The validated channels: the format of both data channels, and whether there is validation data."""

    format: str
    has_validation: bool

    @classmethod
    def of(cls, config: Mapping[str, Mapping[str, Any]]) -> Channels:
        """Return the channels of a job. Raises UserError, in AWS's words, for others."""
        if TRAIN not in config:
            raise UserError(f"Missing required channel: {TRAIN}")
        for name, channel in config.items():
            if name not in (TRAIN, VALIDATION, CODE):
                raise UserError(f"Extraneous channel found: {name}")
            _require_supported(name, {"ContentType": DEFAULT_CONTENT_TYPE, **channel})
        return cls(format_of(config[TRAIN].get("ContentType") or DEFAULT_CONTENT_TYPE), VALIDATION in config)


def _require_supported(name: str, channel: Mapping[str, Any]) -> None:
    if channel.get("TrainingInputMode", "File") == "Pipe":
        raise UserError(
            "Pipe mode is no longer supported. Please use Fast File mode (default) instead. Set input_mode='File' in "
            "your SageMaker Estimator or TrainingInput."
        )
    is_known = channel["ContentType"] == "text/python" if name == CODE else _base(channel["ContentType"]) in FORMATS
    if not is_known or channel.get("S3DistributionType", DISTRIBUTIONS[0]) not in DISTRIBUTIONS:
        raise UserError(f"Channel configuration for '{name}' channel is not supported: {dict(channel)}")


def _base(content_type: str | None) -> str:
    return str(content_type).lower().split(";")[0].strip()
