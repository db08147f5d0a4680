"""Which requests are plain, as far as Authorization and the edge router's rules decide it."""

import pytest
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from localstack_plugin.gateway.handler_chain.credential_scopes import credential_scope
from localstack_plugin.gateway.handler_chain.edge_routes import prefixes

SCOPE = "test/20261128/us-east-1/states/aws4_request"
SIGNED = f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host;x-amz-date, Signature=0af9"


def test_the_scope_of_an_sdks_signature_is_found() -> None:
    assert credential_scope(SIGNED) == SCOPE


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "AWS test:signature",
        "Basic dXNlcg==",
        SIGNED.lower(),
        SIGNED.replace("HMAC-SHA256", "ECDSA-P256-SHA256"),
        SIGNED.replace("/aws4_request", ""),
        SIGNED.replace("/states/", "/states/more/"),
        SIGNED.replace("20261128", "today"),
        SIGNED.replace("us-east-1", "ü"),
        SIGNED + ", Credential=other/20261128/eu-west-1/s3/aws4_request",
        SIGNED + "\n",
        " " + SIGNED,
        SIGNED.replace("SignedHeaders=host;x-amz-date, ", ""),
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, Signature=0af9, SignedHeaders=host",
    ],
)
def test_other_forms_of_authorization_have_no_scope(authorization: str) -> None:
    assert credential_scope(authorization) is None


RULES = [
    ("<__host__>", "/_aws/lambda/init"),
    ("<__host__>", "/openapi.yaml"),
    ("<__host__>", "/restapis/<api>/<stage>/_user_request_/<path:path>"),
    ("<__host__>", "/domains/<name>/"),
    ("<bucket>.s3-website.<domain>", "/<path:path>"),
    ("search.example.com", "/"),
]
PATHS = ["/", "/_aws/lambda/init", "/openapi.yaml", "/restapis/1/dev/_user_request_/a/b", "/domains/a", "/domains/a/"]


@pytest.mark.parametrize("path", [*PATHS, "/domains", "/bucket/key", "/restapis", "/_aws", "/openapi.yaml/more"])
@pytest.mark.parametrize("host", ["localhost", "a.s3-website.com", "A.S3-WEBSITE.COM", "search.example.com"])
def test_a_path_that_a_rule_matches_begins_with_a_prefix(path: str, host: str) -> None:
    rules = [Rule(rule, host=pattern, endpoint=rule) for pattern, rule in RULES]
    adapter = Map(rules, host_matching=True, strict_slashes=False).bind(host)
    try:
        adapter.match(path)
    except HTTPException:
        return
    assert path.startswith(prefixes(RULES, host))


def test_paths_of_services_begin_with_no_prefix() -> None:
    for path in ("/", "/bucket/key", "/2015-03-31/functions/name/invocations"):
        assert not path.startswith(prefixes(RULES, "127.0.0.1:4566"))


def test_a_pattern_that_cannot_be_read_may_match_any_host() -> None:
    assert prefixes([('<regex("(?P<part>a)"):name>.com', "/<path>")], "localhost") == ("",)
