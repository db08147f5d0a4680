"""Presigned URLs and forms: their signature and their end are checked."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from localstack import config
from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.api.s3 import AccessDenied, AuthorizationQueryParametersError
from localstack.constants import INTERNAL_AWS_SECRET_ACCESS_KEY
from localstack.services.s3 import presigned_url
from localstack.services.s3.constants import ALL_USERS_ACL_GROUP
from localstack.services.s3.presigned_url import FAKE_HOST_ID

from localstack_plugin.replacing import replace, wrap
from localstack_plugin.s3 import form_policies

VARIABLE = "S3_SKIP_SIGNATURE_VALIDATION"
WEEK_S: Final = 604_800
DATE_FORMAT: Final = "%Y%m%dT%H%M%SZ"
WRITING: Final = frozenset({"WRITE", "FULL_CONTROL"})
Operation = Callable[..., Any]


def install() -> None:
    """Check signatures, unless LocalStack's own variable says otherwise."""
    wrap(
        "localstack.services.s3.presigned_url:validate_presigned_url_s3v4",
        wrapper=with_valid_parameters,
        why="LocalStack fails on an X-Amz-Date or X-Amz-Expires that it cannot parse, and accepts URLs for any time. "
        "They are refused like an X-Amz-Expires of more than a week.",
    )
    if VARIABLE in os.environ:
        return
    replace(
        "localstack.config:S3_SKIP_SIGNATURE_VALIDATION",
        by=False,
        why="LocalStack accepts any signature of a presigned URL, even of an expired one. Here signature and expiry "
        "are checked; the secret of an access key that IAM and STS do not know is `test`. "
        "S3_SKIP_SIGNATURE_VALIDATION=1 turns the checks off.",
    )
    wrap(
        "localstack.services.s3.presigned_url:get_secret_access_key_from_access_key_id",
        wrapper=with_own_key,
        why="LocalStack does not know the secret key with which it signs the URLs of functions' code and layers.",
    )
    wrap(
        "localstack.services.s3.presigned_url:get_credentials_from_parameters",
        wrapper=with_token_of_version_2,
        why="LocalStack finds a session token in URLs of signature version 4 only. boto3 makes URLs of version 2 by "
        "default, and those of a role were refused.",
    )
    wrap(
        "localstack.services.s3.provider:validate_post_policy",
        wrapper=with_signature,
        why="LocalStack does not check the signature of a form, and accepts fields that its policy does not name. "
        "Both are refused.",
    )
    wrap(
        "localstack.services.s3.provider:S3Provider.post_object",
        wrapper=with_policy,
        why="LocalStack accepts a form without a policy for any bucket. Here the bucket must be one that all may "
        "write to.",
    )


def with_own_key(original: Operation) -> Operation:
    def secret_of(access_key_id: str, region: str) -> str | None:
        if access_key_id == config.INTERNAL_RESOURCE_ACCOUNT:
            return INTERNAL_AWS_SECRET_ACCESS_KEY
        secret: str | None = original(access_key_id, region)
        return secret

    return secret_of


def with_token_of_version_2(original: Operation) -> Operation:
    def credentials_of(parameters: Mapping[str, str], region: str) -> Any:
        credentials = original(parameters, region)
        token = credentials.security_token or parameters.get("x-amz-security-token")
        return credentials._replace(security_token=token)

    return credentials_of


def with_valid_parameters(original: Operation) -> Operation:
    def validate_presigned_url(context: RequestContext) -> Any:
        query = context.request.args
        if reason := refusal(query["X-Amz-Date"], query["X-Amz-Expires"]):
            raise AuthorizationQueryParametersError(reason, HostId=FAKE_HOST_ID)
        return original(context)

    return validate_presigned_url


def refusal(date: str, expires: str) -> str | None:
    """Return why S3 refuses these parameters, in its words."""
    try:
        datetime.strptime(date, DATE_FORMAT)
    except ValueError:
        return "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
    try:
        seconds = int(expires)
    except ValueError:
        return "X-Amz-Expires should be a number"
    if seconds < 0:
        return "X-Amz-Expires must be non-negative"
    if seconds > WEEK_S:
        return (
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            f"{WEEK_S} seconds"
        )
    return None


def with_signature(original: Operation) -> Operation:
    def validate_post_policy(request_form: Mapping[str, str], additional_policy_metadata: dict[str, Any]) -> None:
        form = {name.lower(): value for name, value in request_form.items()}
        if "policy" not in form or not ("signature" in form or "x-amz-signature" in form):
            original(request_form, additional_policy_metadata)
            return
        check_fields(form)
        check_signature(form)
        policy = parsed_policy(form["policy"])
        original(request_form, additional_policy_metadata)
        if extra := form_policies.extra_fields(form, policy["conditions"]):
            raise AccessDenied(
                f"Invalid according to Policy: Extra input fields: {', '.join(extra)}", HostId=FAKE_HOST_ID
            )

    return validate_post_policy


def check_fields(form: Mapping[str, str]) -> None:
    """InvalidArgument if the form has some, but not all of the fields of a signature."""
    for fields in (presigned_url.SIGNATURE_V4_POST_FIELDS, presigned_url.SIGNATURE_V2_POST_FIELDS):
        presigned_url._is_match_with_signature_fields(dict(form), fields)


def check_signature(form: Mapping[str, str]) -> None:
    names = {"awsaccesskeyid": "AWSAccessKeyId", "x-amz-credential": "x-amz-credential"}
    key = {names[name]: value for name, value in form.items() if name in names}
    credentials = presigned_url.get_credentials_from_parameters(key, "us-east-1")
    if not form_policies.is_signed(form, credentials.secret_access_key):
        raise presigned_url.create_signature_does_not_match_sig_v2(
            request_signature=form.get("x-amz-signature") or form.get("signature") or "",
            string_to_sign=form["policy"],
            access_key_id=credentials.access_key_id,
        )


def parsed_policy(text: str) -> dict[str, Any]:
    try:
        policy = form_policies.parsed(text)
        presigned_url._parse_policy_expiration_date(policy["expiration"])
    except form_policies.PolicyError as error:
        raise CommonServiceException(code="InvalidPolicyDocument", message=str(error)) from error
    except ValueError as error:
        message = f"Invalid Policy: Invalid 'expiration' value: '{policy['expiration']}'"
        raise CommonServiceException(code="InvalidPolicyDocument", message=message) from error
    return policy


def with_policy(original: Operation) -> Operation:
    def post_object(provider: Any, context: RequestContext, bucket: str, **arguments: Any) -> Any:
        is_form = "multipart/form-data" in context.request.headers.get("Content-Type", "")
        if is_form and not config.S3_SKIP_SIGNATURE_VALIDATION:
            names = {name.lower() for name in context.request.form}
            if "key" in names and "policy" not in names:
                _, s3_bucket = provider._get_cross_account_bucket(context, bucket)
                if not is_writable_by_all(s3_bucket):
                    raise AccessDenied("Access Denied", HostId=FAKE_HOST_ID)
        return original(provider, context, bucket, **arguments)

    return post_object


def is_writable_by_all(s3_bucket: Any) -> bool:
    """Return whether the bucket's ACL lets everybody write, or it has a policy, which nothing evaluates."""
    grants = (s3_bucket.acl or {}).get("Grants") or ()
    by_acl = any(
        grant.get("Grantee", {}).get("URI") == ALL_USERS_ACL_GROUP and grant.get("Permission") in WRITING
        for grant in grants
    )
    return by_acl or bool(s3_bucket.policy)
