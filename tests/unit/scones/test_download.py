"""Downloads from a server in this process that can break off, as networks do."""

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
    """Serves DATA; `breaks_after` bytes once, if that is set."""

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
            """Nothing: tests are quiet."""

    return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    found = Server()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(found)) as httpd:
        found.url = f"http://127.0.0.1:{httpd.server_port}/archive.tar.gz"
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
        thread.start()
        yield found
        httpd.shutdown()
        thread.join()


def download(server: Server, folder: Path, md5: str | None = None) -> Download:
    right = hashlib.md5(DATA, usedforsecurity=False).hexdigest()
    return Download(server.url, md5 or right, folder / "cache" / "archive.tar.gz")


def test_the_file_appears_whole_with_its_checksum(server: Server, tmp_path: Path) -> None:
    wanted, seen = download(server, tmp_path), []
    fetch(wanted, lambda done, total: seen.append((done, total)))
    assert wanted.target.read_bytes() == DATA
    assert seen[-1] == (len(DATA), len(DATA))


def test_a_download_that_broke_off_goes_on_where_it_was(server: Server, tmp_path: Path) -> None:
    server.breaks_after = 300_000
    wanted = download(server, tmp_path)
    with pytest.raises(DownloadError, match=r"broke off .* run again to go on"):
        fetch(wanted)
    assert not wanted.target.exists()
    fetch(wanted)
    assert wanted.target.read_bytes() == DATA
    assert server.ranges == [None, "bytes=300000-"]


def test_another_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    wanted = download(server, tmp_path, md5="0" * 32)
    with pytest.raises(DownloadError, match="has the MD5"):
        fetch(wanted)
    assert list(wanted.target.parent.iterdir()) == []


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(UnreachableError, match="refused"):
        fetch(Download("http://127.0.0.1:9/archive.tar.gz", "", tmp_path / "archive.tar.gz"))
