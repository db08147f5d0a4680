"""Images from S3, and nothing else from there."""

from __future__ import annotations

from aiohttp import web

from console.errors import BadRequest
from console.site import Site

KINDS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}
SIZE_MAX = 10 << 20
KEPT = "private, max-age=3600"


async def s3_object(site: Site, request: web.Request) -> web.Response:
    """Answer with an image in a bucket."""
    bucket, key = request.match_info["bucket"], request.match_info["key"]
    return image_answer(await site.aws.read_object(bucket, key, 0, SIZE_MAX))


def image_answer(body: bytes) -> web.Response:
    """Return an answer with a PNG, JPEG or GIF. Raises BadRequest for anything else: a browser would run HTML."""
    kind = kind_of(body)
    if kind is None:
        raise BadRequest("this is not a PNG, JPEG or GIF image")
    return web.Response(body=body, content_type=kind, headers={"Cache-Control": KEPT})


def kind_of(body: bytes) -> str | None:
    return next((kind for signature, kind in KINDS.items() if body.startswith(signature)), None)
