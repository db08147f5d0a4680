"""CORS for pages of this machine: pages that the guard accepts may use the API.

LocalStack has a list of its own, which contains `file://` and pages of app.localstack.cloud, but no page on another
port of localhost.
"""

from localstack_plugin.replacing import replace

# The headers that the AWS SDK for JavaScript sends and LocalStack does not allow.
HEADERS_OF_SDKS = [
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-type",
    "etag",
    "location",
    "range",
    "x-amz-acl",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-mode",
    "x-amz-checksum-sha256",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-invocation-type",
    "x-amz-log-type",
    "x-amz-request-id",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-security-token",
    "x-amz-tagging",
    "x-amz-target",
    "x-amz-user-agent",
    "x-amz-version-id",
    "x-amzn-query-mode",
    "x-amzn-requestid",
    "x-amzn-sagemaker-custom-attributes",
    "x-amzn-sagemaker-target-variant",
    "x-localstack-target",
]


def install() -> None:
    replace(
        "localstack.aws.handlers.cors:CorsEnforcer._is_in_allowed_origins",
        by=staticmethod(is_allowed),
        why="LocalStack allows the origin `file://`, those of its own web app and, on localhost, only its own port. "
        "The guard checks every origin first; here LocalStack allows each origin that has passed the guard.",
    )
    replace(
        "localstack.aws.handlers.cors:CORS_ALLOWED_HEADERS",
        by=HEADERS_OF_SDKS,
        why="LocalStack does not allow some headers that the AWS SDK for JavaScript sends. They are allowed.",
    )


def is_allowed(allowed_origins: list[str], origin: str) -> bool:
    return True
