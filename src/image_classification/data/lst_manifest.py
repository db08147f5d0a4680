"""Reader of `.lst` files, which list one image per line: `index<TAB>label[<TAB>label…]<TAB>relative path`."""

import math
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from image_classification.failure import CustomerError


@dataclass(frozen=True)
class ManifestEntry:
    index: int
    labels: tuple[float, ...]
    path: str


def read_manifest(folder: Path, channel: str, label_width: int = 1) -> list[ManifestEntry]:
    """Return the entries of the only `.lst` file in `folder`. Raises CustomerError.

    `label_width` is num_classes in a multi-label job, else 1.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix == ".lst")
    if len(files) != 1:
        raise CustomerError(
            f"Invalid lst file in the {channel} channel. Expected one file that ends in .lst, found {len(files)}."
        )
    try:
        text = files[0].read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CustomerError(
            f"Invalid lst file in the {channel} channel. {files[0].name} is not UTF-8 text: {error}"
        ) from error
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    entries = [parse_line(line, f"{files[0].name}, line {number}", channel, label_width) for number, line in lines]
    check_entries(entries, files[0].name, channel)
    return entries


def parse_line(line: str, where: str, channel: str, label_width: int) -> ManifestEntry:
    columns = line.rstrip("\r").split("\t")
    expected = f"index, {label_width} label{'s' if label_width > 1 else ''} and a relative path, separated by tabs"
    if len(columns) != label_width + 2:
        raise invalid_line(channel, where, f"{len(columns)} columns instead of {expected}", line)
    index, *labels, path = (column.strip() for column in columns)
    try:
        entry = ManifestEntry(parse_index(index), tuple(map(parse_finite, labels)), path)
    except ValueError as error:
        raise invalid_line(channel, where, f"{error}; expected {expected}", line) from error
    if not path or PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts or "\0" in path:
        raise invalid_line(channel, where, f"the path {path!r} is not a relative path inside the channel", line)
    return entry


def parse_index(text: str) -> int:
    value = parse_finite(text)
    if value != int(value) or value < 0:
        raise ValueError(f"the index {text!r} is not a whole number of at least 0")
    return int(value)


def parse_finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or "_" in text:  # float() reads 1_0 as ten
        raise ValueError(f"{text!r} is not a finite number")
    return value


def check_entries(entries: list[ManifestEntry], name: str, channel: str) -> None:
    if not entries:
        raise CustomerError(f"Invalid lst file in the {channel} channel. {name} lists no image.")
    seen: set[int] = set()
    for entry in entries:
        if entry.index in seen:
            raise CustomerError(
                f"Invalid lst file in the {channel} channel. {name}: index {entry.index} is not unique ({entry.path})."
            )
        seen.add(entry.index)


def invalid_line(channel: str, where: str, problem: str, line: str) -> CustomerError:
    return CustomerError(f"Invalid lst file in the {channel} channel. {where}: {problem}. The line: {line[:120]!r}")
