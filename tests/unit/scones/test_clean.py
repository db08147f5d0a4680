"""Cleaning takes away what the steps made, and keeps what they did not."""

import pytest
from botocore.exceptions import ClientError

from scones import bucket, clean, endpoint, role, stage, workflow
from scones.kit import PROJECT_TAG, Kit

TEMPLATE = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'


def make_endpoint(kit: Kit, *tags: dict[str, str]) -> None:
    sagemaker = kit.client("sagemaker")
    sagemaker.create_model(ModelName="scones-vehicles-1", ExecutionRoleArn=role.ensure(kit), Tags=list(tags))
    config = endpoint.endpoint_config(kit, "scones-vehicles-1")
    sagemaker.create_endpoint_config(EndpointConfigName="scones-vehicles-config", Tags=list(tags), **config)
    sagemaker.create_endpoint(
        EndpointName="scones-vehicles", EndpointConfigName="scones-vehicles-config", Tags=list(tags)
    )


def test_all_that_the_steps_made_is_taken_away(kit: Kit) -> None:
    stage.stage(kit)
    make_endpoint(kit, PROJECT_TAG)
    workflow.stack_of(kit).deploy(TEMPLATE, {})
    account = clean.clean(kit)
    assert account.kept == []
    assert not bucket.exists(kit.client("s3"), kit.bucket)
    assert workflow.stack_of(kit).describe() is None
    assert endpoint.describe(kit.client("sagemaker"), "scones-vehicles") is None
    assert role.existing(kit.client("iam")) is None
    assert clean.clean(kit).removed == []


def test_what_has_our_names_and_not_our_tag_is_kept(kit: Kit) -> None:
    kit.client("cloudformation").create_stack(StackName=kit.settings.stack, TemplateBody=TEMPLATE)
    kit.client("s3").create_bucket(Bucket=kit.bucket)
    kit.client("iam").create_role(RoleName=role.NAME, AssumeRolePolicyDocument=role.trust(kit.account))
    make_endpoint(kit)
    account = clean.clean(kit)
    assert account.removed == []
    assert len(account.kept) == 6
    assert all(what.endswith(": not made by us") for what in account.kept)


def test_somebodys_object_keeps_our_bucket(kit: Kit) -> None:
    stage.stage(kit)
    kit.client("s3").put_object(Bucket=kit.bucket, Key="notes.txt", Body=b"")
    assert clean.clean(kit).kept == [f"bucket {kit.bucket}: it holds 1 objects that the steps did not put there"]
    assert list(bucket.etags(kit.client("s3"), kit.bucket, "")) == ["notes.txt"]


def test_a_manifest_of_somebody_else_is_kept(kit: Kit) -> None:
    stage.stage(kit)
    kit.client("s3").put_object(Bucket=kit.bucket, Key="train.lst", Body=b"their\xff list")
    assert "holds 5 objects" in clean.clean(kit).kept[0]


def test_a_deletion_that_aws_refuses_is_an_error() -> None:
    def refused() -> None:
        words = "Cannot delete a model in use"
        raise ClientError({"Error": {"Code": "ValidationException", "Message": words}}, "DeleteModel")

    with pytest.raises(ClientError, match="in use"):
        clean.attempt(clean.Account(), "model", refused)
