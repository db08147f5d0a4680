"""Step 1: an archive becomes PNGs and manifests, on disk and in the bucket."""

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

from scones import bucket, download
from scones.archive import read_archive
from scones.bucket import Upload
from scones.dataset import BROKEN, SPLITS, Dataset, parse_dataset, parse_manifest, read_dataset, write_dataset
from scones.download import Download
from scones.errors import ArchiveError, MissingError, SpoiltError, UnreachableError
from scones.kit import Kit

CIFAR_100 = "CIFAR-100"
RECORD = "dataset.json"
UNFINISHED = "unfinished.lst"
MANIFESTS = tuple(f"{split}.lst" for split in SPLITS)
Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class Source:
    name: str
    path: Path


def given(kit: Kit, path: Path) -> Source:
    if not path.is_file():
        why = "is a directory, not a file" if path.is_dir() else "there is no such file"
        raise ArchiveError(f"DATASET is {str(path)!r}: {why}")
    kit.console.say(f"Archive given: {path}")
    try:
        is_cifar = download.md5_of(path) == download.MD5
    except OSError as error:
        raise ArchiveError(f"DATASET is {str(path)!r}, which cannot be read: {error.strerror}") from error
    return Source(CIFAR_100 if is_cifar else path.name, path)


def fallback(kit: Kit, why: UnreachableError) -> Source:
    sample = kit.settings.fallback_dataset
    kit.console.warn(f"CIFAR-100 could not be reached at {download.URL} ({why}).")
    if not sample.is_file():
        raise MissingError(f"there is no {sample} to use instead: set DATASET to an archive, or FALLBACK_DATASET")
    kit.console.warn(f"The drawn sample is used instead: {sample}")
    return Source(f"drawn sample ({sample.name})", sample)


def downloaded(kit: Kit) -> Source:
    wanted = Download(download.URL, download.MD5, kit.settings.cache / "cifar-100-python.tar.gz")
    if wanted.target.is_file() and download.md5_of(wanted.target) == wanted.md5:
        kit.console.say(f"CIFAR-100 is already here: {wanted.target}")
        return Source(CIFAR_100, wanted.target)
    with kit.console.meter("Downloading CIFAR-100") as meter:

        def on_bytes(done: int, total: int) -> None:
            meter.update(f"{done / 1e6:.0f} of {total / 1e6:.0f} MB", completed=done, total=total)

        try:
            download.fetch(wanted, on_bytes)
        except UnreachableError as error:
            return fallback(kit, error)
    return Source(CIFAR_100, wanted.target)


def locate(kit: Kit) -> Source:
    return given(kit, kit.settings.dataset) if kit.settings.dataset else downloaded(kit)


def staged_folder(kit: Kit, source: Source) -> Path:
    with source.path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    digest.update(",".join(kit.settings.classes).encode())
    return kit.settings.staged / digest.hexdigest()[:16]


def write_locally(kit: Kit, source: Source) -> tuple[Dataset, Path]:
    folder = staged_folder(kit, source)
    if (dataset := read_dataset(folder)) is not None:
        kit.console.say(f"Already unpacked: {folder}")
        return replace(dataset, name=source.name), folder
    with kit.console.meter("Unpacking") as meter:
        archive = read_archive(source.path, lambda part: meter.update(f"reading {part}"))
        for count, name in enumerate(write_dataset(archive, source.name, folder, kit.settings.classes), 1):
            meter.update(f"{count} images, {name}")
    written = read_dataset(folder)
    if written is None:
        raise ArchiveError(f"{folder} was taken away while it was being written")
    return written, folder


def _parsed(kit: Kit, key: str, parse: Callable[[bytes], Parsed]) -> Parsed:
    text = bucket.get(kit, key, made_by="stage")
    try:
        return parse(text)
    except BROKEN as error:
        raise SpoiltError(
            f"s3://{kit.bucket}/{key} is not what `scones stage` puts there ({error}): stage again, or set BUCKET"
        ) from error


def recorded(kit: Kit) -> Dataset:
    """What the bucket holds, as its last staging wrote it."""
    return _parsed(kit, RECORD, parse_dataset)


def manifest_of(kit: Kit, split: str) -> dict[str, int]:
    return _parsed(kit, f"{split}.lst", parse_manifest)


def require_images(kit: Kit, split: str) -> set[str]:
    """Keys of the images under a prefix. With its slash: `test` alone also matches `test.lst`."""
    keys = set(bucket.etags(kit.client("s3"), kit.bucket, f"{split}/"))
    if not keys:
        raise MissingError(f"there is no image under s3://{kit.bucket}/{split}/: run `scones stage` first")
    return keys


def is_foreign(kit: Kit, key: str) -> bool:
    """An object that has the name of our record or of a manifest, and is something else."""
    try:
        _parsed(kit, key, parse_dataset if key == RECORD else parse_manifest)
    except SpoiltError:
        return True
    return False


def refuse_foreign(kit: Kit, present: Collection[str]) -> None:
    """In a bucket that is not ours, nothing of somebody else's is overwritten."""
    if bucket.is_ours(kit.client("s3"), kit.bucket):
        return
    for key in (RECORD, *MANIFESTS):
        if key in present and is_foreign(kit, key):
            raise SpoiltError(f"s3://{kit.bucket}/{key} is somebody else's, and not overwritten: set another BUCKET")


def earlier_keys(kit: Kit, present: Collection[str]) -> set[str]:
    """Images that an earlier staging put there, whole or not: nobody else's objects are touched."""
    listed = (split for split in SPLITS if f"{split}.lst" in present and not is_foreign(kit, f"{split}.lst"))
    keys = {f"{split}/{name}" for split in listed for name in manifest_of(kit, split)}
    return keys | (unfinished_keys(kit) if UNFINISHED in present else set())


def unfinished_keys(kit: Kit) -> set[str]:
    """Images that an interrupted staging put, or was about to take away: no manifest may name them."""
    keys = bucket.get(kit, UNFINISHED, made_by="stage").decode(errors="replace").splitlines()
    return {key for key in keys if key.startswith(tuple(f"{split}/" for split in SPLITS))}


def _present(kit: Kit) -> dict[str, str]:
    prefixes = [RECORD, UNFINISHED, *(f"{split}{end}" for split in SPLITS for end in ("/", ".lst"))]
    found = [bucket.etags(kit.client("s3"), kit.bucket, prefix) for prefix in prefixes]
    return {key: etag for etags in found for key, etag in etags.items()}


def _begin(kit: Kit, keys: set[str]) -> None:
    """From here until the record is put, the bucket reads as not staged, and names every image that it may hold."""
    bucket.delete_all(kit.client("s3"), kit.bucket, [RECORD])
    kit.client("s3").put_object(Bucket=kit.bucket, Key=UNFINISHED, Body="\n".join(sorted(keys)).encode())


def _new_manifests(folder: Path, present: dict[str, str], changed_images: set[str]) -> list[Upload]:
    """That of training comes last, and whenever an image of it has changed, or may have in a staging that was
    interrupted: it can start the pipeline."""
    test, train = (Upload(f"{split}.lst", folder / f"{split}.lst") for split in ("test", "train"))
    other_images = UNFINISHED in present or any(key.startswith("train/") for key in changed_images)
    return bucket.changed([test], present) + ([train] if other_images else bucket.changed([train], present))


def upload(kit: Kit, folder: Path) -> int:
    """Put images, remove what an earlier data set left, put manifests. Gives how many objects were put."""
    images = [Upload(f"{split}/{file.name}", file) for split in SPLITS for file in sorted((folder / split).iterdir())]
    present, keys = _present(kit), {item.key for item in images}
    refuse_foreign(kit, present)
    stale = (earlier_keys(kit, present) - keys) & present.keys()
    missing = bucket.changed(images, present)
    new_manifests = _new_manifests(folder, present, {item.key for item in missing} | stale)
    if missing or stale or new_manifests:
        _begin(kit, keys | stale)
    with kit.console.meter("Uploading", total=len(missing)) as meter:
        bucket.put_all(kit, missing, lambda count: meter.update(f"{count} of {len(missing)}", completed=count))
    bucket.delete_all(kit.client("s3"), kit.bucket, stale)
    for manifest in new_manifests:
        bucket.put_all(kit, [manifest], lambda count: None)
    bucket.delete_all(kit.client("s3"), kit.bucket, [UNFINISHED])
    return len(missing) + len(new_manifests)


def stage(kit: Kit) -> Dataset:
    """Validated and written to disk whole, before the first object is touched."""
    bucket.require(kit)
    dataset, folder = write_locally(kit, locate(kit))
    count = upload(kit, folder)
    record = json.dumps(asdict(dataset), indent=2).encode()
    kit.client("s3").put_object(Bucket=kit.bucket, Key=RECORD, Body=record, ContentType="application/json")
    what = f"{dataset.train_images} train and {dataset.test_images} test images of {dataset.name}"
    how = f"{count} objects put" if count else "all there already"
    kit.console.done(f"Staged {what} in s3://{kit.bucket} ({how})")
    return dataset
