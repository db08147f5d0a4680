"""Download CIFAR-100 from its home page: resumed after an interruption, and checked against its published checksum."""

import hashlib
import http.client
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scones.errors import DownloadError, UnreachableError

URL = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
MD5 = "eb9058c3a382ffc7106e4002c42a8d85"
CONNECT_TIMEOUT_S = 6.0
READ_TIMEOUT_S = 30.0
CHUNK_BYTES = 1024 * 256

OnBytes = Callable[[int, int], None]


@dataclass(frozen=True)
class Download:
    """One file to download. target appears only when the file is complete and has the right checksum."""

    url: str
    md5: str
    target: Path
    connect_timeout_s: float = CONNECT_TIMEOUT_S

    @property
    def unfinished(self) -> Path:
        return self.target.with_name(f"unfinished-{self.target.name}")


def md5_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _open(url: str, offset: int) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"Range": f"bytes={offset}-"} if offset else {})  # noqa: S310
    response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=READ_TIMEOUT_S)  # noqa: S310
    return response


def _open_in_time(download: Download, offset: int) -> http.client.HTTPResponse:
    """Return the response within the time limit. Name look-ups have none of their own, so they run in a thread."""
    answers: queue.Queue[http.client.HTTPResponse | OSError] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(_open(download.url, offset))
        except (OSError, http.client.HTTPException) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=download.connect_timeout_s)
    except queue.Empty:
        raise UnreachableError(f"no answer within {download.connect_timeout_s:.0f} s") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _connect(download: Download, offset: int) -> http.client.HTTPResponse:
    try:
        return _open_in_time(download, offset)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and offset:
            download.unfinished.unlink()
            return _connect(download, 0)
        raise UnreachableError(f"answered {error.code} {error.reason}") from error
    except OSError as error:
        raise UnreachableError(str(getattr(error, "reason", error))) from error


def _receive(response: http.client.HTTPResponse, download: Download, on_bytes: OnBytes) -> None:
    resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
    with download.unfinished.open("ab" if resumed else "wb") as stream:
        total = stream.tell() + int(response.headers.get("Content-Length") or 0)
        while chunk := response.read(CHUNK_BYTES):
            stream.write(chunk)
            on_bytes(stream.tell(), total)
        if stream.tell() < total:  # http.client does not report a short body that is read in chunks
            raise http.client.IncompleteRead(b"", total - stream.tell())


def fetch(download: Download, on_bytes: OnBytes = lambda done, total: None) -> None:
    """Download the file. on_bytes receives the bytes so far and in all.

    Raises:
        UnreachableError: there is no connection, or the server refused.
        DownloadError: the download broke off (the part that arrived is kept, and resumed), or the checksum is wrong.
    """
    download.target.parent.mkdir(parents=True, exist_ok=True)
    offset = download.unfinished.stat().st_size if download.unfinished.exists() else 0
    response = _connect(download, offset)
    try:
        with response:
            _receive(response, download, on_bytes)
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(f"the download of {download.url} broke off ({error}): run again to resume") from error
    if (md5 := md5_of(download.unfinished)) != download.md5:
        download.unfinished.unlink()
        raise DownloadError(f"{download.url} has the MD5 {md5}, not {download.md5}: it was deleted, run again")
    download.unfinished.rename(download.target)
