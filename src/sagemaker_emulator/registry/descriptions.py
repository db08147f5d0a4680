"""Descriptions of model packages and their groups, as Describe, List and events have them: pure functions."""

from __future__ import annotations

from typing import Any

from sagemaker_emulator.resources.model_package import ModelPackage, ModelPackageGroup
from sagemaker_emulator.wire import described

Description = dict[str, Any]


def describe_model_package_group(group: ModelPackageGroup) -> Description:
    return {**summarize_model_package_group(group), "CreatedBy": {}}


def summarize_model_package_group(group: ModelPackageGroup) -> Description:
    return {
        "ModelPackageGroupName": group.name,
        "ModelPackageGroupArn": group.arn,
        "ModelPackageGroupDescription": group.request.get("ModelPackageGroupDescription"),
        "ManagedConfiguration": group.request.get("ManagedConfiguration"),
        "CreationTime": group.created,
        "ModelPackageGroupStatus": "Completed",
    }


def describe_model_package(package: ModelPackage) -> Description:
    computed = {
        **summarize_model_package(package),
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": False,
        "CreatedBy": {},
    }
    if package.modified > package.created:
        computed.update(LastModifiedTime=package.modified, LastModifiedBy={})
    return described("DescribeModelPackage", package.request, computed)


def summarize_model_package(package: ModelPackage) -> Description:
    """Return the entry of ListModelPackages. On AWS a versioned package has no ModelPackageName."""
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
