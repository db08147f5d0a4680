"""The signature and the policy of a form, as far as LocalStack does not check them. Pure.

Sources: docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html and
sigv4-HTTPPOSTConstructPolicy.html.
"""

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha1, sha256
from typing import Any, Final

SCOPE_PARTS: Final = 5
UNSIGNED: Final = frozenset({"awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"})
"""Fields that no condition has to name. Those that begin with IGNORED are others."""
IGNORED: Final = "x-ignore-"
RANGE: Final = "content-length-range"


class PolicyError(ValueError):
    """A policy that is no policy; the message is S3's."""


def signature_of(form: Mapping[str, str], secret_key: str) -> str:
    """Return the signature that the form should have. The form's names are in lower case."""
    policy = form["policy"].encode()
    if "x-amz-signature" not in form:
        return b64encode(hmac.digest(secret_key.encode(), policy, sha1)).decode()
    scope = form.get("x-amz-credential", "").split("/")
    if len(scope) != SCOPE_PARTS:
        return ""
    key = f"AWS4{secret_key}".encode()
    for part in scope[1:]:  # date, region, service, aws4_request
        key = hmac.digest(key, part.encode(), sha256)
    return hmac.digest(key, policy, sha256).hex()


def is_signed(form: Mapping[str, str], secret_key: str) -> bool:
    provided = form.get("x-amz-signature") or form.get("signature") or ""
    return hmac.compare_digest(provided.encode(), signature_of(form, secret_key).encode())


def parsed(policy: str) -> dict[str, Any]:
    """Return the policy of a form; PolicyError if it is not one."""
    try:
        document = json.loads(b64decode(policy))
    except ValueError as error:
        raise PolicyError("Invalid Policy: Invalid JSON.") from error
    if not isinstance(document, dict):
        raise PolicyError("Invalid Policy: Invalid JSON.")
    for name, kind in (("expiration", str), ("conditions", list)):
        if name not in document:
            raise PolicyError(f"Invalid Policy: Policy missing {name}.")
        if not isinstance(document[name], kind):
            raise PolicyError(f"Invalid Policy: Invalid '{name}' value: '{document[name]}'")
    return document


def extra_fields(form: Mapping[str, str], conditions: list[Any]) -> list[str]:
    """Return the fields of a form that no condition names."""
    named = set(_named(conditions))
    return sorted(name for name in form if name not in UNSIGNED and name not in named and not name.startswith(IGNORED))


def _named(conditions: list[Any]) -> Iterator[str]:
    for condition in conditions:
        if isinstance(condition, dict):
            yield from (name.lower() for name in condition)
        elif isinstance(condition, list) and len(condition) > 1 and condition[0] != RANGE:
            yield str(condition[1]).removeprefix("$").lower()
