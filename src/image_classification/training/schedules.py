"""The learning-rate schedules and the loss of a job."""

import math
from collections.abc import Callable

from torch import Tensor, nn

from image_classification.hyperparameters import Hyperparameters
from image_classification.training.recipe import Recipe

WARM_UP = 0.2  # the fraction of a one-cycle schedule in which the rate rises
Schedule = Callable[[int], float]  # from the optimizer's step, counted from 0, to the learning rate


def schedule_for(recipe: Recipe, hyperparameters: Hyperparameters, batches_per_epoch: int) -> Schedule:
    """Return one cycle over all epochs, or AWS's schedule, which multiplies the rate by a factor at given epochs."""
    if recipe.one_cycle:
        return one_cycle(recipe.learning_rate, batches_per_epoch * hyperparameters.epochs)

    def stepped(step: int) -> float:
        passed = sum(step >= epoch * batches_per_epoch for epoch in hyperparameters.lr_scheduler_step or ())
        return recipe.learning_rate * hyperparameters.lr_scheduler_factor**passed

    return stepped


def one_cycle(peak: float, steps: int) -> Schedule:
    """Return a schedule that rises to `peak` in a straight line, then falls to 0 along a cosine."""
    rise = max(1, round(steps * WARM_UP))

    def rate(step: int) -> float:
        if step < rise:
            return peak * (step + 1) / rise
        return peak * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))

    return rate


def criterion_for(recipe: Recipe, hyperparameters: Hyperparameters, labels: Tensor) -> nn.Module:
    """Return the loss. `use_weighted_loss` weights each class by its rarity among the training `labels`."""
    if not hyperparameters.multi_label:
        return nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
    if not hyperparameters.use_weighted_loss:
        return nn.BCEWithLogitsLoss()
    positives = labels.sum(0).clamp(min=1)
    return nn.BCEWithLogitsLoss(pos_weight=(len(labels) - positives).clamp(min=1) / positives)
