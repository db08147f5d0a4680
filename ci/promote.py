"""Bring a model from staging into production, if its version in the model registry is approved. docs/cicd.md

    promote.py request --from staging                          ask for the approval of the version in service
    promote.py require PACKAGE --from staging                  fail unless it is approved
    promote.py deploy PACKAGE --from staging --to production   serve a copy of its artifacts
    promote.py compare --from staging --to production          ask both endpoints for the same image

`--from` and `--to` are AWS profiles. The settings are those of the `scones` commands: ENDPOINT_NAME, STACK, BUCKET.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from scones import settings
from scones.aws_errors import is_unknown_name
from scones.backends import open_context
from scones.console import Console
from scones.context import Context
from scones.deployment import endpoint
from scones.errors import SconesError
from scones.settings import PROJECT_TAG
from scones.stack.outputs import sagemaker_role

APPROVED, PENDING = "Approved", "PendingManualApproval"
TOLERANCE = 1e-3  # between two probabilities: machines round differently


class NotPromotedError(SconesError):
    """The model stays where it is; the text says what to do."""


def context_of(profile: str) -> Context:
    loaded = settings.load({}, os.environ, profile, settings.targets_file())
    return open_context(loaded, boto3.Session(profile_name=profile), Console())


def request(staging: Context, commit: str) -> str:
    """Set the version in service to PendingManualApproval, and return its ARN."""
    package = package_in_service(staging)
    staging.model_registry.update_model_package(
        ModelPackageArn=package,
        ModelApprovalStatus=PENDING,
        ApprovalDescription=f"In service in {staging.settings.target}, of commit {commit}. Approve it for production.",
    )
    return package


def package_in_service(staging: Context) -> str:
    """Return the ARN of the model package that the endpoint's model was created from."""
    sagemaker, name = staging.client("sagemaker"), staging.settings.endpoint_name
    endpoint.require_in_service(staging, name)
    config = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    model = sagemaker.describe_model(ModelName=variants[0]["ModelName"])
    package = model.get("PrimaryContainer", {}).get("ModelPackageName")
    if package is None:
        raise NotPromotedError(
            f"endpoint {name} serves model {model['ModelName']}, which was not created from a model package: "
            "run `scones pipeline`"
        )
    return str(package)


def require(staging: Context, package: str) -> dict[str, Any]:
    """Return the description of an approved model package. NotPromotedError for any other."""
    description: dict[str, Any] = staging.model_registry.describe_model_package(ModelPackageName=package)
    if (status := description["ModelApprovalStatus"]) != APPROVED:
        raise NotPromotedError(
            f"{package} is {status}, not {APPROVED}. Approve it in the model registry (the console, Studio, or aws "
            f"sagemaker update-model-package --model-package-arn {package} --model-approval-status {APPROVED}), "
            "and run the job again."
        )
    return description


def deploy(staging: Context, production: Context, package: str) -> str:
    """Copy the artifacts of an approved model package, and serve them. Return the endpoint's name."""
    [container] = require(staging, package)["InferenceSpecification"]["Containers"]
    group, version = package.split("/")[-2:]
    key = f"promoted/{group}/{version}/model.tar.gz"
    copy(staging, container["ModelDataUrl"], production, key)
    model = f"{production.settings.endpoint_name}-{group}-{version}"[:63]
    name = production.settings.endpoint_name
    sagemaker = production.client("sagemaker")
    if not exists(sagemaker, model):
        sagemaker.create_model(
            ModelName=model,
            PrimaryContainer={"Image": container["Image"], "ModelDataUrl": production.data_bucket.uri(key)},
            ExecutionRoleArn=sagemaker_role(production),
            Tags=[PROJECT_TAG, {"Key": "model-package", "Value": package}],
        )
    config = endpoint.ensure_config(production, model)
    endpoint.deploy(production, name, config)
    endpoint.require_serving(production, name, config, endpoint.settled(production, name))
    return name


def exists(sagemaker: Any, model: str) -> bool:
    try:
        sagemaker.describe_model(ModelName=model)
    except ClientError as error:
        if not is_unknown_name(error):
            raise
        return False
    return True


def copy(staging: Context, uri: str, production: Context, key: str) -> None:
    """Copy an object through this machine, because neither account may read the other's bucket."""
    place = urlsplit(uri)
    with tempfile.TemporaryFile() as file:
        staging.clients.get("s3").download_fileobj(place.netloc, place.path.lstrip("/"), file)
        file.seek(0)
        production.clients.get("s3").upload_fileobj(file, production.data_bucket.name, key)


def compare(staging: Context, production: Context) -> None:
    """Send both endpoints the first test image. NotPromotedError unless both return the same probabilities."""
    s3, bucket = staging.clients.get("s3"), staging.data_bucket.name
    [found] = s3.list_objects_v2(Bucket=bucket, Prefix="test/", MaxKeys=1)["Contents"]
    image = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
    expected, answer = (probabilities(context, image) for context in (staging, production))
    if len(expected) != len(answer) or max(abs(a - b) for a, b in zip(expected, answer, strict=True)) > TOLERANCE:
        raise NotPromotedError(
            f"{production.settings.endpoint_name} answers {answer} for {found['Key']}, but in staging it is {expected}."
        )


def probabilities(context: Context, image: bytes) -> list[float]:
    answer = context.clients.get("sagemaker-runtime").invoke_endpoint(
        EndpointName=context.settings.endpoint_name, Body=image, ContentType="image/png", Accept="application/json"
    )
    return [float(value) for value in json.loads(answer["Body"].read())]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("request", "require", "deploy", "compare"))
    parser.add_argument("package", nargs="?", default="")
    parser.add_argument("--from", dest="staging", required=True)
    parser.add_argument("--to", dest="production", default="")
    options = parser.parse_args(arguments)
    try:
        run(options)
    except SconesError as error:
        print(f"::error::{error}", file=sys.stderr)
        return 1
    return 0


def run(options: argparse.Namespace) -> None:
    staging = context_of(options.staging)
    match options.action:
        case "request":
            print(f"arn={request(staging, os.environ.get('GITHUB_SHA', 'unknown'))}")
        case "require":
            require(staging, options.package)
        case "deploy":
            deploy(staging, context_of(options.production), options.package)
        case _:
            compare(staging, context_of(options.production))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
