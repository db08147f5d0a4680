"""The model registry: groups, packages and their versions."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.resources.model_package import ModelPackage, ModelPackageGroup
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.wire import AwsError, described


@operation("CreateModelPackageGroup")
def create_model_package_group(sagemaker: SageMaker, request: Request) -> Response:
    return {"ModelPackageGroupArn": sagemaker.model_package_groups.create(request, tags_of(request)).arn}


@operation("DescribeModelPackageGroup")
def describe_model_package_group(sagemaker: SageMaker, request: Request) -> Response:
    """By name or ARN."""
    group = sagemaker.model_package_groups.get(request["ModelPackageGroupName"])
    return {**_group_summary(group), "CreatedBy": {}}


@operation("ListModelPackageGroups")
def list_model_package_groups(sagemaker: SageMaker, request: Request) -> Response:
    found = sagemaker.model_package_groups.page(request)
    return listed("ModelPackageGroupSummaryList", [_group_summary(one) for one in found.resources], found.next_token)


@operation("DeleteModelPackageGroup")
def delete_model_package_group(sagemaker: SageMaker, request: Request) -> Response:
    """Refused while it has packages."""
    sagemaker.model_package_groups.delete(request["ModelPackageGroupName"])
    return {}


@operation("CreateModelPackage")
def create_model_package(sagemaker: SageMaker, request: Request) -> Response:
    """A version of a group, or a package by name. Completed at once: no ValidationSpecification, no algorithms."""
    return {"ModelPackageArn": sagemaker.model_packages.create(request, tags_of(request)).arn}


@operation("DescribeModelPackage")
def describe_model_package(sagemaker: SageMaker, request: Request) -> Response:
    """By name, `<group>/<version>` or ARN."""
    package = sagemaker.model_packages.get(request["ModelPackageName"])
    computed = {
        **_summary(package),
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": False,
        "CreatedBy": {},
    }
    if package.modified > package.created:
        computed.update(LastModifiedTime=package.modified, LastModifiedBy={})
    return described("DescribeModelPackage", package.request, computed)


@operation("ListModelPackages")
def list_model_packages(sagemaker: SageMaker, request: Request) -> Response:
    """By group, approval status, type, name and time; sorted; paged."""
    found = sagemaker.model_packages.page(request)
    return listed("ModelPackageSummaryList", [_summary(one) for one in found.resources], found.next_token)


@operation("UpdateModelPackage")
def update_model_package(sagemaker: SageMaker, request: Request) -> Response:
    """Approval, metadata, specifications and the rest of a version."""
    return {"ModelPackageArn": sagemaker.model_packages.update(request).arn}


@operation("DeleteModelPackage")
def delete_model_package(sagemaker: SageMaker, request: Request) -> Response:
    """Its version is never given out again."""
    sagemaker.model_packages.delete(request["ModelPackageName"])
    return {}


@operation("BatchDescribeModelPackage")
def batch_describe_model_package(sagemaker: SageMaker, request: Request) -> Response:
    found: Response = {}
    missing: Response = {}
    for arn in request["ModelPackageArnList"]:
        try:
            package = sagemaker.model_packages.get(arn)
        except AwsError as error:
            missing[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
        else:
            found[arn] = {**_summary(package), "InferenceSpecification": package.request.get("InferenceSpecification")}
    return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": missing}


def _group_summary(group: ModelPackageGroup) -> Response:
    return {
        "ModelPackageGroupName": group.name,
        "ModelPackageGroupArn": group.arn,
        "ModelPackageGroupDescription": group.request.get("ModelPackageGroupDescription"),
        "ManagedConfiguration": group.request.get("ManagedConfiguration"),
        "CreationTime": group.created,
        "ModelPackageGroupStatus": "Completed",
    }


def _summary(package: ModelPackage) -> Response:
    """AWS gives a versioned package no ModelPackageName."""
    return {
        "ModelPackageName": package.name if package.version is None else None,
        "ModelPackageGroupName": package.group,
        "ModelPackageVersion": package.version,
        "ModelPackageArn": package.arn,
        "ModelPackageDescription": package.request.get("ModelPackageDescription"),
        "CreationTime": package.created,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": package.approval,
        "ModelLifeCycle": package.request.get("ModelLifeCycle"),
        "ModelPackageRegistrationType": package.request.get("ModelPackageRegistrationType"),
    }
