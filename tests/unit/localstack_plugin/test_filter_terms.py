"""Messages that match a filter pattern, by the examples of AWS's page on the syntax."""

import pytest

from localstack_plugin.lambda_logging.filter_terms import matcher_of

BAD, UNAUTHORIZED, WARNING = "[ERROR 400] BAD REQUEST", "[ERROR 401] UNAUTHORIZED REQUEST", "[WARN] retried: ERROR"


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("", (BAD, UNAUTHORIZED, WARNING)),
        ("ERROR", (BAD, UNAUTHORIZED, WARNING)),
        ("error", ()),
        ("ERROR REQUEST", (BAD, UNAUTHORIZED)),
        ('"BAD REQUEST"', (BAD,)),
        ('  ERROR   "401" ', (UNAUTHORIZED,)),
        ("?BAD ?WARN", (BAD, WARNING)),
        ("ERROR -REQUEST", (WARNING,)),
        ('-"BAD REQUEST" -WARN', (UNAUTHORIZED,)),
        ("ERROR ?absent", (BAD, UNAUTHORIZED, WARNING)),
        (r'"\"quoted\""', ()),
    ],
)
def test_a_pattern_of_terms_matches_as_on_aws(pattern: str, matching: tuple[str, ...]) -> None:
    matches = matcher_of(pattern)
    assert tuple(message for message in (BAD, UNAUTHORIZED, WARNING) if matches(message)) == matching


@pytest.mark.parametrize("pattern", ['{ $.level = "ERROR" }', "[ip, user, status=4*]", "%ERR[0-9]+%", '"unfinished'])
def test_a_pattern_of_another_kind_matches_everything(pattern: str) -> None:
    assert matcher_of(pattern)("anything")


def test_a_long_pattern_is_read_in_linear_time() -> None:
    assert not matcher_of('"' + r"\a" * 50_000 + '"')("anything")
    assert matcher_of('"' + r"\a" * 50_000)("anything")
