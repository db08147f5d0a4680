"""Destroying takes away what the steps made, and keeps what they did not."""

import pytest
from botocore.exceptions import ClientError

from scones import buckets
from scones.context import PROJECT_TAG, Context
from scones.dataset import staging
from scones.deployment import endpoint
from scones.removal import destroy
from scones.removal.resources import Account, attempt
from scones.stack import outputs

TEMPLATE = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'


def make_endpoint(context: Context, *tags: dict[str, str]) -> None:
    sagemaker = context.client("sagemaker")
    sagemaker.create_model(ModelName="scones-vehicles-1", ExecutionRoleArn=context.settings.role, Tags=list(tags))
    config = endpoint.endpoint_config(context, "scones-vehicles-1")
    sagemaker.create_endpoint_config(EndpointConfigName="scones-vehicles-config", Tags=list(tags), **config)
    sagemaker.create_endpoint(
        EndpointName="scones-vehicles", EndpointConfigName="scones-vehicles-config", Tags=list(tags)
    )


def test_all_that_the_steps_made_is_taken_away(context: Context) -> None:
    staging.stage(context)
    make_endpoint(context, PROJECT_TAG)
    outputs.stack_of(context).deploy(TEMPLATE, {})
    account = destroy.destroy(context)
    assert account.kept == [f"role {context.settings.role}: it was named, not made by us"]
    assert not buckets.exists(context.client("s3"), context.bucket)
    assert outputs.stack_of(context).describe() is None
    assert endpoint.describe(context.client("sagemaker"), "scones-vehicles") is None
    assert destroy.destroy(context).removed == []


def test_what_has_our_names_and_not_our_tag_is_kept(context: Context) -> None:
    context.client("cloudformation").create_stack(StackName=context.settings.stack, TemplateBody=TEMPLATE)
    context.client("s3").delete_bucket_tagging(Bucket=context.bucket)
    make_endpoint(context)
    account = destroy.destroy(context)
    assert account.removed == []
    *things, _ = account.kept
    assert len(things) == 5
    assert all(what.endswith(": not made by us") for what in things)


def test_somebodys_object_keeps_our_bucket(context: Context) -> None:
    staging.stage(context)
    context.client("s3").put_object(Bucket=context.bucket, Key="notes.txt", Body=b"")
    assert destroy.destroy(context).kept[:1] == [
        f"bucket {context.bucket}: it holds 1 objects that the steps did not put there"
    ]
    assert list(buckets.etags(context.client("s3"), context.bucket, "")) == ["notes.txt"]


def test_a_manifest_of_somebody_else_is_kept(context: Context) -> None:
    staging.stage(context)
    context.client("s3").put_object(Bucket=context.bucket, Key="train.lst", Body=b"their\xff list")
    assert "holds 5 objects" in destroy.destroy(context).kept[0]


def test_a_deletion_that_aws_refuses_is_an_error() -> None:
    def refused() -> None:
        words = "Cannot delete a model in use"
        raise ClientError({"Error": {"Code": "ValidationException", "Message": words}}, "DeleteModel")

    with pytest.raises(ClientError, match="in use"):
        attempt(Account(), "model", refused)
