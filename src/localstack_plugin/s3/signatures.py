"""Presigned URLs and forms: their signature and their end are checked."""

import os

from localstack_plugin.replacing import replace

VARIABLE = "S3_SKIP_SIGNATURE_VALIDATION"


def install() -> None:
    """Check signatures, unless LocalStack's own variable says otherwise."""
    if VARIABLE in os.environ:
        return
    replace(
        "localstack.config:S3_SKIP_SIGNATURE_VALIDATION",
        by=False,
        why="LocalStack accepts any signature of a presigned URL, even of an expired one. Here signature and expiry "
        "are checked; the secret of an access key that IAM and STS do not know is `test`. "
        "S3_SKIP_SIGNATURE_VALIDATION=1 turns the checks off.",
    )
