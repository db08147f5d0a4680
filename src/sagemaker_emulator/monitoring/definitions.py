"""Job definitions: one collection for each monitoring type. They are immutable, as on AWS."""

from __future__ import annotations

import time
from typing import Any

from sagemaker_emulator.aws_clients.execution_roles import ExecutionRoles
from sagemaker_emulator.errors import resource_in_use, resource_not_found
from sagemaker_emulator.monitoring.job import MonitoringJob
from sagemaker_emulator.monitoring.requests import require_runnable
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.monitoring.job_definition import DEFINITIONS, JobDefinition, MonitoringType
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.listing import Filter, Page, named_in_json, page
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError


class JobDefinitions(Collection[JobDefinition]):
    """The definitions of one type."""

    def __init__(self, store: Store, arns: Arns, type_: MonitoringType, roles: ExecutionRoles) -> None:
        super().__init__(store, arns, DEFINITIONS[type_])
        self._type, self._roles, self._region = type_, roles, arns.region

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> JobDefinition:
        name, job = request["JobDefinitionName"], MonitoringJob.from_definition(self._type, request)
        require_runnable(job, self._region, self._roles)
        described = {key: value for key, value in request.items() if key != "Tags"}
        definition = self._resource(name, self.arn_of(name), described, time.time(), job.endpoint_name)
        return self._add(definition, tags)

    def missing(self, name: str) -> AwsError:
        return resource_not_found(f"Could not find {self._type} job definition with name: {name}")

    def existing(self, name: str, arn: str) -> AwsError:
        return resource_in_use(f"A {self._type} job definition with this name already exists ({arn})")

    def page(self, request: dict[str, Any]) -> Page:
        filters: list[Filter] = []
        if "EndpointName" in request:
            filters.append(named_in_json("$.endpoint_name", request["EndpointName"]))
        return page(self._store, self._resource, request, filters=filters)

    def job(self, name: str) -> MonitoringJob:
        """Return what a definition says, or raise the error of `missing`."""
        return MonitoringJob.from_definition(self._type, self.get(name).request)
