import json
from base64 import b64encode
from typing import Any

import pytest

from localstack_plugin.s3.form_policies import PolicyError, extra_fields, is_signed, parsed

# docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html has this policy in Base64, and its signature
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
POLICY = (
    "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2"
    "NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMt"
    "cmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29t"
    "L3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4"
    "LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0s"
    "DQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZP"
    "RE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1B"
    "Qy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9"
)
FORM = {
    "policy": POLICY,
    "x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request",
    "x-amz-signature": "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
}


def test_the_signature_of_a_form_is_that_of_the_documentation() -> None:
    assert is_signed(FORM, SECRET_KEY)
    assert not is_signed(FORM, "another")
    assert not is_signed({**FORM, "x-amz-credential": "AKIAIOSFODNN7EXAMPLE"}, SECRET_KEY)
    assert not is_signed({**FORM, "x-amz-signature": "é"}, SECRET_KEY)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (b"{", "Invalid JSON."),
        (b"\xff", "Invalid JSON."),
        (b"[]", "Invalid JSON."),
        (b"{}", "Policy missing expiration."),
        (b'{"expiration": "e"}', "Policy missing conditions."),
        (b'{"expiration": 1, "conditions": []}', "Invalid 'expiration' value: '1'"),
        (b'{"expiration": "e", "conditions": {}}', "Invalid 'conditions' value: '{}'"),
    ],
)
def test_a_policy_that_is_none_is_refused_in_the_words_of_s3(policy: bytes, message: str) -> None:
    with pytest.raises(PolicyError, match=r"^Invalid Policy: ") as refusal:
        parsed(b64encode(policy).decode())
    assert str(refusal.value).endswith(message)


@pytest.mark.parametrize(
    ("conditions", "extra"),
    [
        ([], ["key", "x-amz-meta-a"]),
        ([{"key": "k"}], ["x-amz-meta-a"]),
        ([{"Key": "k"}, ["starts-with", "$x-amz-meta-A", ""]], []),
        ([["content-length-range", "$key", 1], ["eq"], "key"], ["key", "x-amz-meta-a"]),
    ],
)
def test_each_field_needs_a_condition(conditions: list[Any], extra: list[str]) -> None:
    form = {"key": "k", "x-amz-meta-a": "1", "x-ignore-b": "2", "policy": "", "file": "", "x-amz-signature": "s"}
    assert extra_fields(form, conditions) == extra


def test_a_policy_is_parsed() -> None:
    document = {"expiration": "2999-01-01T00:00:00Z", "conditions": [{"key": "k"}]}
    assert parsed(b64encode(json.dumps(document).encode()).decode()) == document
