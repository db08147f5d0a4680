"""What S3 answers to presigned URLs and forms (docs.aws.amazon.com/AmazonS3/latest/API, AWS signature version 4)."""

import hmac
import json
import re
from base64 import b64encode
from hashlib import sha1, sha256
from typing import Any

import boto3
import pytest
from botocore.config import Config
from tests.integration.s3_bucket import Bucket, ask
from tests.integration.s3_bucket import bucket as bucket
from tests.integration.s3_bucket import s3 as s3
from tests.waiting import until


def test_a_presigned_url_is_good_for_what_it_was_signed_for(bucket: Bucket) -> None:
    get = bucket.s3.generate_presigned_url("get_object", {"Bucket": bucket.name, "Key": "old"})
    assert ask("GET", get) == (200, "1")
    assert ask("PUT", get, body=b"2") == (403, "SignatureDoesNotMatch")
    assert ask("GET", get.replace("/old?", "/new?")) == (403, "SignatureDoesNotMatch")
    assert ask("GET", re.sub("Signature=....", "Signature=0000", get)) == (403, "SignatureDoesNotMatch")
    put = {"Bucket": bucket.name, "Key": "new", "ContentType": "text/plain"}
    url = bucket.s3.generate_presigned_url("put_object", put)
    assert ask("PUT", url, body=b"2", headers={"Content-Type": "text/plain"})[0] == 200
    assert ask("PUT", url, body=b"2", headers={"Content-Type": "image/png"}) == (403, "SignatureDoesNotMatch")


def test_a_presigned_url_ends(bucket: Bucket) -> None:
    url = bucket.s3.generate_presigned_url("get_object", {"Bucket": bucket.name, "Key": "old"}, ExpiresIn=1)

    def refusal() -> Any:
        return None if (answer := ask("GET", url)) == (200, "1") else answer

    assert until(refusal, "the URL to end") == (403, "AccessDenied")


@pytest.mark.parametrize(
    ("parameter", "value", "answer"),
    [
        ("Expires", "604801", "AuthorizationQueryParametersError"),
        ("Expires", "-1", "AuthorizationQueryParametersError"),
        ("Expires", "soon", "AuthorizationQueryParametersError"),
        ("Date", "2026-01-01", "AuthorizationQueryParametersError"),
        ("Expires", "604799", "SignatureDoesNotMatch"),
    ],
)
def test_the_time_of_a_presigned_url_is_at_most_a_week(bucket: Bucket, parameter: str, value: str, answer: str) -> None:
    url = bucket.s3.generate_presigned_url("get_object", {"Bucket": bucket.name, "Key": "old"}, ExpiresIn=604_800)
    assert ask("GET", url) == (200, "1")
    status, code = ask("GET", re.sub(f"X-Amz-{parameter}=[^&]+", f"X-Amz-{parameter}={value}", url))
    assert (status, code) == (403 if answer == "SignatureDoesNotMatch" else 400, answer)


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_role_presigns_with_its_own_secret_key(bucket: Bucket, version: str) -> None:
    endpoint = bucket.s3.meta.endpoint_url
    sts = boto3.client("sts", endpoint_url=endpoint)
    keys = sts.assume_role(RoleArn="arn:aws:iam::000000000000:role/any", RoleSessionName="test")["Credentials"]
    role = boto3.client(
        "s3",
        endpoint_url=endpoint,
        config=Config(signature_version=version, s3={"addressing_style": "path"}),
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    url = role.generate_presigned_url("get_object", {"Bucket": bucket.name, "Key": "old"})
    assert ask("GET", url) == (200, "1")
    assert ask("GET", re.sub("(?i)(security-token=)....", r"\g<1>0000", url)) == (403, "SignatureDoesNotMatch")
    put = {"Bucket": bucket.name, "Key": "new", "ContentType": "text/plain"}
    url = role.generate_presigned_url("put_object", put)
    assert ask("PUT", url, body=b"2", headers={"Content-Type": "text/plain"})[0] == 200
    form = role.generate_presigned_post(bucket.name, "form")
    assert ask("POST", form["url"], fields={**form["fields"], "file": b"hello"})[0] == 204


@pytest.mark.parametrize(
    ("fields", "conditions", "changed", "answer"),
    [
        ({}, [], {}, 204),
        ({}, [["content-length-range", 1, 10]], {}, 204),
        ({}, [["content-length-range", 1, 3]], {}, "EntityTooLarge"),
        ({}, [["content-length-range", 10, 30]], {}, "EntityTooSmall"),
        ({"acl": "private"}, [{"acl": "private"}], {"acl": "public-read"}, "AccessDenied"),
        ({"Content-Type": "image/png"}, [["starts-with", "$Content-Type", "image/"]], {}, 204),
        ({"Content-Type": "text/plain"}, [["starts-with", "$Content-Type", "image/"]], {}, "AccessDenied"),
        ({"Content-Type": "a"}, [["eq", "$Content-Type", "b"]], {}, "AccessDenied"),
        ({"Content-Type": "a"}, [["ends-with", "$Content-Type", "a"]], {}, "AccessDenied"),
        ({"x-amz-meta-a": "1"}, [["starts-with", "$x-amz-meta-a", ""]], {}, 204),
        ({}, [], {"key": "elsewhere"}, "AccessDenied"),
        ({}, [], {"x-amz-meta-a": "1"}, "AccessDenied"),
        ({}, [], {"x-ignore-a": "1"}, 204),
        ({}, [], {"bucket": "another"}, 204),
        ({}, [], {"x-amz-signature": "0" * 64}, "SignatureDoesNotMatch"),
        ({}, [], {"x-amz-date": "20200101T000000Z"}, "AccessDenied"),
        ({}, [], {"x-amz-credential": "test/20200101/us-east-1/s3/aws4_request"}, "SignatureDoesNotMatch"),
        ({}, [], {"policy": "e30="}, "SignatureDoesNotMatch"),
        ({"success_action_status": "201"}, [{"success_action_status": "201"}], {}, 201),
    ],
)
def test_a_form_is_judged_by_its_policy(
    bucket: Bucket, fields: dict[str, str], conditions: list[Any], changed: dict[str, str], answer: int | str
) -> None:
    form = bucket.s3.generate_presigned_post(bucket.name, "form/${filename}", dict(fields), conditions)
    body = {**form["fields"], **changed, "file": ("a.png", b"hello")}
    status, code = ask("POST", form["url"], fields=body)
    assert answer in {status, code}, json.dumps([status, code])


@pytest.mark.parametrize("missing", ["x-amz-signature", "x-amz-date", "x-amz-credential", "x-amz-algorithm"])
def test_a_form_must_have_all_fields_of_a_signature(bucket: Bucket, missing: str) -> None:
    form = bucket.s3.generate_presigned_post(bucket.name, "form")
    fields = {name: value for name, value in form["fields"].items() if name != missing}
    assert ask("POST", form["url"], fields={**fields, "file": b"hello"}) == (400, "InvalidArgument")


def test_a_form_without_policy_needs_a_bucket_that_all_may_write_to(bucket: Bucket) -> None:
    form = {"key": "form", "file": b"hello"}
    url = f"{bucket.s3.meta.endpoint_url}/{bucket.name}"
    assert ask("POST", url, fields=form) == (403, "AccessDenied")
    bucket.s3.delete_public_access_block(Bucket=bucket.name)
    bucket.s3.put_bucket_ownership_controls(
        Bucket=bucket.name, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    bucket.s3.put_bucket_acl(Bucket=bucket.name, ACL="public-read-write")
    assert ask("POST", url, fields=form)[0] == 204


CONDITIONS = [["starts-with", f"${name}", ""] for name in ("key", "x-amz-algorithm", "x-amz-credential", "x-amz-date")]
LATE, PAST = "2999-01-01T00:00:00Z", "2020-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("policy", "answer"),
    [
        ({"expiration": LATE, "conditions": CONDITIONS}, (204, "")),
        ({"expiration": PAST, "conditions": CONDITIONS}, (403, "AccessDenied")),
        ({"conditions": CONDITIONS}, (400, "InvalidPolicyDocument")),
        ({"expiration": LATE}, (400, "InvalidPolicyDocument")),
        ({"expiration": "soon", "conditions": CONDITIONS}, (400, "InvalidPolicyDocument")),
        ({"expiration": LATE, "conditions": [*CONDITIONS, {"a": "1", "b": "2"}]}, (400, "InvalidPolicyDocument")),
        ({"expiration": LATE, "conditions": CONDITIONS[:3]}, (403, "AccessDenied")),
        ("no object", (400, "InvalidPolicyDocument")),
    ],
)
def test_a_signed_policy_is_read_as_on_aws(bucket: Bucket, policy: Any, answer: tuple[int, str]) -> None:
    fields = bucket.s3.generate_presigned_post(bucket.name, "form")["fields"]
    text = b64encode(json.dumps(policy).encode())
    key = b"AWS4test"
    for part in fields["x-amz-credential"].split("/")[1:]:
        key = hmac.digest(key, part.encode(), sha256)
    signed = {**fields, "policy": text.decode(), "x-amz-signature": hmac.digest(key, text, sha256).hex()}
    url = f"{bucket.s3.meta.endpoint_url}/{bucket.name}"
    assert ask("POST", url, fields={**signed, "file": b"hello"}) == answer


@pytest.mark.parametrize(("secret_key", "answer"), [("test", (204, "")), ("other", (403, "SignatureDoesNotMatch"))])
def test_a_form_may_have_a_signature_of_version_2(bucket: Bucket, secret_key: str, answer: tuple[int, str]) -> None:
    text = b64encode(json.dumps({"expiration": LATE, "conditions": [{"key": "form"}]}).encode())
    signature = b64encode(hmac.digest(secret_key.encode(), text, sha1)).decode()
    form = {"key": "form", "AWSAccessKeyId": "test", "policy": text.decode(), "signature": signature}
    url = f"{bucket.s3.meta.endpoint_url}/{bucket.name}"
    assert ask("POST", url, fields={**form, "file": b"hello"}) == answer
