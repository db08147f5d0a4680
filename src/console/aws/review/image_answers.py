"""The answer about an image, for the messages about it that are received later.

Executions that classified the same image leave a message each, of which the desk holds a few. One answer applies to
all that wait. So the bucket has an object for each image that was answered, `review_answers/<endpoint>/images/`, named
by a digest of the image's place. It has the version that the person saw: an image that was replaced is another one. It
lists the records of ground truth that the answer became, so that changing or undoing it applies to all of them, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b

from console.aws.client import Aws
from console.aws.review.answer_log import FOLDER
from console.aws.review.messages import Place
from console.aws.workflow import Workflow
from console.errors import NotThere

SIZE_MAX = 1 << 20
KEYS_MAX = 1000
"""Their JSON fits into SIZE_MAX also if names have 64 characters of which each is written as two escapes."""
DIGEST_BYTES = 16


@dataclass(frozen=True)
class ImageAnswer:
    """The newest answer about an image: the number of its class, the version that was seen, and when."""

    label: int
    version: str
    answered: datetime
    sends_order: bool
    keys: tuple[str, ...] = ()
    """The records of ground truth that it became."""

    def with_keys(self, keys: Iterable[str]) -> ImageAnswer:
        return replace(self, keys=tuple(dict.fromkeys((*self.keys, *keys)))[-KEYS_MAX:])


async def answer_about(aws: Aws, workflow: Workflow, image: Place) -> ImageAnswer | None:
    """Return the answer about an image; None without one. Raises Refused."""
    try:
        body = await aws.read_object(workflow.bucket, _key(workflow, image), 0, SIZE_MAX)
        document = json.loads(body)
        return ImageAnswer(
            int(document["answer"]),
            str(document["version"]),
            datetime.fromisoformat(document["answered"]).astimezone(UTC),
            bool(document["sends_order"]),
            tuple(map(str, document["keys"])),
        )
    except (NotThere, ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return None


async def keep(aws: Aws, workflow: Workflow, image: Place, answer: ImageAnswer) -> None:
    """Write the answer about an image, in place of the one before. Raises Refused."""
    document = {
        "image": f"s3://{image[0]}/{image[1]}",
        "version": answer.version,
        "answer": answer.label,
        "class": workflow.name_of(answer.label),
        "answered": answer.answered.isoformat(),
        "sends_order": answer.sends_order,
        "keys": answer.keys,
    }
    body = json.dumps(document).encode()
    await aws.change("s3", "put_object", Bucket=workflow.bucket, Key=_key(workflow, image), Body=body)


async def forget(aws: Aws, workflow: Workflow, image: Place) -> None:
    """Remove the answer about an image, so that its messages wait for a person again. Raises Refused."""
    await aws.change("s3", "delete_object", Bucket=workflow.bucket, Key=_key(workflow, image))


def _key(workflow: Workflow, image: Place) -> str:
    digest = blake2b("\n".join(image).encode(), digest_size=DIGEST_BYTES).hexdigest()
    return f"{FOLDER}/{workflow.endpoint}/images/{digest}.json"
