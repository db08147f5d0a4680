"""Pipelines and their versions: created, updated, described, listed, deleted."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Any

from sagemaker_emulator.aws_clients.clients import AwsClients
from sagemaker_emulator.errors import conflict, resource_not_found, validation
from sagemaker_emulator.pipelines.definitions.definition import Definition
from sagemaker_emulator.pipelines.definitions.errors import DefinitionError
from sagemaker_emulator.pipelines.step_records import ALL, of_execution
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.model_building.execution import PipelineExecution, StepExecution
from sagemaker_emulator.resources.model_building.pipeline import Pipeline, PipelineVersion
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.listing import Filter, Page, created_between, in_json, page
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError

DEFINITION_MAX = 1 << 20


class Pipelines(Collection[Pipeline]):
    """The pipelines. They are found by name or ARN, in any case."""

    def __init__(self, store: Store, arns: Arns, aws: AwsClients) -> None:
        super().__init__(store, arns, Pipeline)
        self._aws = aws

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> Pipeline:
        """Create a pipeline with its first version. A ClientRequestToken that was used returns what it created."""
        name, now = request["PipelineName"], time.time()
        pipeline = Pipeline.requested(self.arn_of(name), request, now)
        earlier = self.find(name)
        if earlier and earlier.client_token == pipeline.client_token:
            return earlier
        definition = self._definition(request)
        if definition is None:
            raise validation("Either PipelineDefinition or PipelineDefinitionS3Location should be provided.")
        self._aws.execution_roles.require(pipeline.role_arn)
        with self._store.transaction():
            self._add(pipeline, tags)
            self._add_version(pipeline, definition, request)
        return pipeline

    def update(self, request: dict[str, Any]) -> Pipeline:
        """Change a pipeline. A new definition is a new version."""
        pipeline, definition = self.get(request["PipelineName"]), self._definition(request)
        self._aws.execution_roles.require(request.get("RoleArn"))
        with self._store.transaction():
            updated = self._change(pipeline.name, lambda one: one.updated(request, time.time()))
            if definition is not None:
                updated = self._change(pipeline.name, lambda one: replace(one, last_version=one.last_version + 1))
                self._add_version(updated, definition, request)
            elif aliases := request.get("PipelineVersionAliases"):
                self._set_aliases(updated, updated.last_version, aliases, ())
        return updated

    def delete(self, name: str) -> None:
        """Delete a pipeline with its versions and executions. ConflictException while one is under way."""
        with self._store.transaction():
            pipeline = self.get(name)
            executions = self.executions_of(pipeline)
            if running := [one.arn for one in executions if not one.is_over]:
                raise conflict(f"Pipeline {pipeline.arn} has executions under way: {running[0]}. Stop them first.")
            for execution in executions:
                self._remove_steps(execution)
                self._store.remove(PipelineExecution, execution.name)
            for version in self._versions(pipeline):
                self._store.remove(PipelineVersion, version.name)
            super().delete(pipeline.name)

    def missing(self, name: str) -> AwsError:
        return resource_not_found(f"Pipeline '{self._asked_arn(name)}' does not exist.")

    def existing(self, name: str, arn: str) -> AwsError:
        return validation(
            "Pipeline names must be unique within an AWS account and region. "
            f"Pipeline with name ({name}) already exists."
        )

    def arn_of(self, name: str) -> str:
        return super().arn_of(name.rpartition("/")[2])

    def get(self, name: str) -> Pipeline:
        return self._get_by_arn(name)

    def page(self, request: dict[str, Any]) -> Page:
        filters: list[Filter] = []
        if prefix := request.get("PipelineNamePrefix"):
            filters.append(("substr(name, 1, ?) = ?", (len(prefix), prefix)))
        if request.get("ManagedBy") == "AWS":
            filters.append(("0", ()))  # all pipelines here are their users'
        return page(self._store, Pipeline, created_between(request), filters=filters)

    def executions_of(self, pipeline: Pipeline) -> list[PipelineExecution]:
        sql, parameters = in_json("$.pipeline", pipeline.name)
        return self._store.select(PipelineExecution, sql, parameters, "created", ALL)

    def version(self, pipeline: Pipeline, number: int | None = None, alias: str | None = None) -> PipelineVersion:
        """Return a version: the one of a number or an alias, or the last."""
        if alias is not None:
            versions = [one for one in self._versions(pipeline) if alias in one.aliases]
            if not versions or number not in (None, versions[0].number):
                raise resource_not_found(f"Pipeline {pipeline.arn} has no version with the alias {alias!r}.")
            return versions[0]
        number = pipeline.last_version if number is None else number
        versions = [one for one in self._versions(pipeline) if one.number == number]
        if not versions:
            raise resource_not_found(f"Pipeline {pipeline.arn} has no version {number}.")
        return versions[0]

    def versions_page(self, pipeline: Pipeline, request: dict[str, Any]) -> Page:
        return page(self._store, PipelineVersion, created_between(request), filters=[_versions_of(pipeline)])

    def update_version(self, request: dict[str, Any]) -> PipelineVersion:
        """Change a version's names and aliases. An alias belongs to one version: it leaves the one that had it."""
        pipeline = self.get(request["PipelineArn"])
        with self._store.transaction():
            version = self.version(pipeline, request["PipelineVersionId"])
            operations = request.get("PipelineVersionAliasOperations", {})
            self._set_aliases(pipeline, version.number, operations.get("Add", ()), operations.get("Remove", ()))
            return self._store.change(PipelineVersion, version.name, lambda one: one.updated(request))

    def began(self, pipeline: Pipeline, version: PipelineVersion, execution: PipelineExecution) -> None:
        """Note the last execution of a pipeline and of a version. To be called in a transaction."""
        self._change(pipeline.name, lambda one: replace(one, last_run=execution.created))
        noted = partial(replace, last_execution_arn=execution.arn)
        self._store.change(PipelineVersion, version.name, lambda one: noted(one))

    def _definition(self, request: dict[str, Any]) -> str | None:
        """Return the definition of a request, checked, or None. ValidationException for one that is refused."""
        text, location = request.get("PipelineDefinition"), request.get("PipelineDefinitionS3Location")
        if text is not None and location is not None:
            raise validation("Both PipelineDefinition and PipelineDefinitionS3Location shouldn't be present.")
        if location is not None:
            text = self._fetched(location)
        if text is not None:
            try:
                Definition.parse(text)
            except DefinitionError as error:
                raise validation(str(error)) from error
        return text

    def _fetched(self, location: dict[str, Any]) -> str:
        version = {"VersionId": location["VersionId"]} if "VersionId" in location else {}
        answer = self._aws.s3_of_requests.get_object(Bucket=location["Bucket"], Key=location["ObjectKey"], **version)
        body = answer["Body"].read(DEFINITION_MAX + 1)
        if len(body) > DEFINITION_MAX:
            raise validation(f"The pipeline definition has more than {DEFINITION_MAX} bytes.")
        return str(body.decode(errors="replace"))

    def _add_version(self, pipeline: Pipeline, definition: str, request: dict[str, Any]) -> None:
        number = pipeline.last_version
        name, arn = f"{pipeline.name}/{number}", f"{pipeline.arn}/version/{number}"
        self._store.add(PipelineVersion(name, arn, pipeline.modified, number, definition))
        self._set_aliases(pipeline, number, request.get("PipelineVersionAliases", ()), ())

    def _set_aliases(self, pipeline: Pipeline, number: int, added: Any, removed: Any) -> None:
        for version in self._versions(pipeline):
            change = partial(_with_aliases, added=added, removed=removed, is_theirs=version.number == number)
            self._store.change(PipelineVersion, version.name, change)

    def _versions(self, pipeline: Pipeline) -> list[PipelineVersion]:
        sql, parameters = _versions_of(pipeline)
        return self._store.select(PipelineVersion, sql, parameters, "created, name", ALL)

    def _remove_steps(self, execution: PipelineExecution) -> None:
        sql, parameters = of_execution(execution.name)
        for step in self._store.select(StepExecution, sql, parameters, "name", ALL):
            self._store.remove(StepExecution, step.name)


def _versions_of(pipeline: Pipeline) -> Filter:
    return "name > ? AND name < ?", (f"{pipeline.name}/", f"{pipeline.name}0")


def _with_aliases(version: PipelineVersion, added: Any, removed: Any, is_theirs: bool) -> PipelineVersion:
    return version.with_aliases(added, removed) if is_theirs else version.with_aliases((), added)
