"""The account and region of a request, from the credential that signs it.

Signature Version 4 names the access key and the region: `Credential=<key>/<date>/<region>/sagemaker/aws4_request`, in
the header Authorization or, of a presigned URL, in the query. The signature itself is not checked.
"""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from urllib.parse import unquote

from sagemaker_emulator.wire.messages import HttpRequest

HEADER, HEADER_MARK = "authorization", "Credential="
QUERY_MARK = "X-Amz-Credential="
ACCOUNT = re.compile(r"\d{12}")
REGION = re.compile(r"[a-z]{2,8}(?:-[a-z]{2,12}){1,3}-\d{1,2}")
# LocalStack's keys (of AssumeRole, IAM users) hold the account in base32: localstack/aws/accounts.py
LOCALSTACK_KEY = re.compile(r"L[SK]IA([A-Z2-7]{8})([A-Z2-7])[A-Z2-7]{7,}")
ACCOUNT_OFFSET = 1 << 39
ACCOUNTS = 10**12
ODD_LETTERS = "QRSTUVWXYZ234567"
CACHED = 1024


def signer_of(request: HttpRequest) -> tuple[str | None, str | None]:
    """Return account and region; None for what the request does not tell."""
    _, mark, rest = request.headers.get(HEADER, "").partition(HEADER_MARK)
    if mark:
        return _signer(rest.partition(",")[0])
    if QUERY_MARK in request.query:
        return _signer(unquote(request.query.partition(QUERY_MARK)[2].partition("&")[0]))
    return None, None


@lru_cache(CACHED)
def _signer(credential: str) -> tuple[str | None, str | None]:
    parts = credential.strip().split("/")
    region = parts[2] if len(parts) > 2 and REGION.fullmatch(parts[2]) else None
    return account_of(parts[0]), region


def account_of(access_key: str) -> str | None:
    """Return the account of an access key, as LocalStack sees it; None for a key that names none, such as `test`."""
    if ACCOUNT.fullmatch(access_key):
        return access_key
    if not (match := LOCALSTACK_KEY.fullmatch(access_key)):
        return None
    try:
        half = int.from_bytes(base64.b32decode(match[1]), "big") - ACCOUNT_OFFSET
    except binascii.Error:
        return None
    account = 2 * half + (match[2] in ODD_LETTERS)
    return f"{account:012}" if 0 <= account < ACCOUNTS else None
