"""Destroying takes away what the steps made, and keeps what they did not."""

import pytest
from botocore.exceptions import ClientError

from scones import bucket, destroy, endpoint, stage, workflow
from scones.kit import PROJECT_TAG, Kit
from scones.removal import Account, attempt

TEMPLATE = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'


def make_endpoint(kit: Kit, *tags: dict[str, str]) -> None:
    sagemaker = kit.client("sagemaker")
    sagemaker.create_model(ModelName="scones-vehicles-1", ExecutionRoleArn=kit.settings.role, Tags=list(tags))
    config = endpoint.endpoint_config(kit, "scones-vehicles-1")
    sagemaker.create_endpoint_config(EndpointConfigName="scones-vehicles-config", Tags=list(tags), **config)
    sagemaker.create_endpoint(
        EndpointName="scones-vehicles", EndpointConfigName="scones-vehicles-config", Tags=list(tags)
    )


def test_all_that_the_steps_made_is_taken_away(kit: Kit) -> None:
    stage.stage(kit)
    make_endpoint(kit, PROJECT_TAG)
    workflow.stack_of(kit).deploy(TEMPLATE, {})
    account = destroy.destroy(kit)
    assert account.kept == [f"role {kit.settings.role}: it was named, not made by us"]
    assert not bucket.exists(kit.client("s3"), kit.bucket)
    assert workflow.stack_of(kit).describe() is None
    assert endpoint.describe(kit.client("sagemaker"), "scones-vehicles") is None
    assert destroy.destroy(kit).removed == []


def test_what_has_our_names_and_not_our_tag_is_kept(kit: Kit) -> None:
    kit.client("cloudformation").create_stack(StackName=kit.settings.stack, TemplateBody=TEMPLATE)
    kit.client("s3").delete_bucket_tagging(Bucket=kit.bucket)
    make_endpoint(kit)
    account = destroy.destroy(kit)
    assert account.removed == []
    *things, _ = account.kept
    assert len(things) == 5
    assert all(what.endswith(": not made by us") for what in things)


def test_somebodys_object_keeps_our_bucket(kit: Kit) -> None:
    stage.stage(kit)
    kit.client("s3").put_object(Bucket=kit.bucket, Key="notes.txt", Body=b"")
    assert destroy.destroy(kit).kept[:1] == [
        f"bucket {kit.bucket}: it holds 1 objects that the steps did not put there"
    ]
    assert list(bucket.etags(kit.client("s3"), kit.bucket, "")) == ["notes.txt"]


def test_a_manifest_of_somebody_else_is_kept(kit: Kit) -> None:
    stage.stage(kit)
    kit.client("s3").put_object(Bucket=kit.bucket, Key="train.lst", Body=b"their\xff list")
    assert "holds 5 objects" in destroy.destroy(kit).kept[0]


def test_a_deletion_that_aws_refuses_is_an_error() -> None:
    def refused() -> None:
        words = "Cannot delete a model in use"
        raise ClientError({"Error": {"Code": "ValidationException", "Message": words}}, "DeleteModel")

    with pytest.raises(ClientError, match="in use"):
        attempt(Account(), "model", refused)
