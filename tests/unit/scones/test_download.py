"""Downloads from a server in this process that can break the connection."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scones.dataset.download import Download, fetch
from scones.errors import DownloadError, UnreachableError

DATA = bytes(range(256)) * 4000


@dataclass
class Server:
    """A server of DATA. If breaks_after is set, one answer ends after that many bytes."""

    breaks_after: int | None = None
    ranges: list[str | None] = field(default_factory=list)
    url: str = ""


def handler(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            server.ranges.append(asked)
            offset = int(asked.split("=")[1].rstrip("-")) if asked else 0
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(len(DATA) - offset))
            self.end_headers()
            limit, server.breaks_after = server.breaks_after, None
            self.wfile.write(DATA[offset:][:limit])

        def log_message(self, *words: object) -> None:
            """Print nothing."""

    return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    server = Server()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(server)) as httpd:
        server.url = f"http://127.0.0.1:{httpd.server_port}/archive.tar.gz"
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
        thread.start()
        yield server
        httpd.shutdown()
        thread.join()


def download(server: Server, folder: Path, md5: str | None = None) -> Download:
    right = hashlib.md5(DATA, usedforsecurity=False).hexdigest()
    return Download(server.url, md5 or right, folder / "cache" / "archive.tar.gz")


def test_the_downloaded_file_is_complete_and_checked(server: Server, tmp_path: Path) -> None:
    request, progress = download(server, tmp_path), []
    fetch(request, lambda done, total: progress.append((done, total)))
    assert request.target.read_bytes() == DATA
    assert progress[-1] == (len(DATA), len(DATA))


def test_an_interrupted_download_is_resumed(server: Server, tmp_path: Path) -> None:
    server.breaks_after = 300_000
    request = download(server, tmp_path)
    with pytest.raises(DownloadError, match=r"broke off .* run again to resume"):
        fetch(request)
    assert not request.target.exists()
    fetch(request)
    assert request.target.read_bytes() == DATA
    assert server.ranges == [None, "bytes=300000-"]


def test_a_file_with_a_wrong_checksum_is_deleted(server: Server, tmp_path: Path) -> None:
    request = download(server, tmp_path, md5="0" * 32)
    with pytest.raises(DownloadError, match="has the MD5"):
        fetch(request)
    assert list(request.target.parent.iterdir()) == []


def test_a_server_that_does_not_listen_is_unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(UnreachableError, match="refused"):
        fetch(Download("http://127.0.0.1:9/archive.tar.gz", "", tmp_path / "archive.tar.gz"))
