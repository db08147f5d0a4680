"""Model steps, which create a model, and RegisterModel steps, which create a version of a model package group."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.hosting.descriptions import describe_model
from sagemaker_emulator.hosting.models import Models
from sagemaker_emulator.pipelines.definitions.arguments import request_of
from sagemaker_emulator.pipelines.steps.progress import Progress, StepCall, succeeded
from sagemaker_emulator.registry.descriptions import describe_model_package
from sagemaker_emulator.registry.model_packages import ModelPackageGroups, ModelPackages
from sagemaker_emulator.wire import AwsError


def tags_in(request: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}


@dataclass(frozen=True)
class ModelAction:
    """Model steps. The model exists when `start` returns, so there is nothing to look at or to stop."""

    models: Models

    def start(self, call: StepCall) -> Progress:
        model = self.models.find(call.resource_name)
        if model is None:
            request = request_of("CreateModel", {**call.arguments, "ModelName": call.resource_name})
            model = self.models.create(request, tags_in(request))
        return succeeded(call.metadata(Arn=model.arn), describe_model(model))

    def look(self, call: StepCall) -> Progress:
        return self.start(call)

    def stop(self, call: StepCall) -> None:
        return None


@dataclass(frozen=True)
class RegisterModelAction:
    """RegisterModel steps. The planned name is the ClientToken, so a second `start` finds the version of the first."""

    packages: ModelPackages
    groups: ModelPackageGroups

    def start(self, call: StepCall) -> Progress:
        request = request_of("CreateModelPackage", {**call.arguments, "ClientToken": call.resource_name})
        tags = tags_in(request)
        if group := request.get("ModelPackageGroupName"):
            self._require_group(group, tags)
            tags = {}  # AWS puts the tags of a version on its group
        package = self.packages.create(request, tags)
        return succeeded(call.metadata(Arn=package.arn), describe_model_package(package))

    def look(self, call: StepCall) -> Progress:
        return self.start(call)

    def stop(self, call: StepCall) -> None:
        return None

    def _require_group(self, name: str, tags: dict[str, str]) -> None:
        """Create the group if it does not exist, as a pipeline does on AWS."""
        try:
            self.groups.get(name)
        except AwsError:
            with suppress(AwsError):  # another step has created it in the meantime
                self.groups.create({"ModelPackageGroupName": name}, tags)
