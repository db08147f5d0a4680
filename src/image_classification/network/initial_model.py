"""The model that training begins with: incremental training and transfer learning (`use_pretrained_model`)."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from image_classification.failure import CustomerError
from image_classification.hyperparameters import Hyperparameters
from image_classification.network.classifier import Classifier
from image_classification.network.weight_files import HOW, StoredModel, Weights, read_model
from image_classification.paths import ContainerPaths

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # torchvision's, for pixels in 0..1


def initial_model(hyperparameters: Hyperparameters, paths: ContainerPaths) -> StoredModel | None:
    """Return the model that training begins with, if there is one. Raises CustomerError if it cannot be used."""
    channel = paths.channel("model")
    if channel.is_dir():
        return read_model(channel, "the model channel")
    if not hyperparameters.use_pretrained_model:
        return None
    if paths.pretrained_model is None:
        raise CustomerError(f"use_pretrained_model is 1, but this image has no pretrained weights. {HOW}")
    if not paths.pretrained_model.exists():
        raise CustomerError(f"use_pretrained_model is 1, but there is no {paths.pretrained_model}. {HOW}")
    return read_model(paths.pretrained_model, str(paths.pretrained_model))


def copy_weights(stored: StoredModel, model: Classifier, with_last_layer: bool) -> None:
    """Copy the stored weights into the model. Raises CustomerError if they do not fit.

    The last layer depends on the number of classes: transfer learning leaves it as it is.
    """
    own = model.state_dict()
    last_layer = [] if with_last_layer else last_layer_names(model)
    if "conv1.weight" in stored.weights:
        weights = from_torchvision(stored, own, last_layer)
    else:
        weights = {name: stored.weights[name] for name in own if name in stored.weights and name not in last_layer}
    if wrong := [name for name in own if name not in last_layer and not fits(weights.get(name), own[name])]:
        raise CustomerError(
            f"The weights in {stored.place} are not those of this job's network: {len(wrong)} of {len(own)} differ "
            f"or are missing, the first is {wrong[0]}. num_layers and the channels of image_shape must match."
        )
    model.load_state_dict({**own, **weights})


def fits(stored: Tensor | None, own: Tensor) -> bool:
    return stored is not None and stored.shape == own.shape


def last_layer_names(model: Classifier) -> list[str]:
    path = [name for name, layer in model.named_modules() if isinstance(layer, nn.Linear)][-1]
    return [f"{path}.{name}" for name, _ in model.get_submodule(path).named_parameters()]


def from_torchvision(stored: StoredModel, own: Weights, last_layer: list[str]) -> Weights:
    """Return torchvision's weights under this program's names: the layers and their order are the same."""
    values = [value for name, value in stored.weights.items() if not name.startswith("fc.") and is_learned(name)]
    names = [name for name in own if name.startswith("layers.") and is_learned(name) and name not in last_layer]
    if len(values) != len(names):
        raise CustomerError(
            f"The weights in {stored.place} are {len(values)} arrays, those of this job's network {len(names)}: "
            "num_layers must be that of the weights."
        )
    mean, deviation = torch.tensor(IMAGENET_MEAN) * 255, torch.tensor(IMAGENET_DEVIATION) * 255
    normalization = {"mean": mean.view(1, -1, 1, 1), "scale": 1 / deviation.view(1, -1, 1, 1)}
    unchanged = {name: value for name, value in own.items() if name == "sharpness" or not is_learned(name)}
    return {**unchanged, **normalization, **dict(zip(names, values, strict=True))}


def is_learned(name: str) -> bool:
    """Return False for batch normalization's counters, which older files do not have."""
    return "num_batches" not in name


def matched_hyperparameters(hyperparameters: Hyperparameters, stored: StoredModel | None) -> Hyperparameters:
    """Return the hyperparameters with the stored model's num_layers if the job gives none.

    Raises CustomerError if a hyperparameter contradicts the stored model.
    """
    if stored is None or stored.description is None:
        return hyperparameters
    theirs = stored.description
    if hyperparameters.num_layers is None:
        hyperparameters = replace(hyperparameters, num_layers=theirs.num_layers)
    shape = theirs.preparation
    pairs: dict[str, tuple[object, object]] = {"num_layers": (hyperparameters.num_layers, theirs.num_layers)}
    if not hyperparameters.use_pretrained_model:
        trained_with = (shape.channels, shape.height, shape.width)
        pairs |= {
            "image_shape": (",".join(map(str, hyperparameters.image_shape)), ",".join(map(str, trained_with))),
            "num_classes": (hyperparameters.num_classes, theirs.num_classes),
        }
    for name, (requested, trained) in pairs.items():
        if requested != trained:
            raise CustomerError(
                f"The value '{requested}' of the '{name}' hyperparameter does not match the model in {stored.place}, "
                f"which was trained with {name_of(trained)}. num_layers, image_shape and num_classes must be the "
                "model's."
            )
    return hyperparameters


def name_of(value: object) -> str:
    return "the default network for small images" if value is None else f"'{value}'"
