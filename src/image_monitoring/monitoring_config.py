"""`monitoring_config` of constraints.json, and a feature's overrides of it. A person may have edited both.

Source: "Schema for Constraints" of the developer guide, and `Constraints.set_monitoring` of the SageMaker SDK.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ENABLED = "Enabled"
OVERRIDES = ("monitoring_config_overrides", "monitoringConfigOverrides")  # the SDK's name, and the guide's


def of_feature(config: Mapping[str, Any], feature: Mapping[str, Any]) -> dict[str, Any]:
    """Return the monitoring_config that holds for an entry of `features`."""
    return merged(config, next((feature[name] for name in OVERRIDES if feature.get(name)), {}))


def merged(config: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with those of `overrides` that are set, one level deep."""
    result = dict(config)
    for name, value in overrides.items():
        result[name] = {**result.get(name, {}), **value} if isinstance(value, Mapping) else value
    return result
