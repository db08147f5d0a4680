"""The header Authorization of SDKs."""

import re

SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([\w.-]+/\d{8}/[a-z0-9-]+/[a-z0-9-]+/aws4_request), ?"
    r"SignedHeaders=[a-z0-9;-]+, ?Signature=[0-9a-f]+",
    re.ASCII,
)


def credential_scope(authorization: str) -> str | None:
    """Return access key, date, region and service of a request that is signed as SDKs sign, otherwise None.

    LocalStack searches the whole header for them: in this form there is no other place where it could find them.
    """
    signed = SIGNED.fullmatch(authorization)
    return signed and signed[1]
