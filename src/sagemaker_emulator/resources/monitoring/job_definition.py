"""The definition of a monitoring job. AWS has one kind of resource for each monitoring type, with the same members."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar


class MonitoringType(StrEnum):
    DATA_QUALITY = "DataQuality"
    MODEL_QUALITY = "ModelQuality"
    MODEL_BIAS = "ModelBias"
    MODEL_EXPLAINABILITY = "ModelExplainability"


@dataclass(frozen=True)
class JobDefinition:
    """One definition. `endpoint_name` is empty if it monitors batch transform jobs."""

    kind: ClassVar[str]
    monitoring_type: ClassVar[MonitoringType]

    name: str
    arn: str
    request: dict[str, Any]
    created: float
    endpoint_name: str = ""


@dataclass(frozen=True)
class DataQualityJobDefinition(JobDefinition):
    kind: ClassVar[str] = "data-quality-job-definition"
    monitoring_type: ClassVar[MonitoringType] = MonitoringType.DATA_QUALITY


@dataclass(frozen=True)
class ModelQualityJobDefinition(JobDefinition):
    kind: ClassVar[str] = "model-quality-job-definition"
    monitoring_type: ClassVar[MonitoringType] = MonitoringType.MODEL_QUALITY


@dataclass(frozen=True)
class ModelBiasJobDefinition(JobDefinition):
    kind: ClassVar[str] = "model-bias-job-definition"
    monitoring_type: ClassVar[MonitoringType] = MonitoringType.MODEL_BIAS


@dataclass(frozen=True)
class ModelExplainabilityJobDefinition(JobDefinition):
    kind: ClassVar[str] = "model-explainability-job-definition"
    monitoring_type: ClassVar[MonitoringType] = MonitoringType.MODEL_EXPLAINABILITY


DEFINITIONS: dict[MonitoringType, type[JobDefinition]] = {
    definition.monitoring_type: definition
    for definition in (
        DataQualityJobDefinition,
        ModelQualityJobDefinition,
        ModelBiasJobDefinition,
        ModelExplainabilityJobDefinition,
    )
}
