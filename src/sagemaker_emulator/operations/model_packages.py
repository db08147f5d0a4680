"""The model registry: groups, packages and their versions."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.registry import descriptions
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.wire import AwsError


@operation("CreateModelPackageGroup")
def create_model_package_group(sagemaker: SageMaker, request: Request) -> Response:
    return {"ModelPackageGroupArn": sagemaker.model_package_groups.create(request, tags_of(request)).arn}


@operation("DescribeModelPackageGroup")
def describe_model_package_group(sagemaker: SageMaker, request: Request) -> Response:
    """Accept a name or an ARN."""
    group = sagemaker.model_package_groups.get(request["ModelPackageGroupName"])
    return descriptions.describe_model_package_group(group)


@operation("ListModelPackageGroups")
def list_model_package_groups(sagemaker: SageMaker, request: Request) -> Response:
    page = sagemaker.model_package_groups.page(request)
    summaries = [descriptions.summarize_model_package_group(group) for group in page.resources]
    return listed("ModelPackageGroupSummaryList", summaries, page.next_token)


@operation("DeleteModelPackageGroup")
def delete_model_package_group(sagemaker: SageMaker, request: Request) -> Response:
    """Refuse a group that has packages."""
    sagemaker.model_package_groups.delete(request["ModelPackageGroupName"])
    return {}


@operation("CreateModelPackage")
def create_model_package(sagemaker: SageMaker, request: Request) -> Response:
    """Create a version of a group, or a package with a name. It is Completed at once, because ValidationSpecification
    and algorithms are not emulated.
    """
    return {"ModelPackageArn": sagemaker.model_packages.create(request, tags_of(request)).arn}


@operation("DescribeModelPackage")
def describe_model_package(sagemaker: SageMaker, request: Request) -> Response:
    """Accept a name, `<group>/<version>` or an ARN."""
    return descriptions.describe_model_package(sagemaker.model_packages.get(request["ModelPackageName"]))


@operation("ListModelPackages")
def list_model_packages(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by group, approval status, type, name and time; sort and page."""
    page = sagemaker.model_packages.page(request)
    summaries = [descriptions.summarize_model_package(package) for package in page.resources]
    return listed("ModelPackageSummaryList", summaries, page.next_token)


@operation("UpdateModelPackage")
def update_model_package(sagemaker: SageMaker, request: Request) -> Response:
    """Change the approval, metadata, specifications and other members of a version."""
    return {"ModelPackageArn": sagemaker.model_packages.update(request).arn}


@operation("DeleteModelPackage")
def delete_model_package(sagemaker: SageMaker, request: Request) -> Response:
    """Never reuse the version number."""
    sagemaker.model_packages.delete(request["ModelPackageName"])
    return {}


@operation("BatchDescribeModelPackage")
def batch_describe_model_package(sagemaker: SageMaker, request: Request) -> Response:
    summaries: Response = {}
    errors: Response = {}
    for arn in request["ModelPackageArnList"]:
        try:
            package = sagemaker.model_packages.get(arn)
        except AwsError as error:
            errors[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
        else:
            specification = package.request.get("InferenceSpecification")
            summaries[arn] = {
                **descriptions.summarize_model_package(package),
                "InferenceSpecification": specification,
            }
    return {"ModelPackageSummaries": summaries, "BatchDescribeModelPackageErrorMap": errors}
