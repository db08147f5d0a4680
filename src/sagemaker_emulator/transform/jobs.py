"""Batch transform jobs: created, described, listed, stopped; each runs in a thread of its own."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.errors import validation
from sagemaker_emulator.hosting.models import Models
from sagemaker_emulator.jobs.channel import InputError
from sagemaker_emulator.jobs.input_objects import require_objects
from sagemaker_emulator.jobs.job_collection import JobCollection
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.model import Model, Row
from sagemaker_emulator.resources.transform_job import TransformJob
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.transform.request import TransformRequest, with_defaults
from sagemaker_emulator.transform.run import TransformRun


class TransformJobs(JobCollection[TransformJob]):
    def __init__(self, store: Store, arns: Arns, context: RunContext, models: Models) -> None:
        super().__init__(store, arns, TransformJob, context.directory)
        self._context, self._models = context, models

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> TransformJob:
        name, now, request = request["TransformJobName"], time.time(), with_defaults(request)
        model, parsed = self._models.get(request["ModelName"]), TransformRequest.parse(request)
        self._refuse_missing(parsed, model)
        job = TransformJob(name, self.arn_of(name), request, created=now, modified=now)
        run = TransformRun(job, parsed, model, self._context, partial(self._begun, name))
        return self._start(job, tags, run, partial(self._ended, name, run))

    def _refuse_missing(self, request: TransformRequest, model: Model) -> None:
        """Raise ValidationException when an image or the input does not exist, or when the model cannot be invoked."""
        if model.is_multi_model or model.row is Row.DIRECT:
            kind = "a multi-model container" if model.is_multi_model else "containers for direct invocation"
            raise validation(f'Model "{model.arn}" has {kind}, which a transform job does not support.')
        try:
            for container in model.containers:
                self._context.engine.check(container.image, model.network_isolation, serves=True)
            require_objects(self._context.aws.s3_of_requests, request.channel)
        except (EngineError, InputError) as error:
            raise validation(str(error)) from error
