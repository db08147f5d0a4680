"""The recipe of a job: how it is trained where its hyperparameters leave that open.

For images of at most 32 pixels this program's own recipe fills the gaps. Measured on the 1,200 bicycles and motorcycles
of CIFAR-100, it is more accurate than AWS's defaults and takes half a minute on two cores. For larger images AWS's
defaults hold. An explicit hyperparameter is obeyed in both cases.
"""

from dataclasses import dataclass

from image_classification.hyperparameters import Hyperparameters

SMALL_IMAGE_HEIGHT = 32
AWS_NUM_LAYERS = 152


@dataclass(frozen=True)
class Recipe:
    """The choices for a job, with nothing left open."""

    num_layers: int | None  # None: the default network for small images
    augmentation: str | None
    mirror_averaging: bool
    optimizer: str
    learning_rate: float
    momentum: float
    weight_decay: float
    label_smoothing: float
    one_cycle: bool
    precision_dtype: str | None  # None: bfloat16 on a CPU that is fast at it, else float32


def is_small(hyperparameters: Hyperparameters) -> bool:
    return max(hyperparameters.image_shape[1:]) <= SMALL_IMAGE_HEIGHT


def is_named_and_small(hyperparameters: Hyperparameters) -> bool:
    """Return whether the job names a network for small images, for which bfloat16 pays off.

    The default network is fast in float32, in which its recipe was tuned, and more accurate than in bfloat16.
    """
    return is_small(hyperparameters) and hyperparameters.num_layers is not None


def recipe_for(hyperparameters: Hyperparameters) -> Recipe:
    """Fill what the hyperparameters leave open."""
    small = is_small(hyperparameters)
    own_optimizer = small and hyperparameters.optimizer is None
    augmentation = hyperparameters.augmentation_type or ("shift" if small else None)
    return Recipe(
        num_layers=hyperparameters.num_layers if small else hyperparameters.num_layers or AWS_NUM_LAYERS,
        augmentation=augmentation,
        mirror_averaging=small and augmentation == "shift",
        optimizer=hyperparameters.optimizer or ("nag" if small else "sgd"),
        learning_rate=or_default(hyperparameters.learning_rate, 0.1),
        momentum=or_default(hyperparameters.momentum, 0.9),
        weight_decay=or_default(hyperparameters.weight_decay, 1e-3 if own_optimizer else 1e-4),
        label_smoothing=0.1 if small and not hyperparameters.multi_label else 0.0,
        one_cycle=small and hyperparameters.lr_scheduler_step is None,
        precision_dtype=hyperparameters.precision_dtype or (None if is_named_and_small(hyperparameters) else "float32"),
    )


def or_default(value: float | None, default: float) -> float:
    return default if value is None else value


def differences(hyperparameters: Hyperparameters) -> list[str]:
    """Return the differences between this job and the same job on AWS, as lines for the log."""
    notes = [
        "Validation counts every image once; AWS's rolls the last incomplete batch over.",
        "Images are center-cropped in validation and in serving alike; AWS's endpoint squashes them to image_shape.",
        "On a CPU batch normalization takes its statistics from parts of a batch, of 16 images or more.",
    ]
    if is_small(hyperparameters) and hyperparameters.num_layers is None:
        notes.append("num_layers is not given: a small-image network is trained instead of AWS's ResNet-152.")
    if is_small(hyperparameters):
        notes.append(
            "Where augmentation_type, optimizer, learning_rate, weight_decay or lr_scheduler_step are not given, the "
            "recipe for small images is used: flips, shifts, one-cycle Nesterov momentum, smoothed labels, calibration."
        )
    if is_named_and_small(hyperparameters) and hyperparameters.precision_dtype is None:
        notes.append(
            "precision_dtype is not given: training computes in bfloat16 on a CPU that is good at it. Weights, "
            "validation and the model are float32."
        )
    if hyperparameters.kv_store == "dist_async":
        notes.append("kv_store dist_async averages gradients as dist_sync does: more accurate, and reproducible.")
    return [f"Different from AWS: {note}" for note in notes]
