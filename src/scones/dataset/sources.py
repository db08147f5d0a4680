"""Find the archive to stage: the one that DATASET names, CIFAR-100 from its home page, or the drawn sample."""

from dataclasses import dataclass
from pathlib import Path

from scones.console import Console
from scones.dataset import download
from scones.dataset.download import Download
from scones.errors import ArchiveError, MissingError, UnreachableError
from scones.settings import Settings

CIFAR_100 = "CIFAR-100"


@dataclass(frozen=True)
class Source:
    """An archive on disk, and the name under which the report mentions it."""

    name: str
    path: Path


def locate(settings: Settings, console: Console) -> Source:
    return chosen(settings.dataset, console) if settings.dataset else downloaded(settings, console)


def chosen(path: Path, console: Console) -> Source:
    """Return the archive that the setting DATASET names."""
    if not path.is_file():
        reason = "is a directory, not a file" if path.is_dir() else "there is no such file"
        raise ArchiveError(f"DATASET is {str(path)!r}: {reason}")
    console.say(f"Archive: {path}")
    try:
        is_cifar = download.md5_of(path) == download.MD5
    except OSError as error:
        raise ArchiveError(f"DATASET is {str(path)!r}, which cannot be read: {error.strerror}") from error
    return Source(CIFAR_100 if is_cifar else path.name, path)


def downloaded(settings: Settings, console: Console) -> Source:
    """Return CIFAR-100, downloaded unless an earlier command did so; or the sample if there is no network."""
    request = Download(download.URL, download.MD5, settings.downloads / "cifar-100-python.tar.gz")
    if request.target.is_file() and download.md5_of(request.target) == request.md5:
        console.say(f"CIFAR-100 is already downloaded: {request.target}")
        return Source(CIFAR_100, request.target)
    with console.meter("Downloading CIFAR-100") as meter:

        def on_bytes(done: int, total: int) -> None:
            meter.update(f"{done / 1e6:.0f} of {total / 1e6:.0f} MB", completed=done, total=total)

        try:
            download.fetch(request, on_bytes)
        except UnreachableError as error:
            return fallback(settings.fallback_dataset, error, console)
    return Source(CIFAR_100, request.target)


def fallback(sample: Path, reason: UnreachableError, console: Console) -> Source:
    """Return the drawn sample, with a warning."""
    console.warn(f"CIFAR-100 could not be reached at {download.URL} ({reason}).")
    if not sample.is_file():
        raise MissingError(f"there is no {sample} to use instead: set DATASET to an archive, or FALLBACK_DATASET")
    console.warn(f"The drawn sample is used instead: {sample}")
    return Source(f"drawn sample ({sample.name})", sample)
