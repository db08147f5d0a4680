"""Pictures: whether an object of S3 is an image that a browser shows, so that a person can say what is on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

from console.aws.client import Aws
from console.errors import ConsoleError, NotThere

KINDS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
SIGNATURE_BYTES = 16
SIZE_MAX = 10 << 20
ANSWERS_WITHIN_S = 8.0


@dataclass(frozen=True)
class Picture:
    """An image as S3 has it now: its version (the ETag), or the problem that keeps it from being shown."""

    version: str = ""
    problem: str = ""


def kind_of(body: bytes) -> str | None:
    """Return the media type that the first bytes of an image tell; None for anything else."""
    return next((kind for signature, kind in KINDS.items() if body.startswith(signature)), None)


def image_address(bucket: str, key: str) -> str:
    """Return the console's address of an image. Keys may have characters that end the path of an address."""
    return quote(f"/objects/{bucket}/{key}")


async def picture_of(aws: Aws, bucket: str, key: str) -> Picture:
    """Look at the object itself, not at an answer that was kept."""
    if not bucket or not key:
        return Picture(problem="The message names no image.")
    uri = f"s3://{bucket}/{key}"
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            start = await aws.read_start(bucket, key, SIGNATURE_BYTES)
    except NotThere as error:
        return Picture(problem=f"{uri} is not there. S3: {error}")
    except TimeoutError:
        return Picture(problem=f"S3 did not answer within {ANSWERS_WITHIN_S:g} s.")
    except ConsoleError as error:
        return Picture(problem=f"{uri} cannot be read: {error}")
    if kind_of(start.body) is None:
        return Picture(problem=f"{uri} is not a PNG, JPEG or GIF image ({start.size:,} bytes).")
    if start.size > SIZE_MAX:
        return Picture(problem=f"{uri} has {start.size >> 20} MB: the console shows at most {SIZE_MAX >> 20} MB.")
    return Picture(start.version)
