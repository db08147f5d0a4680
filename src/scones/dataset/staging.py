"""The command `scones stage`: write an archive as PNG files and manifests, first on disk and then in the bucket.

An interrupted staging must not look finished, and must not leave images that nobody removes. So the record is deleted
first and written last, and between the two `unfinished.lst` names every image that the bucket may hold.
"""

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

from scones.buckets import Bucket, Upload, changed
from scones.console import Console
from scones.context import Context
from scones.dataset import sources
from scones.dataset.cifar_archive import read_archive
from scones.dataset.manifests import RECORD, SPLITS, Classes, Dataset
from scones.dataset.png_files import read_dataset, write_dataset
from scones.dataset.sources import Source
from scones.dataset.staged import UNFINISHED, EarlierStaging, survey
from scones.errors import ArchiveError, ForeignDataError


def stage(context: Context) -> Dataset:
    """Stage the data set. It is checked and written to disk completely before the first object is changed."""
    settings, console, bucket = context.settings, context.console, context.data_bucket
    bucket.require()
    source = sources.locate(settings, console)
    dataset, folder = write_locally(source, settings.staged, settings.classes, console)
    count = upload(bucket, folder, console)
    bucket.put(RECORD, json.dumps(asdict(dataset), indent=2).encode(), "application/json")
    images = f"{dataset.train_images} train and {dataset.test_images} test images of {dataset.name}"
    changes = f"{count} objects put" if count else "all there already"
    console.done(f"Staged {images} in s3://{bucket.name} ({changes})")
    return dataset


def write_locally(source: Source, parent: Path, classes: Classes, console: Console) -> tuple[Dataset, Path]:
    """Write the archive's images into a folder that is named after its content, unless an earlier staging did so."""
    folder = parent / _folder_name(source, classes)
    if (dataset := read_dataset(folder)) is not None:
        console.say(f"Already unpacked: {folder}")
        return replace(dataset, name=source.name), folder
    with console.meter("Unpacking") as meter:
        archive = read_archive(source.path, lambda part: meter.update(f"reading {part}"))
        for count, name in enumerate(write_dataset(archive, source.name, folder, classes), 1):
            meter.update(f"{count} images, {name}")
    written = read_dataset(folder)
    if written is None:
        raise ArchiveError(f"{folder} was removed while it was being written: run `scones stage` again")
    return written, folder


def _folder_name(source: Source, classes: Classes) -> str:
    with source.path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
    digest.update(",".join(classes).encode())
    return digest.hexdigest()[:16]


def upload(bucket: Bucket, folder: Path, console: Console) -> int:
    """Put images, remove those of an earlier data set, put manifests. Return the number of objects that were put."""
    images = [Upload(f"{split}/{file.name}", file) for split in SPLITS for file in sorted((folder / split).iterdir())]
    keys = {image.key for image in images}
    earlier = survey(bucket)
    refuse_foreign(bucket, earlier)
    stale = (earlier.images - keys) & earlier.etags.keys()
    new_images = changed(images, dict(earlier.etags))
    new_manifests = _new_manifests(folder, earlier, {image.key for image in new_images} | stale)
    if new_images or stale or new_manifests:
        _begin(bucket, keys | stale)
    with console.meter("Uploading", total=len(new_images)) as meter:
        bucket.put_all(new_images, lambda count: meter.update(f"{count} of {len(new_images)}", completed=count))
    bucket.delete_all(stale)
    for manifest in new_manifests:  # one after the other: their order matters
        bucket.put_all([manifest])
    bucket.delete_all([UNFINISHED])
    return len(new_images) + len(new_manifests)


def refuse_foreign(bucket: Bucket, earlier: EarlierStaging) -> None:
    """Refuse to overwrite other people's objects in a bucket that this project did not create."""
    if earlier.foreign and not bucket.is_ours():
        key = sorted(earlier.foreign)[0]
        raise ForeignDataError(f"{bucket.uri(key)} belongs to somebody else and is not overwritten: set another BUCKET")


def _begin(bucket: Bucket, keys: set[str]) -> None:
    """Mark the bucket as not staged, and name every image that it may hold, until the record is written."""
    bucket.delete_all([RECORD])
    bucket.put(UNFINISHED, "\n".join(sorted(keys)).encode())


def _new_manifests(folder: Path, earlier: EarlierStaging, changed_images: set[str]) -> list[Upload]:
    """Return the manifests to put: the training manifest last, because it can start the pipeline.

    The training manifest is also put when only images have changed, or may have changed in an interrupted staging.
    """
    test, train = (Upload(f"{split}.lst", folder / f"{split}.lst") for split in ("test", "train"))
    has_new_images = earlier.is_unfinished or any(key.startswith("train/") for key in changed_images)
    etags = dict(earlier.etags)
    return changed([test], etags) + ([train] if has_new_images else changed([train], etags))
