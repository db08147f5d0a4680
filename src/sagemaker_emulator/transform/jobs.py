"""Batch transform jobs: created, described, listed, stopped; each runs in its own thread."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.errors import validation
from sagemaker_emulator.hosting.models import Models
from sagemaker_emulator.jobs import input_channels
from sagemaker_emulator.jobs.job_collection import JobCollection
from sagemaker_emulator.jobs.quotas import require_quota
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.resources.transform_job import TransformJob
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.transform.run import TransformRun, channel_of

IN_FLIGHT_MAX_MB = 100


class TransformJobs(JobCollection[TransformJob]):
    def __init__(self, store: Store, arns: Arns, context: RunContext, models: Models) -> None:
        super().__init__(store, arns, TransformJob, context.directory)
        self._context, self._models = context, models

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> TransformJob:
        name, now, request = request["TransformJobName"], time.time(), with_defaults(request)
        job = TransformJob(name, self.arn_of(name), request, created=now, modified=now)
        model = self._models.get(request["ModelName"])
        self._refuse_what_cannot_run(request, model)
        try:
            run = TransformRun(job, model, self._context, partial(self._begun, name))
        except ValueError as error:
            raise validation(str(error)) from error
        return self._start(job, tags, run, partial(self._ended, name, run))

    def _refuse_what_cannot_run(self, request: dict[str, Any], model: Model) -> None:
        data_type = request["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"]
        if data_type not in ("S3Prefix", "ManifestFile"):
            raise validation(f"TransformInput: S3DataType {data_type} is not emulated; use S3Prefix or ManifestFile.")
        if "DataCaptureConfig" in request:
            raise validation("DataCaptureConfig of a transform job is not emulated; leave it out.")
        _refuse_too_much(request)
        resources = request["TransformResources"]
        require_quota(resources["InstanceType"], resources["InstanceCount"], "transform job")
        try:
            S3Location.parse(request["TransformOutput"]["S3OutputPath"])
            self._context.engine.check(model.container["Image"])
            input_channels.require_objects(self._context.aws.s3, channel_of(request))
        except (EngineError, input_channels.InputError, ValueError) as error:
            raise validation(str(error)) from error


def with_defaults(request: dict[str, Any]) -> dict[str, Any]:
    """The request as AWS reads it, and Describe repeats it."""
    return {
        **request,
        "TransformInput": {"CompressionType": "None", "SplitType": "None", **request["TransformInput"]},
        "TransformOutput": {"AssembleWith": "None", **request["TransformOutput"]},
        "DataProcessing": {
            "InputFilter": "$",
            "OutputFilter": "$",
            "JoinSource": "None",
            **request.get("DataProcessing", {}),
        },
    }


def _refuse_too_much(request: dict[str, Any]) -> None:
    """Source: CreateTransformJob, MaxPayloadInMB."""
    payload_mb, concurrent = request.get("MaxPayloadInMB", 6), request.get("MaxConcurrentTransforms", 1)
    if max(1, payload_mb) * max(1, concurrent) > IN_FLIGHT_MAX_MB:
        raise validation(
            f"MaxConcurrentTransforms * MaxPayloadInMB cannot exceed {IN_FLIGHT_MAX_MB} MB, "
            f"and is {concurrent} * {payload_mb} MB."
        )
