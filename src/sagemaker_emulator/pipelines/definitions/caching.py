"""Step caching: how long a result may be used again, and which parts of a step must be equal.

Source: docs.aws.amazon.com/sagemaker/latest/dg/pipelines-default-keys.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.pipelines.definitions.errors import DefinitionError

DAY_S = 86_400
# the examples of the documentation leave the P out, and write units in either case
DURATION = re.compile(
    r"P?(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE
)
UNITS_S = (365 * DAY_S, 30 * DAY_S, 7 * DAY_S, DAY_S, 3600, 60, 1)
DEFINITION_KEYS = (
    "AlgorithmSpecification",
    "HyperParameterRanges",
    "InputDataConfig",
    "StaticHyperParameters",
    "TuningObjective",
)
KEYS: Mapping[str, tuple[str, ...]] = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
    "Tuning": ("HyperParameterTuningJobConfig", "TrainingJobDefinitions"),
    "Transform": ("DataProcessing", "Environment", "ModelName", "TransformInput"),
    "QualityCheck": ("AppSpecification", "Environment", "ProcessingInputs"),
}
WHOLE = ("Lambda", "Callback")  # all their arguments count
CACHED_TYPES = (*KEYS, *WHOLE)


@dataclass(frozen=True)
class CacheConfig:
    """CacheConfig of a step that enables caching. `expire_after_s` is None for results that never expire."""

    expire_after_s: float | None

    @classmethod
    def parse(cls, wire: Any) -> CacheConfig | None:
        """Return None for a step without caching."""
        if wire is None:
            return None
        if not isinstance(wire, dict) or not isinstance(wire.get("Enabled"), bool):
            raise DefinitionError("CacheConfig needs Enabled, which is true or false.")
        expire_after = wire.get("ExpireAfter")
        seconds = None if expire_after is None else duration_s(str(expire_after))
        return cls(seconds) if wire["Enabled"] else None


def duration_s(text: str) -> float:
    """Return the seconds of an ISO 8601 duration such as P30D or PT1H."""
    match = DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise DefinitionError(f"CacheConfig: ExpireAfter must be an ISO 8601 duration such as PT1H, not {text!r}.")
    return float(sum(int(count or 0) * unit_s for count, unit_s in zip(match.groups(), UNITS_S, strict=True)))


def cache_key(type_name: str, arguments: Mapping[str, Any], members: Mapping[str, Any]) -> str:
    """Return the digest of the parts that must be equal in two runs of a step.

    `arguments` and `members` are evaluated; the members are those beside Arguments, such as FunctionArn.
    """
    keys = arguments if type_name in WHOLE else KEYS[type_name]
    relevant = {name: arguments.get(name) for name in keys}
    if definition := arguments.get("TrainingJobDefinition"):
        relevant["TrainingJobDefinition"] = {name: definition.get(name) for name in DEFINITION_KEYS}
    text = json.dumps([type_name, relevant, dict(members)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
