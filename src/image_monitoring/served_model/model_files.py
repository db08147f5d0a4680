"""Read the files of the served model from its archive or from a baseline's folder.

The kit's models are ONNX graphs with a description, `model-shapes.json`. Any other model has no embedding here: the
analyzer compares its answers and the pixels alone, and says so.
"""

from __future__ import annotations

import json
import tarfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from image_monitoring.contract import InputError
from image_monitoring.served_model.network import Network, NetworkError

GRAPH, SHAPES, ARCHIVE = "model.onnx", "model-shapes.json", "model.tar.gz"
SIZE_MAX = 512 << 20
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class ServedModel:
    """A network and the shape of its images. resize: the length to which the shorter side is scaled, or None."""

    network: Network
    graph: bytes
    shapes: bytes
    channels: int
    height: int
    width: int
    resize: int | None

    @classmethod
    def parse(cls, graph: bytes, shapes: bytes) -> ServedModel:
        try:
            preparation = json.loads(shapes)["preparation"]
            channels, height, width = (int(preparation[name]) for name in ("channels", "height", "width"))
            resize = preparation.get("resize")
        except (ValueError, LookupError, TypeError) as error:
            raise InputError(f"{SHAPES} of the model cannot be read: {error!r}") from error
        return cls(
            Network.parse(graph), graph, shapes, channels, height, width, None if resize is None else int(resize)
        )

    def prepared(self, image: Image.Image) -> Pixels:
        """Return the model's input: the image scaled as the description says, enlarged if too small, and cropped."""
        if self.channels == 1:
            image = image.convert("L")
        if self.resize is not None:
            image = scaled(image, self.resize / min(image.size))
        if image.width < self.width or image.height < self.height:
            image = scaled(image, max(self.height / image.height, self.width / image.width))
        left, top = (image.width - self.width) // 2, (image.height - self.height) // 2
        pixels = np.asarray(image.crop((left, top, left + self.width, top + self.height)))
        return pixels.reshape(self.height, self.width, self.channels)

    def write(self, folder: Path) -> None:
        (folder / GRAPH).write_bytes(self.graph)
        (folder / SHAPES).write_bytes(self.shapes)


def scaled(image: Image.Image, factor: float) -> Image.Image:
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image if size == image.size else image.resize(size, Image.Resampling.BILINEAR)


def read_model(folder: Path) -> ServedModel | None:
    """Return the model in a folder, or in the archive there. None if it is not a model that can be run here."""
    with suppress(NetworkError):
        if (folder / GRAPH).is_file() and (folder / SHAPES).is_file():
            return ServedModel.parse((folder / GRAPH).read_bytes(), (folder / SHAPES).read_bytes())
        archives = sorted(folder.rglob(ARCHIVE)) if folder.is_dir() else []
        return read_archive(archives[0]) if archives else None
    return None


def read_archive(path: Path) -> ServedModel | None:
    """Read two members of the archive into memory. Nothing is extracted, so no name in it can lead anywhere."""
    members: dict[str, bytes] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = member.name[2:] if member.name.startswith("./") else member.name
                if name in (GRAPH, SHAPES) and member.isfile():
                    members[name] = read_member(archive, member)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InputError(f"{path.name} cannot be read: {error}") from error
    return ServedModel.parse(members[GRAPH], members[SHAPES]) if len(members) == 2 else None


def read_member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > SIZE_MAX:
        raise InputError(f"{member.name} in the model's archive has {member.size} bytes, over the limit of {SIZE_MAX}")
    file = archive.extractfile(member)
    return b"" if file is None else file.read()
