"""Images from S3, and nothing else from there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from aiohttp import web

from console.aws.review.pictures import SIZE_MAX, kind_of
from console.errors import BadRequest
from console.site import Site

KEPT = "private, max-age=3600"
OPENED_ALONE = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
"""The Content-Security-Policy of an image: a browser that opens it alone puts it into a page with styles of its own."""
Item = TypeVar("Item")


async def s3_object(site: Site, request: web.Request) -> web.Response:
    """Answer with an image in a bucket."""
    bucket, key = request.match_info["bucket"], request.match_info["key"]
    return image_answer(await site.aws.read_object(bucket, key, 0, SIZE_MAX))


def image_answer(body: bytes) -> web.Response:
    """Return an answer with a PNG, JPEG or GIF. Raises BadRequest for anything else: a browser would run HTML."""
    kind = kind_of(body)
    if kind is None:
        raise BadRequest("this is not a PNG, JPEG or GIF image")
    return web.Response(
        body=body, content_type=kind, headers={"Cache-Control": KEPT, "Content-Security-Policy": OPENED_ALONE}
    )


def one_of_each(items: Iterable[Item], key: Callable[[Item], Hashable]) -> list[tuple[Item, int]]:
    """Return the first item of each key, such as a digest of its image, and how many have that key."""
    counts: Counter[Hashable] = Counter()
    firsts: dict[Hashable, Item] = {}
    for each in items:
        counts[key(each)] += 1
        firsts.setdefault(key(each), each)
    return [(first, counts[value]) for value, first in firsts.items()]
