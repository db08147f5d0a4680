"""The code bucket: created private, finished after an interruption, and left alone if it belongs to somebody else."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scones.buckets import Bucket
from scones.context import Context
from scones.deployment import deploy
from scones.errors import BucketError

MakeContext = Callable[..., Context]


def code_bucket(context: Context) -> Bucket:
    return replace(context.code_bucket, name="code")


def interrupted(**request: Any) -> None:
    raise KeyboardInterrupt


def test_a_half_created_bucket_is_finished(make_context: MakeContext) -> None:
    context = make_context()
    s3 = context.client("s3")
    s3.meta.events.register("before-call.s3.PutPublicAccessBlock", interrupted)
    with pytest.raises(KeyboardInterrupt):
        code_bucket(context).ensure()
    s3.meta.events.unregister("before-call.s3.PutPublicAccessBlock", interrupted)
    assert not code_bucket(context).ensure()
    assert s3.get_public_access_block(Bucket="code")["PublicAccessBlockConfiguration"]["BlockPublicAcls"]


def test_a_bucket_of_somebody_else_is_not_changed(make_context: MakeContext) -> None:
    context = make_context()
    s3 = context.client("s3")
    s3.create_bucket(Bucket="code")
    assert not code_bucket(context).ensure()
    with pytest.raises(ClientError, match="NoSuchPublicAccessBlockConfiguration"):
        s3.get_public_access_block(Bucket="code")


def test_a_bucket_outside_us_east_1_has_a_location_constraint(
    monkeypatch: pytest.MonkeyPatch, make_context: MakeContext
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    context = make_context()
    assert context.code_bucket.ensure()
    location = context.client("s3").get_bucket_location(Bucket=context.code_bucket.name)
    assert location["LocationConstraint"] == "eu-central-1"


def forbidden(**_: Any) -> tuple[SimpleNamespace, dict[str, Any]]:
    """Answer as S3 does for a bucket of another account than the caller's or the expected owner's."""
    return SimpleNamespace(status_code=403), {"Error": {"Code": "403", "Message": "Forbidden"}, "ResponseMetadata": {}}


def test_a_name_that_another_account_uses_is_an_error_with_advice(make_context: MakeContext) -> None:
    context = make_context(bucket="taken", yes="yes")
    context.client("s3").meta.events.register("before-call.s3.HeadBucket", forbidden)
    with pytest.raises(
        BucketError, match=r"bucket 'taken' exists, but this account .* choose another name with BUCKET"
    ):
        deploy.stack_creates_bucket(context, None)
    with pytest.raises(BucketError, match=r"'scones-unlimited-deploy-123456789012-us-east-1' .* ask its owner"):
        context.code_bucket.ensure()


@pytest.mark.parametrize(("name", "owner"), [("", {"ExpectedBucketOwner": "123456789012"}), ("chosen", {})])
def test_a_bucket_whose_name_can_be_guessed_must_belong_to_the_account(
    make_context: MakeContext, name: str, owner: dict[str, str]
) -> None:
    """Somebody else could create that bucket and open it for everybody: our images would go to them."""
    context, asked = make_context(**({"bucket": name} if name else {})), []
    context.client("s3").meta.events.register(
        "provide-client-params.s3.HeadBucket", lambda params, **_: asked.append(params)
    )
    deploy.stack_creates_bucket(context, None)
    assert asked == [{"Bucket": context.data_bucket.name, **owner}]
