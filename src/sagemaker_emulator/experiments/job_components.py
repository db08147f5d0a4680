"""The contents of a job's trial component: pure functions of the job's record.

Source: descriptions of AWS's own components, in the SDK's documentation and in public repositories.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import Any

from sagemaker_emulator.lineage.automatic import DATA_SET, MODEL
from sagemaker_emulator.lineage.automatic import IMAGE as IMAGE_TYPE
from sagemaker_emulator.resources.job import Job
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.resources.tracking.experiment import Source
from sagemaker_emulator.resources.tracking.trial_component import TrialComponent
from sagemaker_emulator.resources.training_job import TrainingJob

SOURCE_TYPES = {
    "training-job": "SageMakerTrainingJob",
    "processing-job": "SageMakerProcessingJob",
    "transform-job": "SageMakerTransformJob",
}
IMAGE = "SageMaker.ImageUri"
MODEL_ARTIFACT = "SageMaker.ModelArtifact"
DEBUG_OUTPUT = "SageMaker.DebugHookOutput"
TRANSFORM_INPUT, TRANSFORM_OUTPUT = "SageMaker.TransformInput", "SageMaker.TransformOutput"
MEDIA_TYPE = re.compile(r"[-\w]{1,31}/[-\w+]{1,31}")  # of a component; ContentType of a channel may be any text

Values = dict[str, dict[str, Any]]


@dataclass
class Facts:
    """The parameters and artifacts of a job. `output_type` is the type of its output artifacts in the lineage."""

    parameters: Values = field(default_factory=dict)
    inputs: Values = field(default_factory=dict)
    outputs: Values = field(default_factory=dict)
    output_type: str = DATA_SET


def is_tracked(job: Job) -> bool:
    return job.kind in SOURCE_TYPES


def component_name(job: Job) -> str:
    return f"{job.name}-aws-{job.kind}"


def source_of(job: Job) -> Source:
    return Source(job.arn, SOURCE_TYPES[job.kind])


def tracked(component: TrialComponent, job: Job, model: Model | None = None) -> TrialComponent:
    """Return a job's component as the job is now. Entries that programs have logged stay.

    `model` is that of a transform job.
    """
    facts = facts_of(job, model)
    return replace(
        component,
        modified=job.modified,
        primary_status=str(job.status),
        status_message=_message(job),
        started=job.started,
        ended=job.ended,
        parameters={**component.parameters, **facts.parameters},
        input_artifacts={**component.input_artifacts, **facts.inputs},
        output_artifacts={**component.output_artifacts, **facts.outputs},
        metrics=job.summaries if isinstance(job, TrainingJob) else (),
    )


def facts_of(job: Job, model: Model | None = None) -> Facts:
    return _FACTS[job.kind](job, model)


def inputs_of(facts: Facts) -> dict[str, str]:
    """Return the types of a job's input artifacts in the lineage, by URI."""
    return {one["Value"]: IMAGE_TYPE if name == IMAGE else DATA_SET for name, one in facts.inputs.items()}


def outputs_of(facts: Facts) -> dict[str, str]:
    """Return the types of a job's output artifacts in the lineage, by URI."""
    return {one["Value"]: facts.output_type for name, one in facts.outputs.items() if name != DEBUG_OUTPUT}


def _training(job: Any, _: Model | None) -> Facts:
    request, facts = job.request, Facts(_resources(job.request["ResourceConfig"]), output_type=MODEL)
    facts.parameters.update({name: _parameter(text) for name, text in request.get("HyperParameters", {}).items()})
    facts.inputs[IMAGE] = {"Value": request["AlgorithmSpecification"]["TrainingImage"]}
    for channel in request.get("InputDataConfig", ()):
        uri = channel["DataSource"].get("S3DataSource", {}).get("S3Uri")
        if uri:
            facts.inputs[channel["ChannelName"]] = _artifact(uri, channel.get("ContentType"))
    if job.model_artifacts:
        facts.outputs[MODEL_ARTIFACT] = {"Value": job.model_artifacts}
    if debug := request.get("DebugHookConfig"):
        facts.outputs[DEBUG_OUTPUT] = {"Value": debug["S3OutputPath"]}
    return facts


def _processing(job: Any, _: Model | None) -> Facts:
    request = job.request
    facts = Facts(_resources(request["ProcessingResources"]["ClusterConfig"]))
    facts.inputs[IMAGE] = {"Value": request["AppSpecification"]["ImageUri"]}
    for one in request.get("ProcessingInputs", ()):
        if "S3Input" in one:
            facts.inputs[one["InputName"]] = {"Value": one["S3Input"]["S3Uri"]}
    for one in request.get("ProcessingOutputConfig", {}).get("Outputs", ()):
        if "S3Output" in one:
            facts.outputs[one["OutputName"]] = {"Value": one["S3Output"]["S3Uri"]}
    return facts


def _transform(job: Any, model: Model | None) -> Facts:
    request, data = job.request, job.request["TransformInput"]
    facts = Facts({**_resources(request["TransformResources"]), "SageMaker.ModelName": _text(request["ModelName"])})
    container = model.containers[0].wire if model else {}
    for name, member in (("Image", "Image"), ("DataUrl", "ModelDataUrl")):
        if member in container:
            facts.parameters[f"SageMaker.ModelPrimary.{name}"] = _text(container[member])
    facts.inputs[TRANSFORM_INPUT] = _artifact(data["DataSource"]["S3DataSource"]["S3Uri"], data.get("ContentType"))
    facts.outputs[TRANSFORM_OUTPUT] = {"Value": request["TransformOutput"]["S3OutputPath"]}
    return facts


_FACTS = {"training-job": _training, "processing-job": _processing, "transform-job": _transform}


def _resources(config: dict[str, Any]) -> Values:
    numbers = {name: config[name] for name in ("InstanceCount", "VolumeSizeInGB") if name in config}
    parameters: Values = {f"SageMaker.{name}": {"NumberValue": float(value)} for name, value in numbers.items()}
    if "InstanceType" in config:
        parameters["SageMaker.InstanceType"] = _text(config["InstanceType"])
    return parameters


def _parameter(text: str) -> dict[str, Any]:
    """Return a hyperparameter as a number, if it is one."""
    try:
        number = float(text)
    except ValueError:
        return _text(text)
    return {"NumberValue": number} if math.isfinite(number) else _text(text)


def _text(text: str) -> dict[str, Any]:
    return {"StringValue": text[:2500]}


def _artifact(uri: str, content_type: str | None) -> dict[str, Any]:
    is_shown = content_type is not None and MEDIA_TYPE.fullmatch(content_type)
    return {"MediaType": content_type, "Value": uri} if is_shown else {"Value": uri}


def _message(job: Job) -> str:
    """Return AWS's sentence about a job's state."""
    reason = job.failure_reason or "null"
    if isinstance(job, TrainingJob):
        text = f"Status: {job.status}, secondary status: {job.secondary_status}, failure reason: {reason}"
    elif job.kind == "processing-job":
        exit_message = getattr(job, "exit_message", None) or "null"
        text = f"Status: {job.status}, exit message: {exit_message}, failure reason: {reason}"
    else:
        text = f"Status: {job.status}, failure reason: {reason}"
    return text[:1024]
