"""The chosen classes of an archive, as PNG files and manifests in a folder."""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from scones.dataset.cifar_archive import Archive, Batch
from scones.errors import ArchiveError

SPLITS = ("train", "test")
# What was staged before there was a choice.
FIRST_CLASSES = ("bicycle", "motorcycle")
# What parsing raises of a file that is not ours.
BROKEN = (ValueError, TypeError, KeyError)
FILENAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}\.png")


Classes = tuple[str, ...]
"""Names, at the index that they have in the endpoint's answer."""


def class_name(index: int | None, classes: Classes) -> str:
    return classes[index] if index is not None and index < len(classes) else "unknown"


@dataclass(frozen=True)
class Row:
    index: int
    label: int
    filename: str
    pixels: np.ndarray


@dataclass(frozen=True)
class Dataset:
    """What is staged. digest identifies images, labels and names, whatever archive they came in."""

    name: str
    digest: str
    train_images: int
    test_images: int
    classes: Classes


def select(batch: Batch, split: str, archive: Archive, classes: Classes) -> list[Row]:
    """Rows of our classes, in the archive's order."""
    labels = {archive.class_names.index(name): index for index, name in enumerate(classes)}
    rows = [
        Row(index, labels[label], batch.filenames[index], batch.data[index])
        for index, label in enumerate(batch.labels)
        if label in labels
    ]
    if unsafe := [row.filename for row in rows if not FILENAME.fullmatch(row.filename)]:
        raise ArchiveError(f"{split} has the file name {unsafe[0]!r}: only plain names ending in .png are taken")
    if len({row.filename for row in rows}) < len(rows):
        raise ArchiveError(f"{split} has the same file name twice")
    for label, name in enumerate(classes):
        if not any(row.label == label for row in rows):
            raise ArchiveError(f"{split} has no row of the class {name}: there is nothing to tell apart")
    return rows


def manifest(rows: list[Row]) -> bytes:
    """`row<TAB>label<TAB>filename`, LF, no header, ascending row of the archive."""
    return "".join(f"{row.index}\t{row.label}\t{row.filename}\n" for row in rows).encode()


def parse_manifest(text: bytes) -> dict[str, int]:
    """Label by file name: the truth, which a file's name does not tell.

    Raises:
        ValueError: this is not a manifest of ours.
    """
    fields = [line.split("\t") for line in text.decode().splitlines()]
    labels = {filename: int(label) for _, label, filename in fields}
    if not all(FILENAME.fullmatch(filename) for filename in labels):
        raise ValueError("it has a file name that is not a plain one ending in .png")
    return labels


def check_classes(archive: Archive, classes: Classes) -> None:
    if unknown := [name for name in classes if name not in archive.class_names]:
        known = ", ".join(sorted(archive.class_names))
        raise ArchiveError(f"meta has no class {unknown[0]!r}: set CLASSES to some of {known}")


def digest_of(splits: dict[str, list[Row]]) -> str:
    digest = hashlib.sha256()
    for rows in splits.values():
        digest.update(manifest(rows))
        for row in rows:
            digest.update(row.pixels.tobytes())
    return digest.hexdigest()


def write_png(row: Row, path: Path) -> None:
    Image.fromarray(np.ascontiguousarray(row.pixels.reshape(3, 32, 32).transpose(1, 2, 0))).save(path)


def _write(archive: Archive, name: str, folder: Path, classes: Classes) -> Iterator[str]:
    splits = {
        "train": select(archive.train, "train", archive, classes),
        "test": select(archive.test, "test", archive, classes),
    }
    for split, rows in splits.items():
        (folder / split).mkdir()
        for row in rows:
            write_png(row, folder / split / row.filename)
            yield row.filename
        (folder / f"{split}.lst").write_bytes(manifest(rows))
    dataset = Dataset(name, digest_of(splits), len(splits["train"]), len(splits["test"]), classes)
    (folder / "dataset.json").write_text(json.dumps(asdict(dataset), indent=2))


def write_dataset(archive: Archive, name: str, folder: Path, classes: Classes) -> Iterator[str]:
    """Write PNGs, manifests and dataset.json, yielding each file's name; the folder appears whole or not at all."""
    check_classes(archive, classes)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".staging-") as temporary:
        unfinished = Path(temporary) / "dataset"
        unfinished.mkdir()
        yield from _write(archive, name, unfinished, classes)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)


def read_dataset(folder: Path) -> Dataset | None:
    """What was staged in a folder, None if nothing whole was."""
    try:
        return parse_dataset((folder / "dataset.json").read_bytes())
    except (FileNotFoundError, *BROKEN):
        return None


def parse_dataset(text: bytes) -> Dataset:
    fields = json.loads(text)
    counts = int(fields["train_images"]), int(fields["test_images"])
    classes = tuple(str(name) for name in fields.get("classes", FIRST_CLASSES))
    return Dataset(str(fields["name"]), str(fields["digest"]), *counts, classes)
