"""Reader of the files of a model: a folder, one file of weights or an archive.

Somebody else uploaded these files, so none of them is trusted. An archive is read member by member, and only weights
and a description are written, under their last names, into a temporary folder. Weights are loaded as tensors only:
pickled code is never run.
"""

import pickle
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor

from image_classification.failure import CustomerError
from image_classification.model_artifacts import DESCRIPTION_FILE, Description, UnusableModelError, read_description

ARCHIVES, WEIGHTS = (".tar.gz", ".tgz", ".tar"), (".params", ".pth", ".pt")
ARCHIVE_LIMIT_BYTES, MEMBER_LIMIT = 8 << 30, 1_000
HOW = (
    "Give the weights as the `model` channel (model.tar.gz or its files), or name a file of them in the environment "
    "variable IMAGE_CLASSIFICATION_PRETRAINED_MODEL."
)
UNREADABLE = (
    pickle.UnpicklingError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
)
Weights = dict[str, Tensor]


@dataclass(frozen=True)
class StoredModel:
    """The weights of a model by name. `place` names their source in messages.

    `description` is None if another program trained the model.
    """

    place: str
    weights: Weights
    description: Description | None


def read_model(path: Path, place: str) -> StoredModel:
    """Read the best weights in a folder, a file or an archive. Raises CustomerError."""
    with model_folder(path, place) as folder:
        weights = sorted(file for file in folder.rglob("*") if file.suffix in WEIGHTS and file.is_file())
        if not weights:
            raise CustomerError(f"{place} has no file of weights: none that ends in {', '.join(WEIGHTS)}. {HOW}")
        description = description_in(folder, place)
        best = [file for file in weights if description and file.name == description.checkpoint]
        return StoredModel(place, read_weights((best or weights)[-1]), description)


def description_in(folder: Path, place: str) -> Description | None:
    descriptions = sorted(folder.rglob(DESCRIPTION_FILE))
    try:
        return read_description(descriptions[0].parent) if descriptions else None
    except UnusableModelError as error:
        raise CustomerError(f"{place}: {error}") from error


@contextmanager
def model_folder(path: Path, place: str) -> Iterator[Path]:
    """Give a folder with the model's files, whether `path` is a folder, one file or an archive."""
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    archives = [file for file in files if file.name.endswith(ARCHIVES)]
    if len(archives) > 1:
        names = ", ".join(file.name for file in archives[:3])
        raise CustomerError(f"{place} has {len(archives)} archives ({names}); give the one of the model to begin with.")
    if archives:
        with tempfile.TemporaryDirectory(prefix="model-") as folder:
            extract_model_files(archives[0], Path(folder))
            yield Path(folder)
    elif path.is_file():
        with tempfile.TemporaryDirectory(prefix="model-") as folder:
            (Path(folder) / f"weights{WEIGHTS[0]}").symlink_to(path.resolve())
            yield Path(folder)
    else:
        yield path


def extract_model_files(archive: Path, folder: Path) -> None:
    """Write the weights and the description in the archive to `folder`, under their last names only.

    Links and all other members are skipped. Raises CustomerError.
    """
    size_bytes = 0
    try:
        with tarfile.open(archive, "r|*") as tar:
            for count, member in enumerate(tar):
                size_bytes += member.size
                if size_bytes > ARCHIVE_LIMIT_BYTES or count >= MEMBER_LIMIT:
                    limits = f"{ARCHIVE_LIMIT_BYTES >> 30} GiB or {MEMBER_LIMIT} files"
                    raise CustomerError(f"{archive.name} unpacks to more than {limits}; a model is smaller.")
                name = PurePosixPath(member.name).name
                content = tar.extractfile(member) if is_model_file(name) and member.isreg() else None
                if content is not None:
                    with (folder / name).open("wb") as file:
                        shutil.copyfileobj(content, file, 1 << 20)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise CustomerError(f"{archive.name} is not a readable archive: {error}") from error


def is_model_file(name: str) -> bool:
    return name == DESCRIPTION_FILE or name.endswith(WEIGHTS)


def read_weights(path: Path) -> Weights:
    """Load named tensors, never pickled code. Raises CustomerError."""
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CustomerError(
            f"{path.name} is not a file of weights that PyTorch can read safely ({reason}). AWS's own image writes "
            "MXNet's format, which this program does not read."
        ) from error
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise CustomerError(f"{path.name} holds something other than named weights: save a model's state_dict().")
    return dict(weights)
