"""The cookies in the answer of a function that is called by its URL."""

import json

import pytest

from localstack_plugin.lambda_executor.requests.cookies import cookies_in

STREAMED = json.dumps({"statusCode": 200, "cookies": ["a=1"]}) + "\0" * 8 + '{"cookies": ["not these"]}'


@pytest.mark.parametrize(
    ("payload", "cookies"),
    [
        ('{"cookies": ["a=1", "b=2"], "body": ""}', ["a=1", "b=2"]),
        (STREAMED, ["a=1"]),
        ('{"cookies": "a=1"}', []),
        ('["cookies"]', []),
        ('not JSON, but with "cookies"', []),
        ('{"body": "\\"cookies\\""}', []),
    ],
)
def test_cookies_are_those_of_the_answer_or_of_its_metadata(payload: str, cookies: list[str]) -> None:
    assert cookies_in(payload) == cookies
