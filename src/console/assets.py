"""Static files: read once at the start, served from memory under an address that changes with their content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from display.stylesheet import stylesheet

FOLDER = Path(__file__).with_name("static")
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    body: bytes
    content_type: str


class Assets:
    """The files of `static`, and the stylesheet that all parts share.

    All have one version, so that the modules of JavaScript can import each other by their plain names.
    """

    def __init__(self) -> None:
        files = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES}
        files["display.css"] = stylesheet().encode()
        self._assets = {name: Asset(body, TYPES[Path(name).suffix]) for name, body in files.items()}
        self._version = hashlib.sha256(b"".join(files.values())).hexdigest()[:12]

    def address(self, name: str) -> str:
        if name not in self._assets:
            raise KeyError(f"static has no {name!r}")
        return f"/static/{self._version}/{name}"

    async def icon(self, _: web.Request) -> web.Response:
        """Answer with the icon, for which browsers ask where no page names it, as beside an image."""
        icon = self._assets["icon.svg"]
        return web.Response(body=icon.body, content_type=icon.content_type, headers={"Cache-Control": "max-age=3600"})

    async def serve(self, request: web.Request) -> web.Response:
        asset = self._assets.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound(text="there is no such file")
        is_current = request.match_info["version"] == self._version
        return web.Response(
            body=asset.body,
            content_type=asset.content_type,
            charset="utf-8",
            headers={"Cache-Control": FOREVER if is_current else "no-store"},
        )
