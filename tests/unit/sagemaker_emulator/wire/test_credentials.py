"""Account and region of a request, from its credential."""

from __future__ import annotations

import pytest

from sagemaker_emulator.wire import HttpRequest, signer_of
from sagemaker_emulator.wire.credentials import account_of


def signed(credential: str, query: str = "") -> HttpRequest:
    header = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
    return HttpRequest("POST", "/", query, {"Authorization": header} if credential else {}, b"")


def test_a_key_of_12_digits_is_the_account_and_the_scope_has_the_region() -> None:
    request = signed("123456789012/20261126/eu-west-1/sagemaker/aws4_request")
    assert signer_of(request) == ("123456789012", "eu-west-1")


def test_another_key_names_no_account() -> None:
    assert signer_of(signed("test/20261126/us-gov-east-1/sagemaker/aws4_request")) == (None, "us-gov-east-1")


@pytest.mark.parametrize(
    ("key", "account"),
    [
        ("LSIAQAAAAAAAGMKEM7X5", "000000000000"),  # the examples in LocalStack's own source
        ("LKIARZPUZDIKGB2VALC4", "123456789012"),
        ("AKIARZPUZDIKGB2VALC4", None),  # a real key: LocalStack ignores it, too
        ("LSIA", None),
        ("LSIAAAAAAAAAAMKEM7X5", None),  # below the first account
        ("LSIA77777777Z777777777", None),  # above the last
        ("1234567890123", None),
    ],
)
def test_the_account_in_keys_of_localstack_is_decoded(key: str, account: str | None) -> None:
    assert account_of(key) == account


def test_a_presigned_url_has_its_credential_in_the_query() -> None:
    query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=123456789012%2F20261126%2Fus-east-2%2Fsagemaker&X=1"
    assert signer_of(signed("", query)) == ("123456789012", "us-east-2")


@pytest.mark.parametrize("credential", ["", "test", "test/2026", "test/2026/../sagemaker", "test/1/EU-WEST-1/s"])
def test_what_is_no_region_names_none(credential: str) -> None:
    assert signer_of(signed(credential)) == (None, None)
