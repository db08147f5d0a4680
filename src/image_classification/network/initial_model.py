"""Training that begins with a model's weights: incremental training, and transfer learning (`use_pretrained_model`).

What is read was uploaded by somebody: archives are read a member at a time, without unpacking anything under a name
of their own, and weights only as tensors, never as pickled code.
"""

import pickle
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import torch
from torch import Tensor, nn

from image_classification.failure import CustomerError
from image_classification.hyperparameters import Hyperparameters
from image_classification.model_artifacts import DESCRIPTION_FILE, Description, UnusableModelError, read_description
from image_classification.network.classifier import Classifier
from image_classification.paths import ContainerPaths

ARCHIVES, WEIGHTS = (".tar.gz", ".tgz", ".tar"), (".params", ".pth", ".pt")
ARCHIVE_LIMIT_BYTES, MEMBER_LIMIT = 8 << 30, 1_000
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # torchvision's, of pixels from 0 to 1
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
class InitialModel:
    """`description` is there where this program trained the model."""

    place: str
    weights: Weights
    description: Description | None

    def put_into(self, model: Classifier, whole: bool) -> None:
        """All the weights, or all but those of the last layer, which is of the model's own classes."""
        own = model.state_dict()
        head = [] if whole else head_of(model)
        if "conv1.weight" in self.weights:
            found = in_order(self.weights, own, head, self.place)
        else:
            found = {name: self.weights[name] for name in own if name in self.weights and name not in head}
        if wrong := [name for name in own if name not in head and not fits(found.get(name), own[name])]:
            raise CustomerError(
                f"The weights in {self.place} are not those of this job's network: {len(wrong)} of {len(own)} differ "
                f"or are missing, the first is {wrong[0]}. num_layers and the channels of image_shape must match."
            )
        model.load_state_dict({**own, **found})


def fits(found: Tensor | None, own: Tensor) -> bool:
    return found is not None and found.shape == own.shape


def head_of(model: Classifier) -> list[str]:
    last = [name for name, layer in model.named_modules() if isinstance(layer, nn.Linear)][-1]
    return [f"{last}.{name}" for name, _ in model.get_submodule(last).named_parameters()]


def in_order(weights: Weights, own: Weights, head: list[str], place: str) -> Weights:
    """torchvision's ResNets have these networks' layers in these networks' order, under other names."""
    theirs = [value for name, value in weights.items() if not name.startswith("fc.") and "num_batches" not in name]
    names = [name for name in own if name.startswith("layers.") and "num_batches" not in name and name not in head]
    if len(theirs) != len(names):
        raise CustomerError(
            f"The weights in {place} are {len(theirs)} arrays, those of this job's network {len(names)}: "
            "num_layers must be that of the weights."
        )
    mean, deviation = torch.tensor(IMAGENET_MEAN) * 255, torch.tensor(IMAGENET_DEVIATION) * 255
    normalization = {"mean": mean.view(1, -1, 1, 1), "scale": 1 / deviation.view(1, -1, 1, 1)}
    unchanged = {name: value for name, value in own.items() if name == "sharpness" or "num_batches" in name}
    return {**unchanged, **normalization, **dict(zip(names, theirs, strict=True))}


def initial_model(given: Hyperparameters, paths: ContainerPaths) -> InitialModel | None:
    """The model that training begins with, if any. Raises CustomerError for one that cannot be used."""
    channel = paths.channel("model")
    if channel.is_dir():
        return read_model(channel, "the model channel")
    if not given.use_pretrained_model:
        return None
    if paths.pretrained_model is None:
        raise CustomerError(f"use_pretrained_model is 1, but this image has no pretrained weights. {HOW}")
    if not paths.pretrained_model.exists():
        raise CustomerError(f"use_pretrained_model is 1, but there is no {paths.pretrained_model}. {HOW}")
    return read_model(paths.pretrained_model, str(paths.pretrained_model))


def matched(given: Hyperparameters, model: InitialModel | None) -> Hyperparameters:
    """With the model's num_layers where the job names none. Raises CustomerError where the two do not match."""
    if model is None or model.description is None:
        return given
    theirs = model.description
    if given.num_layers is None:
        given = replace(given, num_layers=theirs.num_layers)
    shape = theirs.preparation
    pairs: dict[str, tuple[object, object]] = {"num_layers": (given.num_layers, theirs.num_layers)}
    if not given.use_pretrained_model:
        trained_with = (shape.channels, shape.height, shape.width)
        pairs |= {
            "image_shape": (",".join(map(str, given.image_shape)), ",".join(map(str, trained_with))),
            "num_classes": (given.num_classes, theirs.num_classes),
        }
    for name, (wanted, found) in pairs.items():
        if wanted != found:
            raise CustomerError(
                f"The value '{wanted}' of the '{name}' hyperparameter does not match the model in {model.place}, which "
                f"was trained with {name_of(found)}. num_layers, image_shape and num_classes must be the model's."
            )
    return given


def name_of(value: object) -> str:
    return "the default network for small images" if value is None else f"'{value}'"


def read_model(place: Path, name: str) -> InitialModel:
    with files_of_model(place, name) as folder:
        weights = sorted(path for path in folder.rglob("*") if path.suffix in WEIGHTS and path.is_file())
        if not weights:
            raise CustomerError(f"{name} has no file of weights: none that ends in {', '.join(WEIGHTS)}. {HOW}")
        description = description_in(folder, name)
        best = [path for path in weights if description and path.name == description.checkpoint]
        return InitialModel(name, read_weights((best or weights)[-1]), description)


def description_in(folder: Path, name: str) -> Description | None:
    found = sorted(folder.rglob(DESCRIPTION_FILE))
    try:
        return read_description(found[0].parent) if found else None
    except UnusableModelError as error:
        raise CustomerError(f"{name}: {error}") from error


@contextmanager
def files_of_model(place: Path, name: str) -> Iterator[Path]:
    """A folder of the model's files, whether it lies there as a folder, as one file or as an archive."""
    archives = [place] if place.is_file() else sorted(place.rglob("*"))
    archives = [path for path in archives if path.name.endswith(ARCHIVES)]
    if len(archives) > 1:
        names = ", ".join(path.name for path in archives[:3])
        raise CustomerError(f"{name} has {len(archives)} archives ({names}); give the one of the model to begin with.")
    if archives:
        with tempfile.TemporaryDirectory(prefix="model-") as folder:
            take_out(archives[0], Path(folder))
            yield Path(folder)
    elif place.is_file():
        with tempfile.TemporaryDirectory(prefix="model-") as folder:
            (Path(folder) / f"given{WEIGHTS[0]}").symlink_to(place.resolve())
            yield Path(folder)
    else:
        yield place


def take_out(archive: Path, folder: Path) -> None:
    """The weights and their description, by their last names. Links and everything else stay where they are."""
    size_bytes = 0
    try:
        with tarfile.open(archive, "r|*") as tar:
            for count, member in enumerate(tar):
                size_bytes += member.size
                if size_bytes > ARCHIVE_LIMIT_BYTES or count >= MEMBER_LIMIT:
                    limits = f"{ARCHIVE_LIMIT_BYTES >> 30} GiB or {MEMBER_LIMIT} files"
                    raise CustomerError(f"{archive.name} unpacks to more than {limits}; a model is smaller.")
                name = PurePosixPath(member.name).name
                content = tar.extractfile(member) if is_wanted(name) and member.isreg() else None
                if content is not None:
                    with (folder / name).open("wb") as file:
                        shutil.copyfileobj(content, file, 1 << 20)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise CustomerError(f"{archive.name} is not an archive that can be read: {error}") from error


def is_wanted(name: str) -> bool:
    return name == DESCRIPTION_FILE or name.endswith(WEIGHTS)


def read_weights(path: Path) -> Weights:
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CustomerError(
            f"{path.name} is not a file of weights that PyTorch can read safely ({reason}). AWS's own image writes "
            "MXNet's format, which this program does not read."
        ) from error
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise CustomerError(f"{path.name} holds something else than named weights: save a model's state_dict().")
    return dict(weights)
