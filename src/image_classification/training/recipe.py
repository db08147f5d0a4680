"""How a job is trained where its hyperparameters leave that open.

For images of at most 32 pixels the kit's own recipe fills the gaps: measured on the 1,200 bicycles and motorcycles of
CIFAR-100, it is more accurate than AWS's defaults and takes a minute on two cores. Otherwise AWS's defaults hold. What
is given explicitly is obeyed in both.
"""

from dataclasses import dataclass

from image_classification.hyperparameters import Hyperparameters

SMALL_IMAGE_HEIGHT = 32
AWS_NUM_LAYERS = 152


@dataclass(frozen=True)
class Recipe:
    num_layers: int | None  # None: the default network for small images
    augmentation: str | None
    mirror_averaging: bool
    optimizer: str
    learning_rate: float
    momentum: float
    weight_decay: float
    label_smoothing: float
    one_cycle: bool
    precision_dtype: str | None  # None: bfloat16 where the processor is good at it, else float32


def is_small(hyperparameters: Hyperparameters) -> bool:
    return max(hyperparameters.image_shape[1:]) <= SMALL_IMAGE_HEIGHT


def is_named_and_small(hyperparameters: Hyperparameters) -> bool:
    """A deep network for small images, which is learned by others' recipes too. The kit's own is quick in float32, in
    which its recipe was found, and right more often than in bfloat16."""
    return is_small(hyperparameters) and hyperparameters.num_layers is not None


def recipe_for(given: Hyperparameters) -> Recipe:
    small = is_small(given)
    own_optimizer = small and given.optimizer is None
    augmentation = given.augmentation_type or ("shift" if small else None)
    return Recipe(
        num_layers=given.num_layers if small else given.num_layers or AWS_NUM_LAYERS,
        augmentation=augmentation,
        mirror_averaging=small and augmentation == "shift",
        optimizer=given.optimizer or ("nag" if small else "sgd"),
        learning_rate=first(given.learning_rate, 0.1),
        momentum=first(given.momentum, 0.9),
        weight_decay=first(given.weight_decay, 1e-3 if own_optimizer else 1e-4),
        label_smoothing=0.1 if small and not given.multi_label else 0.0,
        one_cycle=small and given.lr_scheduler_step is None,
        precision_dtype=given.precision_dtype or (None if is_named_and_small(given) else "float32"),
    )


def first(given: float | None, default: float) -> float:
    return default if given is None else given


def differences(given: Hyperparameters) -> list[str]:
    """What this program does otherwise than AWS's, for the log."""
    notes = [
        "Validation counts every image once; AWS's rolls the last incomplete batch over.",
        "Images are center-cropped in validation and in serving alike; AWS's endpoint squashes them to image_shape.",
        "On a CPU batch normalization takes its statistics from parts of a batch, of 16 images or more.",
    ]
    if is_small(given) and given.num_layers is None:
        notes.append("num_layers is not given: a small-image network is trained instead of AWS's ResNet-152.")
    if is_small(given):
        notes.append(
            "Where augmentation_type, optimizer, learning_rate, weight_decay or lr_scheduler_step are not given, the "
            "recipe for small images is used: flips, shifts, one-cycle Nesterov momentum, smoothed labels, calibration."
        )
    if is_named_and_small(given) and given.precision_dtype is None:
        notes.append(
            "precision_dtype is not given: training computes in bfloat16 where the processor is good at it. Weights, "
            "validation and the model are float32."
        )
    if given.kv_store == "dist_async":
        notes.append("kv_store dist_async averages gradients as dist_sync does: more accurate, and reproducible.")
    return [f"Different from AWS: {note}" for note in notes]
