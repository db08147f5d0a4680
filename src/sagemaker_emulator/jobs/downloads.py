"""Download the objects of a channel into its directory, several at a time."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from safety.plain_text import is_utf8
from sagemaker_emulator.jobs.channel import InputError
from sagemaker_emulator.jobs.input_objects import MISSING_CODES
from sagemaker_emulator.jobs.manifests import S3Object

WORKERS = 16
CHUNK_BYTES = 1 << 20


def download(s3: Any, objects: Iterator[S3Object], directory: Path, stopped: Callable[[], bool]) -> int:
    """Download the objects below `directory`; return how many. Ends early when `stopped` returns True."""
    count, collisions = 0, Collisions(ignores_case(directory))
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="download") as pool:
        pending: set[Future[None]] = set()
        for item in objects:
            if stopped():
                break
            collisions.refuse(item.relative_path)
            pending.add(pool.submit(_fetch, s3, item, directory, stopped))
            count += 1
            if len(pending) >= 4 * WORKERS:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                _raise_first(done)
        _raise_first(wait(pending).done)
    return count


class Collisions:
    """The keys that would be one file. On AWS, whose file system tells letters' case apart, each has its own."""

    def __init__(self, ignores_case: bool) -> None:
        self._ignores_case = ignores_case
        self._keys: dict[str, str] = {}

    def refuse(self, key: str) -> None:
        """InputError if the file system takes this key for one that came before."""
        if not self._ignores_case:
            return
        other = self._keys.setdefault(unicodedata.normalize("NFC", key).casefold(), key)
        if other != key:
            raise InputError(
                f"Data download failed:the objects {other!r} and {key!r} would be one file, since this machine's file "
                "system ignores the case of letters; rename one of them, or run the job on Linux or on AWS"
            )


def ignores_case(directory: Path) -> bool:
    """Return whether the file system finds the directory by its name in the other case, as those of macOS do."""
    other = directory.with_name(directory.name.swapcase())
    return other != directory and other.exists() and other.samefile(directory)


def safe_path(directory: Path, relative: str) -> Path:
    """Return the file of a key. InputError for one that leaves the directory, such as `../../etc/passwd`, and for one
    that no file can have.
    """
    path = PurePosixPath(relative)
    if "\0" in relative or not is_utf8(relative):
        raise InputError(f"The object key {relative!r} cannot be a file's name; rename the object")
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise InputError(f"The object key {relative!r} leads outside its channel's directory; rename the object")
    return directory / path


def _raise_first(done: set[Future[None]]) -> None:
    for future in done:
        future.result()


def _fetch(s3: Any, item: S3Object, directory: Path, stopped: Callable[[], bool]) -> None:
    target = safe_path(directory, item.relative_path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        answer = s3.get_object(Bucket=item.location.bucket, Key=item.location.key)
        with closing(answer["Body"]) as body, target.open("wb") as file:
            for chunk in body.iter_chunks(CHUNK_BYTES):
                file.write(chunk)
                if stopped():
                    return
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise InputError(
            f"Data download failed:Failed to download data. Cannot download {item.location}, a previously downloaded "
            "file/folder clashes with it. Please check your s3 objects and ensure that there is no object that is both "
            "a folder as well as a file."
        ) from error
    except OSError as error:
        raise InputError(f"Data download failed:Could not download {item.location}: {error.strerror}") from error
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING_CODES:
            raise
        raise InputError(f"Data download failed:{item.location} does not exist") from error
