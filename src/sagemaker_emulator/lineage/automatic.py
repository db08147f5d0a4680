"""The entities that SageMaker makes by itself, for jobs, model packages and endpoints.

Source: "Amazon SageMaker AI-Created Tracking Entities" in the developer guide, which names the entities; the direction
and the type of their associations are this emulator's choice, so that data leads to jobs, jobs to models, and models to
endpoints. Every method runs in the transaction that stores what it is about, and does nothing the second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sagemaker_emulator.lineage.associations import Associations
from sagemaker_emulator.lineage.entities import Actions, Artifacts, Contexts, has_associations
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.endpoint import Endpoint
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.resources.model_package import ModelPackage, ModelPackageGroup
from sagemaker_emulator.resources.tracking.lineage import Action, Context
from sagemaker_emulator.storage.store import NotFound, Store

IMAGE, DATA_SET, MODEL, CHECKPOINT = "Image", "DataSet", "Model", "Checkpoint"
NAME_MAX = 120

Uris = Mapping[str, str]
"""Types of artifacts by their URIs."""


class AutomaticLineage:
    def __init__(self, store: Store, arns: Arns) -> None:
        self._store, self._associations = store, Associations(store, arns)
        self._artifacts, self._contexts, self._actions = (
            Artifacts(store, arns),
            Contexts(store, arns),
            Actions(store, arns),
        )

    def contributed(self, uris: Uris, to_arn: str) -> None:
        """Associate artifacts with what they were used for: a job, a deployment, a model package."""
        for uri, type_ in uris.items():
            self._associations.ensure(self._artifacts.of_source(uri, type_).arn, to_arn, "ContributedTo")

    def produced(self, from_arn: str, uris: Uris) -> None:
        """Associate a job with the artifacts that it has made."""
        for uri, type_ in uris.items():
            artifact = self._artifacts.of_source(uri, type_)
            if artifact.arn != from_arn:
                self._associations.ensure(from_arn, artifact.arn, "Produced")

    def forget(self, arn: str) -> None:
        """Remove the associations of an entity that makes room for another one of its name."""
        self._associations.forget(arn)

    def packaged(self, package: ModelPackage, group: ModelPackageGroup | None) -> None:
        """Add the artifact of a model package, with its containers, its group and its approval status."""
        artifact = self._artifacts.of_source(package.arn, MODEL)
        self.contributed(_of_containers(package.containers), artifact.arn)
        if group is not None:
            context = self._context(f"{group.name}-aws-model-group", group.arn, "ModelGroup")
            self._associations.ensure(artifact.arn, context.arn, "AssociatedWith")
            name = f"{group.name}-{package.version}-{package.approval}-aws-model-package"
            action = self._action(name, package.arn, "Approval", {"ModelApprovalStatus": str(package.approval)})
            self._associations.ensure(artifact.arn, action.arn, "ContributedTo")
            self._associations.ensure(action.arn, context.arn, "AssociatedWith")

    def deployed(self, endpoint: Endpoint) -> None:
        """Add the context of an endpoint, and the action that put its current revision in service."""
        context = self._context(f"{endpoint.name}-aws-endpoint", endpoint.arn, "Endpoint")
        name = f"{endpoint.name}-{endpoint.revision.id[:8]}-aws-model-deployment"
        action = self._action(name, endpoint.arn, "ModelDeployment", {})
        if not has_associations(self._store, action.arn):
            for model in endpoint.revision.models:
                self.contributed(_of_model(model), action.arn)
            self._associations.ensure(action.arn, context.arn, "AssociatedWith")

    def _context(self, name: str, arn: str, type_: str) -> Context:
        name = _fitting(name)
        with suppress(NotFound):
            return self._store.by_arn(Context, self._contexts.arn_of(name))
        source = {"SourceUri": arn, "SourceType": "ARN"}
        return self._contexts.create({"ContextName": name, "Source": source, "ContextType": type_}, {})

    def _action(self, name: str, arn: str, type_: str, properties: dict[str, str]) -> Action:
        name = _fitting(name)
        with suppress(NotFound):
            return self._store.by_arn(Action, self._actions.arn_of(name))
        source = {"SourceUri": arn, "SourceType": "ARN"}
        request = {"ActionName": name, "Source": source, "ActionType": type_, "Properties": properties}
        return self._actions.create({**request, "Status": "Completed"}, {})


def _of_model(model: Model) -> Uris:
    uris = dict(_of_containers([container.wire for container in model.containers]))
    for container in model.containers:
        uris |= {uri: MODEL for uri in (container.artifacts_uri, container.wire.get("ModelPackageName")) if uri}
    return uris


def _of_containers(containers: Sequence[Mapping[str, Any]]) -> Uris:
    uris: dict[str, str] = {}
    for container in containers:
        uris |= {
            container[member]: type_
            for member, type_ in (("Image", IMAGE), ("ModelDataUrl", MODEL))
            if member in container
        }
    return uris


def _fitting(name: str) -> str:
    """Return a name within AWS's limit, the end of it kept."""
    return name if len(name) <= NAME_MAX else name[-NAME_MAX:].lstrip("-")
