"""The deployment bucket: made as it should be, finished when it was left half made, and never somebody else's."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scones import buckets
from scones.context import Context
from scones.deployment import deploy
from scones.errors import BucketError

MakeContext = Callable[..., Context]


def interrupted(**request: Any) -> None:
    raise KeyboardInterrupt


def test_a_bucket_that_was_left_half_made_is_finished(make_context: MakeContext) -> None:
    context = make_context()
    s3 = context.client("s3")
    s3.meta.events.register("before-call.s3.PutPublicAccessBlock", interrupted)
    with pytest.raises(KeyboardInterrupt):
        buckets.ensure(context, "code")
    s3.meta.events.unregister("before-call.s3.PutPublicAccessBlock", interrupted)
    assert not buckets.ensure(context, "code")
    assert s3.get_public_access_block(Bucket="code")["PublicAccessBlockConfiguration"]["BlockPublicAcls"]


def test_a_bucket_of_somebody_else_is_left_as_it_is(make_context: MakeContext) -> None:
    context = make_context()
    s3 = context.client("s3")
    s3.create_bucket(Bucket="code")
    assert not buckets.ensure(context, "code")
    with pytest.raises(ClientError, match="NoSuchPublicAccessBlockConfiguration"):
        s3.get_public_access_block(Bucket="code")


def test_a_bucket_elsewhere_than_in_us_east_1_names_its_region(
    monkeypatch: pytest.MonkeyPatch, make_context: MakeContext
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    context = make_context()
    assert buckets.ensure(context, context.deployment_bucket)
    location = context.client("s3").get_bucket_location(Bucket=context.deployment_bucket)
    assert location["LocationConstraint"] == "eu-central-1"


def forbidden(**_: Any) -> tuple[SimpleNamespace, dict[str, Any]]:
    """What S3 answers of a bucket that is another account's, or not the expected owner's."""
    return SimpleNamespace(status_code=403), {"Error": {"Code": "403", "Message": "Forbidden"}, "ResponseMetadata": {}}


def test_a_name_that_somebody_else_has_taken_is_said_and_what_to_do(make_context: MakeContext) -> None:
    context = make_context(bucket="taken", yes="yes")
    context.client("s3").meta.events.register("before-call.s3.HeadBucket", forbidden)
    with pytest.raises(BucketError, match=r"bucket 'taken' exists, and this account .* name another one with BUCKET"):
        deploy.makes_bucket(context)
    with pytest.raises(BucketError, match=r"'scones-unlimited-deploy-123456789012-us-east-1' .* find out whose it is"):
        buckets.ensure(context, context.deployment_bucket)


@pytest.mark.parametrize(("named", "owner"), [("", {"ExpectedBucketOwner": "123456789012"}), ("chosen", {})])
def test_a_bucket_whose_name_can_be_guessed_must_be_the_accounts(
    make_context: MakeContext, named: str, owner: dict[str, str]
) -> None:
    """Somebody else could have taken the name, and let everybody in: our images would go to them."""
    context, asked = make_context(**({"bucket": named} if named else {})), []
    context.client("s3").meta.events.register(
        "provide-client-params.s3.HeadBucket", lambda params, **_: asked.append(params)
    )
    deploy.makes_bucket(context)
    assert asked == [{"Bucket": context.bucket, **owner}]
