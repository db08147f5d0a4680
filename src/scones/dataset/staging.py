"""Step 1: an archive becomes PNGs and manifests, on disk and in the bucket."""

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

from scones import buckets
from scones.buckets import Upload
from scones.context import Context
from scones.dataset import download
from scones.dataset.cifar_archive import read_archive
from scones.dataset.download import Download
from scones.dataset.manifests import BROKEN, SPLITS, Dataset, parse_dataset, parse_manifest, read_dataset, write_dataset
from scones.errors import ArchiveError, MissingError, SpoiltError, UnreachableError

CIFAR_100 = "CIFAR-100"
RECORD = "dataset.json"
UNFINISHED = "unfinished.lst"
MANIFESTS = tuple(f"{split}.lst" for split in SPLITS)
Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class Source:
    name: str
    path: Path


def given(context: Context, path: Path) -> Source:
    if not path.is_file():
        why = "is a directory, not a file" if path.is_dir() else "there is no such file"
        raise ArchiveError(f"DATASET is {str(path)!r}: {why}")
    context.console.say(f"Archive given: {path}")
    try:
        is_cifar = download.md5_of(path) == download.MD5
    except OSError as error:
        raise ArchiveError(f"DATASET is {str(path)!r}, which cannot be read: {error.strerror}") from error
    return Source(CIFAR_100 if is_cifar else path.name, path)


def fallback(context: Context, why: UnreachableError) -> Source:
    sample = context.settings.fallback_dataset
    context.console.warn(f"CIFAR-100 could not be reached at {download.URL} ({why}).")
    if not sample.is_file():
        raise MissingError(f"there is no {sample} to use instead: set DATASET to an archive, or FALLBACK_DATASET")
    context.console.warn(f"The drawn sample is used instead: {sample}")
    return Source(f"drawn sample ({sample.name})", sample)


def downloaded(context: Context) -> Source:
    wanted = Download(download.URL, download.MD5, context.settings.cache / "cifar-100-python.tar.gz")
    if wanted.target.is_file() and download.md5_of(wanted.target) == wanted.md5:
        context.console.say(f"CIFAR-100 is already here: {wanted.target}")
        return Source(CIFAR_100, wanted.target)
    with context.console.meter("Downloading CIFAR-100") as meter:

        def on_bytes(done: int, total: int) -> None:
            meter.update(f"{done / 1e6:.0f} of {total / 1e6:.0f} MB", completed=done, total=total)

        try:
            download.fetch(wanted, on_bytes)
        except UnreachableError as error:
            return fallback(context, error)
    return Source(CIFAR_100, wanted.target)


def locate(context: Context) -> Source:
    return given(context, context.settings.dataset) if context.settings.dataset else downloaded(context)


def staged_folder(context: Context, source: Source) -> Path:
    with source.path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    digest.update(",".join(context.settings.classes).encode())
    return context.settings.staged / digest.hexdigest()[:16]


def write_locally(context: Context, source: Source) -> tuple[Dataset, Path]:
    folder = staged_folder(context, source)
    if (dataset := read_dataset(folder)) is not None:
        context.console.say(f"Already unpacked: {folder}")
        return replace(dataset, name=source.name), folder
    with context.console.meter("Unpacking") as meter:
        archive = read_archive(source.path, lambda part: meter.update(f"reading {part}"))
        for count, name in enumerate(write_dataset(archive, source.name, folder, context.settings.classes), 1):
            meter.update(f"{count} images, {name}")
    written = read_dataset(folder)
    if written is None:
        raise ArchiveError(f"{folder} was taken away while it was being written")
    return written, folder


def _parsed(context: Context, key: str, parse: Callable[[bytes], Parsed]) -> Parsed:
    text = buckets.get(context, key, made_by="stage")
    try:
        return parse(text)
    except BROKEN as error:
        raise SpoiltError(
            f"s3://{context.bucket}/{key} is not what `scones stage` puts there ({error}): stage again, or set BUCKET"
        ) from error


def recorded(context: Context) -> Dataset:
    """What the bucket holds, as its last staging wrote it."""
    return _parsed(context, RECORD, parse_dataset)


def manifest_of(context: Context, split: str) -> dict[str, int]:
    return _parsed(context, f"{split}.lst", parse_manifest)


def require_images(context: Context, split: str) -> set[str]:
    """Keys of the images under a prefix. With its slash: `test` alone also matches `test.lst`."""
    keys = set(buckets.etags(context.client("s3"), context.bucket, f"{split}/"))
    if not keys:
        raise MissingError(f"there is no image under s3://{context.bucket}/{split}/: run `scones stage` first")
    return keys


def is_foreign(context: Context, key: str) -> bool:
    """An object that has the name of our record or of a manifest, and is something else."""
    try:
        _parsed(context, key, parse_dataset if key == RECORD else parse_manifest)
    except SpoiltError:
        return True
    return False


def refuse_foreign(context: Context, present: Collection[str]) -> None:
    """In a bucket that is not ours, nothing of somebody else's is overwritten."""
    if buckets.is_ours(context.client("s3"), context.bucket):
        return
    for key in (RECORD, *MANIFESTS):
        if key in present and is_foreign(context, key):
            raise SpoiltError(
                f"s3://{context.bucket}/{key} is somebody else's, and not overwritten: set another BUCKET"
            )


def earlier_keys(context: Context, present: Collection[str]) -> set[str]:
    """Images that an earlier staging put there, whole or not: nobody else's objects are touched."""
    listed = (split for split in SPLITS if f"{split}.lst" in present and not is_foreign(context, f"{split}.lst"))
    keys = {f"{split}/{name}" for split in listed for name in manifest_of(context, split)}
    return keys | (unfinished_keys(context) if UNFINISHED in present else set())


def unfinished_keys(context: Context) -> set[str]:
    """Images that an interrupted staging put, or was about to take away: no manifest may name them."""
    keys = buckets.get(context, UNFINISHED, made_by="stage").decode(errors="replace").splitlines()
    return {key for key in keys if key.startswith(tuple(f"{split}/" for split in SPLITS))}


def _present(context: Context) -> dict[str, str]:
    prefixes = [RECORD, UNFINISHED, *(f"{split}{end}" for split in SPLITS for end in ("/", ".lst"))]
    found = [buckets.etags(context.client("s3"), context.bucket, prefix) for prefix in prefixes]
    return {key: etag for etags in found for key, etag in etags.items()}


def _begin(context: Context, keys: set[str]) -> None:
    """From here until the record is put, the bucket reads as not staged, and names every image that it may hold."""
    buckets.delete_all(context.client("s3"), context.bucket, [RECORD])
    context.client("s3").put_object(Bucket=context.bucket, Key=UNFINISHED, Body="\n".join(sorted(keys)).encode())


def _new_manifests(folder: Path, present: dict[str, str], changed_images: set[str]) -> list[Upload]:
    """That of training comes last, and whenever an image of it has changed, or may have in a staging that was
    interrupted: it can start the pipeline."""
    test, train = (Upload(f"{split}.lst", folder / f"{split}.lst") for split in ("test", "train"))
    other_images = UNFINISHED in present or any(key.startswith("train/") for key in changed_images)
    return buckets.changed([test], present) + ([train] if other_images else buckets.changed([train], present))


def upload(context: Context, folder: Path) -> int:
    """Put images, remove what an earlier data set left, put manifests. Gives how many objects were put."""
    images = [Upload(f"{split}/{file.name}", file) for split in SPLITS for file in sorted((folder / split).iterdir())]
    present, keys = _present(context), {item.key for item in images}
    refuse_foreign(context, present)
    stale = (earlier_keys(context, present) - keys) & present.keys()
    missing = buckets.changed(images, present)
    new_manifests = _new_manifests(folder, present, {item.key for item in missing} | stale)
    if missing or stale or new_manifests:
        _begin(context, keys | stale)
    with context.console.meter("Uploading", total=len(missing)) as meter:
        buckets.put_all(context, missing, lambda count: meter.update(f"{count} of {len(missing)}", completed=count))
    buckets.delete_all(context.client("s3"), context.bucket, stale)
    for manifest in new_manifests:
        buckets.put_all(context, [manifest], lambda count: None)
    buckets.delete_all(context.client("s3"), context.bucket, [UNFINISHED])
    return len(missing) + len(new_manifests)


def stage(context: Context) -> Dataset:
    """Validated and written to disk whole, before the first object is touched."""
    buckets.require(context)
    dataset, folder = write_locally(context, locate(context))
    count = upload(context, folder)
    record = json.dumps(asdict(dataset), indent=2).encode()
    context.client("s3").put_object(Bucket=context.bucket, Key=RECORD, Body=record, ContentType="application/json")
    what = f"{dataset.train_images} train and {dataset.test_images} test images of {dataset.name}"
    how = f"{count} objects put" if count else "all there already"
    context.console.done(f"Staged {what} in s3://{context.bucket} ({how})")
    return dataset
