"""The staged data set: what the bucket holds under the names that staging uses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from scones.buckets import Bucket
from scones.dataset.manifests import MANIFESTS, PARSE_ERRORS, RECORD, SPLITS, Dataset, parse_dataset, parse_manifest
from scones.errors import ForeignDataError, MissingError

# Lists the images of a staging that has begun and not ended. No manifest names them yet.
UNFINISHED = "unfinished.lst"
PREFIXES = tuple(f"{split}/" for split in SPLITS)
Parsed = TypeVar("Parsed")


def recorded(bucket: Bucket) -> Dataset:
    """Return the record of the last staging.

    Raises:
        MissingError: nothing is staged.
        ForeignDataError: the record's key holds something else.
    """
    return _parsed(bucket, RECORD, parse_dataset)


def labels_of(bucket: Bucket, split: str) -> dict[str, int]:
    """Return the labels of a split by file name, from its manifest."""
    return _parsed(bucket, f"{split}.lst", parse_manifest)


def require_images(bucket: Bucket, split: str) -> set[str]:
    """Return the keys of a split's images. The prefix ends with a slash: `test` would also match `test.lst`."""
    keys = set(bucket.etags(f"{split}/"))
    if not keys:
        raise MissingError(f"there is no image under {bucket.uri(f'{split}/')}: run `scones stage` first")
    return keys


def _parsed(bucket: Bucket, key: str, parse: Callable[[bytes], Parsed]) -> Parsed:
    text = bucket.get(key, written_by="stage")
    try:
        return parse(text)
    except PARSE_ERRORS as error:
        raise ForeignDataError(
            f"{bucket.uri(key)} is not what `scones stage` writes ({error}): stage again, or set BUCKET"
        ) from error


@dataclass(frozen=True)
class EarlierStaging:
    """The objects of earlier stagings, finished or not, and objects of other origin that have their names.

    etags: by key, of every object under the names that staging uses.
    images: keys of images that staging put there, and nothing else did.
    foreign: keys of the record and of manifests with contents that staging did not write.
    """

    etags: Mapping[str, str]
    images: frozenset[str]
    foreign: frozenset[str]

    @property
    def is_unfinished(self) -> bool:
        return UNFINISHED in self.etags

    @property
    def own_keys(self) -> set[str]:
        """Return the keys of all objects that staging put in the bucket."""
        records = {key for key in (RECORD, *MANIFESTS) if key in self.etags and key not in self.foreign}
        return (records | self.images | {UNFINISHED}) & self.etags.keys()


def survey(bucket: Bucket) -> EarlierStaging:
    """Look at the bucket once: list the names that staging uses, and read the record and each manifest."""
    names = (RECORD, UNFINISHED, *MANIFESTS, *PREFIXES)
    etags = {key: etag for name in names for key, etag in bucket.etags(name).items()}
    images, foreign = set[str](), set[str]()
    if RECORD in etags and not _parses(bucket, RECORD, parse_dataset):
        foreign.add(RECORD)
    for split in SPLITS:
        if (key := f"{split}.lst") not in etags:
            continue
        try:
            images |= {f"{split}/{name}" for name in labels_of(bucket, split)}
        except ForeignDataError:
            foreign.add(key)
    if UNFINISHED in etags:
        images |= _unfinished_images(bucket)
    return EarlierStaging(etags, frozenset(images), frozenset(foreign))


def _parses(bucket: Bucket, key: str, parse: Callable[[bytes], object]) -> bool:
    try:
        _parsed(bucket, key, parse)
    except ForeignDataError:
        return False
    return True


def _unfinished_images(bucket: Bucket) -> set[str]:
    keys = bucket.get(UNFINISHED, written_by="stage").decode(errors="replace").splitlines()
    return {key for key in keys if key.startswith(PREFIXES)}
