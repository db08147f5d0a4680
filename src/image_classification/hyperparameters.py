"""The hyperparameters of AWS's image-classification algorithm: names, defaults, and AWS's wording of errors.

A field without a value is None if the recipe decides then (`training/recipe.py`). So an explicit value is always
obeyed, even one that equals AWS's default.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from image_classification.failure import CustomerError

SMALL_IMAGE_LAYERS = (20, 32, 44, 56, 110)
LARGE_IMAGE_LAYERS = (18, 34, 50, 101, 152, 200)
INTEGER, NUMBER = re.compile(r"[+-]?\d{1,15}"), re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
Parser = Callable[[str, str], Any]  # from a hyperparameter's name and text to its value


def invalid(name: str, value: str, accepts: str) -> CustomerError:
    return CustomerError(
        f"The value {value!r} is not valid for the {name!r} hyperparameter which {accepts} (caused by ValidationError)"
    )


def one_of(*choices: str) -> Parser:
    def parse(name: str, value: str) -> str:
        if value not in choices:
            accepts = ", ".join(f"'{choice}'" for choice in choices)
            raise invalid(name, value, f"accepts one of the following: {accepts}")
        return value

    return parse


def one_of_numbers(*choices: int) -> Parser:
    parse = one_of(*map(str, choices))
    return lambda name, value: int(parse(name, value))


def positive_integer(name: str, value: str) -> int:
    if not INTEGER.fullmatch(value) or int(value) < 1:
        raise invalid(name, value, "expects a positive integer")
    return int(value)


def number(low: float, high: float) -> Parser:
    def parse(name: str, value: str) -> float:
        if not NUMBER.fullmatch(value) or not low <= float(value) <= high:
            raise invalid(name, value, f"expects a number between {low:g} and {high:g}")
        return float(value)

    return parse


def flag(name: str, value: str) -> bool:
    if value.lower() not in ("0", "1", "true", "false"):
        raise invalid(name, value, "accepts one of the following: '0', '1', 'true', 'false'")
    return value.lower() in ("1", "true")


def image_shape(name: str, value: str) -> tuple[int, int, int]:
    """Parse "3,32,32" as channels, height and width."""
    parts = [part.strip() for part in value.split(",")]
    if len(parts) != 3 or not all(INTEGER.fullmatch(part) and int(part) > 0 for part in parts):
        raise invalid(name, value, "expects 'channels,height,width', for instance '3,224,224'")
    channels, height, width = map(int, parts)
    if channels not in (1, 3):
        raise invalid(name, value, "expects 1 channel (gray) or 3 channels (color)")
    return channels, height, width


def epoch_list(name: str, value: str) -> tuple[int, ...]:
    """Parse "10,20", the epochs at which the learning rate falls."""
    parts = [part.strip() for part in value.split(",")]
    if not all(INTEGER.fullmatch(part) and int(part) > 0 for part in parts):
        raise invalid(name, value, "expects epochs separated by commas, for instance '10,20'")
    return tuple(sorted(map(int, parts)))


def hyperparameter(parse: Parser, **default: object) -> Any:
    return field(metadata={"parse": parse}, **default)  # type: ignore[call-overload]


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    num_classes: int = hyperparameter(positive_integer)
    num_training_samples: int = hyperparameter(positive_integer)
    augmentation_type: str | None = hyperparameter(one_of("crop", "crop_color", "crop_color_transform"), default=None)
    mini_batch_size: int = hyperparameter(positive_integer, default=32)
    epochs: int = hyperparameter(positive_integer, default=30)
    image_shape: tuple[int, int, int] = hyperparameter(image_shape, default=(3, 224, 224))
    num_layers: int | None = hyperparameter(one_of_numbers(*LARGE_IMAGE_LAYERS, *SMALL_IMAGE_LAYERS), default=None)
    learning_rate: float | None = hyperparameter(number(0, 1), default=None)
    lr_scheduler_factor: float = hyperparameter(number(0, 1), default=0.1)
    lr_scheduler_step: tuple[int, ...] | None = hyperparameter(epoch_list, default=None)
    optimizer: str | None = hyperparameter(one_of("sgd", "adam", "rmsprop", "nag"), default=None)
    momentum: float | None = hyperparameter(number(0, 1), default=None)
    weight_decay: float | None = hyperparameter(number(0, 1), default=None)
    beta_1: float = hyperparameter(number(0, 1), default=0.9)
    beta_2: float = hyperparameter(number(0, 1), default=0.999)
    eps: float = hyperparameter(number(0, 1), default=1e-8)
    gamma: float = hyperparameter(number(0, 1), default=0.9)
    early_stopping: bool = hyperparameter(flag, default=False)
    early_stopping_min_epochs: int = hyperparameter(positive_integer, default=10)
    early_stopping_patience: int = hyperparameter(positive_integer, default=10)
    early_stopping_tolerance: float = hyperparameter(number(0, 1), default=0.01)
    checkpoint_frequency: int | None = hyperparameter(positive_integer, default=None)
    precision_dtype: str | None = hyperparameter(one_of("float32", "float16"), default=None)
    resize: int | None = hyperparameter(positive_integer, default=None)
    use_pretrained_model: bool = hyperparameter(flag, default=False)
    multi_label: bool = hyperparameter(flag, default=False)
    use_weighted_loss: bool = hyperparameter(flag, default=False)
    top_k: int | None = hyperparameter(positive_integer, default=None)
    kv_store: str | None = hyperparameter(one_of("dist_sync", "dist_async"), default=None)


def parse_hyperparameters(texts: Mapping[str, str]) -> Hyperparameters:
    """Parse the job's hyperparameters. Raises CustomerError in AWS's words: unknown name, missing name, wrong value.

    Names that begin with an underscore belong to SageMaker itself: a tuning job sends `_tuning_objective_metric`.
    """
    own = {name: str(value).strip() for name, value in texts.items() if not name.startswith("_")}
    known = {entry.name: entry for entry in fields(Hyperparameters)}
    if unexpected := sorted(set(own) - set(known)):
        names = ", ".join(f"'{name}'" for name in unexpected)
        verb = "was" if len(unexpected) == 1 else "were"
        raise CustomerError(f"Additional hyperparameters are not allowed ({names} {verb} unexpected)")
    required = [name for name, entry in known.items() if entry.default is MISSING]
    if missing := [name for name in required if name not in own]:
        names = ", ".join(f"'{name}'" for name in missing)
        message = f"No value(s) were specified for {names} which are required hyperparameter(s)"
        raise CustomerError(f"{message} (caused by ValidationError)")
    parsed = {name: known[name].metadata["parse"](name, value) for name, value in own.items()}
    return checked(Hyperparameters(**parsed))


def checked(hyperparameters: Hyperparameters) -> Hyperparameters:
    """Refuse values that contradict each other."""
    _, height, width = hyperparameters.image_shape
    if hyperparameters.num_training_samples < hyperparameters.mini_batch_size:
        raise CustomerError("The number of input images must be bigger or equal to the mini_batch_size.")
    if hyperparameters.resize is not None and hyperparameters.resize < max(height, width):
        raise invalid("resize", str(hyperparameters.resize), f"expects at least the image_shape's {max(height, width)}")
    if (hyperparameters.checkpoint_frequency or 1) > hyperparameters.epochs:
        frequency = str(hyperparameters.checkpoint_frequency)
        raise invalid(
            "checkpoint_frequency", frequency, f"expects at most the number of epochs, {hyperparameters.epochs}"
        )
    if hyperparameters.top_k is not None and not 1 < hyperparameters.top_k <= hyperparameters.num_classes:
        raise invalid("top_k", str(hyperparameters.top_k), f"expects 2 to num_classes, {hyperparameters.num_classes}")
    for name in ("beta_1", "beta_2"):
        if hyperparameters.optimizer == "adam" and getattr(hyperparameters, name) == 1:
            raise invalid(name, "1", "expects a number below 1 if 'optimizer' is 'adam'")
    if hyperparameters.use_weighted_loss and not hyperparameters.multi_label:
        raise invalid("use_weighted_loss", "1", "expects 'multi_label' to be 1")
    return hyperparameters
