"""The deployment bucket: made as it should be, finished when it was left half made, and never somebody else's."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scones import bucket
from scones.kit import Kit

MakeKit = Callable[..., Kit]


def interrupted(**request: Any) -> None:
    raise KeyboardInterrupt


def test_a_bucket_that_was_left_half_made_is_finished(make_kit: MakeKit) -> None:
    kit = make_kit()
    s3 = kit.client("s3")
    s3.meta.events.register("before-call.s3.PutPublicAccessBlock", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bucket.ensure(kit, "code")
    s3.meta.events.unregister("before-call.s3.PutPublicAccessBlock", interrupted)
    assert not bucket.ensure(kit, "code")
    assert s3.get_public_access_block(Bucket="code")["PublicAccessBlockConfiguration"]["BlockPublicAcls"]


def test_a_bucket_of_somebody_else_is_left_as_it_is(make_kit: MakeKit) -> None:
    kit = make_kit()
    s3 = kit.client("s3")
    s3.create_bucket(Bucket="code")
    assert not bucket.ensure(kit, "code")
    with pytest.raises(ClientError, match="NoSuchPublicAccessBlockConfiguration"):
        s3.get_public_access_block(Bucket="code")


def test_a_bucket_elsewhere_than_in_us_east_1_names_its_region(
    monkeypatch: pytest.MonkeyPatch, make_kit: MakeKit
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    kit = make_kit()
    assert bucket.ensure(kit, kit.deployment_bucket)
    location = kit.client("s3").get_bucket_location(Bucket=kit.deployment_bucket)
    assert location["LocationConstraint"] == "eu-central-1"
