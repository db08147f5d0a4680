"""Operations that AWS has closed to new customers.

docs.aws.amazon.com/AmazonS3/latest/userguide/selecting-content-from-objects.html
"""

from typing import Any, NoReturn

from localstack.aws.api import RequestContext
from localstack.aws.api.s3 import MethodNotAllowed

from localstack_plugin.replacing import replace


def install() -> None:
    replace(
        "localstack.services.s3.provider:S3Provider.select_object_content",
        by=select_object_content,
        why="LocalStack answers SelectObjectContent with a 501, as if it worked on AWS. S3 Select is closed to new "
        "customers: the request is refused with MethodNotAllowed, and the message says what to do instead.",
    )


def select_object_content(self: Any, context: RequestContext, **_: Any) -> NoReturn:
    raise MethodNotAllowed(
        "S3 Select (SelectObjectContent) is not in the local cloud: AWS closed it to new customers in July 2024. "
        "Read the object and filter it in the program, or query it with Amazon Athena on AWS."
    )
