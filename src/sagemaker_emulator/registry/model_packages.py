"""The model registry: groups of model packages and their versions."""

from __future__ import annotations

import time
from typing import Any

from sagemaker_emulator.errors import conflict, validation
from sagemaker_emulator.lineage.automatic import AutomaticLineage
from sagemaker_emulator.repeated import repeated
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.model_package import PENDING, ModelPackage, ModelPackageGroup
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.listing import Filter, Page, in_json, page
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError

CUSTOMER_METADATA_MAX = 50
ADDITIONAL_SPECIFICATIONS_MAX = 15
NOT_DESCRIBED = ("ModelPackageGroupName", "ClientToken")
NOT_EMULATED = ("ValidationSpecification", "SourceAlgorithmSpecification", "CertifyForMarketplace")
ALL_OF_TYPE = {"Versioned": "instr(name, '/') > 0", "Unversioned": "instr(name, '/') = 0", "Both": "1"}


class ModelPackageGroups(Collection[ModelPackageGroup]):
    """The groups. They are found by name or ARN, in any case."""

    def __init__(self, store: Store, arns: Arns) -> None:
        super().__init__(store, arns, ModelPackageGroup)

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> ModelPackageGroup:
        name = request["ModelPackageGroupName"]
        return self._add(ModelPackageGroup(name, self.arn_of(name), request, time.time()), tags)

    def missing(self, name: str) -> AwsError:
        return validation(f"ModelPackageGroup {self._asked_arn(name)} does not exist.")

    def existing(self, name: str, arn: str) -> AwsError:
        return validation(f"Model Package Group already exists: {arn}")

    def arn_of(self, name: str) -> str:
        return super().arn_of(name.rpartition("/")[2])

    def get(self, name: str) -> ModelPackageGroup:
        return self._get_by_arn(name)

    def page(self, request: dict[str, Any]) -> Page:
        return page(self._store, ModelPackageGroup, request, descending=False)

    def next_version(self, name: str) -> int:
        """Take the next version number of a group."""
        return self._change(name, ModelPackageGroup.with_next_version).last_version

    def delete(self, name: str) -> None:
        with self._store.transaction():
            group = self.get(name)
            sql, parameters = versions_of(group.name)
            if self._store.select(ModelPackage, sql, parameters, "name", 1):
                raise conflict(f"Model Package Group {group.arn} still contains Model Packages; delete them first.")
            super().delete(group.name)


class ModelPackages(Collection[ModelPackage]):
    """The packages. They are found by name, `<group>/<version>` or ARN, in any case."""

    def __init__(self, store: Store, arns: Arns, groups: ModelPackageGroups) -> None:
        super().__init__(store, arns, ModelPackage)
        self._groups, self._lineage = groups, AutomaticLineage(store, arns)

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> ModelPackage:
        """Create the next version of a group, or a package with its own name.

        A ClientToken that was used before returns the version that it created.
        """
        _refuse_what_is_not_emulated(request)
        if "ModelPackageGroupName" in request:
            return self._create_version(request, tags)
        if "ModelPackageName" not in request:
            raise validation("Missing ARN.")
        with self._store.transaction():
            package = self._add(self._package(request["ModelPackageName"], request), tags)
            self._lineage.packaged(package, None)
        return package

    def missing(self, name: str) -> AwsError:
        return validation(f"ModelPackage {self._asked_arn(name)} does not exist.")

    def existing(self, name: str, arn: str) -> AwsError:
        return validation(f"Model Package already exists: {arn}")

    def arn_of(self, name: str) -> str:
        return super().arn_of(name.partition("/")[2] if name.startswith("arn:") else name)

    def get(self, name: str) -> ModelPackage:
        return self._get_by_arn(name)

    def page(self, request: dict[str, Any]) -> Page:
        filters: list[Filter] = []
        if "ModelPackageGroupName" in request:
            filters.append(versions_of(self._groups.get(request["ModelPackageGroupName"]).name))
        else:
            filters.append((ALL_OF_TYPE[request.get("ModelPackageType", "Unversioned")], ()))
        if "ModelApprovalStatus" in request:
            filters.append(in_json("$.approval", request["ModelApprovalStatus"]))
        return page(self._store, ModelPackage, request, descending=False, filters=filters)

    def update(self, request: dict[str, Any]) -> ModelPackage:
        now = time.time()
        with self._store.transaction():
            package = self.get(request["ModelPackageArn"])
            if package.version is None:
                raise validation(f"ModelPackage {package.arn} is not versioned; only versioned packages are updated.")
            updated = package.updated(request, now)
            _refuse_too_much(updated)
            self._lineage.packaged(updated, self._groups.get(str(updated.group)))
            return self._change(package.name, lambda _: updated)

    def containers_of(self, name: str) -> list[dict[str, Any]]:
        """Return the container definitions for a model of this package: several for an inference pipeline."""
        package = self.get(name)
        if not package.may_be_deployed:
            raise validation(
                f"The model package {package.arn} has the approval status {package.approval}; approve it "
                "(UpdateModelPackage) to create a model from it."
            )
        return package.containers

    def _create_version(self, request: dict[str, Any], tags: dict[str, str]) -> ModelPackage:
        if "ModelPackageName" in request:
            raise validation(
                "Both ModelPackageName and ModelPackageGroupName are provided in the input. "
                "Cannot determine which one to use."
            )
        if tags:
            raise validation("Tags are not supported for versioned model packages; tag the model package group.")
        with self._store.transaction():
            group = self._groups.get(request["ModelPackageGroupName"])
            if earlier := self._of_token(group.name, request.get("ClientToken")):
                return earlier
            version = self._groups.next_version(group.name)
            package = self._add(self._package(f"{group.name}/{version}", request, group.name, version), {})
            self._lineage.packaged(package, group)
            return package

    def _of_token(self, group: str, token: str | None) -> ModelPackage | None:
        if token is None:
            return None
        (group_sql, group_names), (token_sql, tokens) = versions_of(group), in_json("$.client_token", token)
        sql, parameters = f"{group_sql} AND {token_sql}", (*group_names, *tokens)
        return next(iter(self._store.select(ModelPackage, sql, parameters, "name", 1)), None)

    def _package(
        self, name: str, request: dict[str, Any], group: str | None = None, version: int | None = None
    ) -> ModelPackage:
        now = time.time()
        approval = request.get("ModelApprovalStatus", PENDING if version else None)
        described = {key: value for key, value in request.items() if key not in NOT_DESCRIBED}
        arn, token = self.arn_of(name), request.get("ClientToken")
        return ModelPackage(name, arn, described, now, now, group, version, approval, token)


def versions_of(group: str) -> Filter:
    """Return the filter for the packages of one group. Their names are `<group>/<version>`, and `0` follows `/`."""
    return "name > ? AND name < ?", (f"{group}/", f"{group}0")


def _refuse_what_is_not_emulated(request: dict[str, Any]) -> None:
    for name in NOT_EMULATED:
        if request.get(name):
            raise validation(f"CreateModelPackage with {name} is not emulated; leave it out.")
    if not request.get("InferenceSpecification") and not request.get("SourceUri"):
        raise validation("One of InferenceSpecification and SourceUri is required.")


def _refuse_too_much(package: ModelPackage) -> None:
    if len(package.request.get("CustomerMetadataProperties", ())) > CUSTOMER_METADATA_MAX:
        raise validation(f"CustomerMetadataProperties can have at most {CUSTOMER_METADATA_MAX} entries.")
    names = [one["Name"] for one in package.request.get("AdditionalInferenceSpecifications", ())]
    if len(names) > ADDITIONAL_SPECIFICATIONS_MAX or repeated(names):
        raise validation(
            f"AdditionalInferenceSpecifications can have at most {ADDITIONAL_SPECIFICATIONS_MAX} entries "
            f"of different names, not {names}."
        )
