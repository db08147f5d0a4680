"""The types of steps: the operation that each one stands for, and the types that are not emulated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MODEL_NAME_MAX = JOB_NAME_MAX = 63
TUNING_NAME_MAX = 32


@dataclass(frozen=True)
class StepType:
    """One type. `operation` is None for steps that send no request to SageMaker; `metadata` is its member in Metadata.

    `name_member` is the member of the request that has the name, which the pipeline chooses.
    """

    operation: str | None = None
    name_member: str | None = None
    metadata: str = ""
    name_max: int = JOB_NAME_MAX
    retries: bool = False
    required: tuple[str, ...] = ()


STEP_TYPES: Mapping[str, StepType] = {
    "Training": StepType("CreateTrainingJob", "TrainingJobName", "TrainingJob", retries=True),
    "Processing": StepType("CreateProcessingJob", "ProcessingJobName", "ProcessingJob", retries=True),
    "Transform": StepType("CreateTransformJob", "TransformJobName", "TransformJob", retries=True),
    "Tuning": StepType(
        "CreateHyperParameterTuningJob", "HyperParameterTuningJobName", "TuningJob", TUNING_NAME_MAX, retries=True
    ),
    "Model": StepType("CreateModel", "ModelName", "Model", retries=True),
    "RegisterModel": StepType("CreateModelPackage", None, "RegisterModel", retries=True),
    "QualityCheck": StepType("CreateProcessingJob", "ProcessingJobName", "QualityCheck", required=("CheckType",)),
    "Lambda": StepType(metadata="Lambda", required=("FunctionArn",)),
    "Callback": StepType(metadata="Callback", required=("SqsQueueUrl",)),
    "Condition": StepType(metadata="Condition"),
    "Fail": StepType(metadata="Fail"),
}
NOT_EMULATED = frozenset(
    {
        "AutoML",
        "ClarifyCheck",
        "Cleanup",
        "EMR",
        "EMRServerless",
        "Endpoint",
        "EndpointConfig",
        "ForEach",
        "InferenceComponent",
        "Job",
        "Lineage",
        "MonitorBatchTransform",
        "NotebookJob",
    }
)
