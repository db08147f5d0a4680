"""Learning-rate schedules and the criterion."""

import math
from collections.abc import Callable

from torch import Tensor, nn

from image_classification.hyperparameters import Hyperparameters
from image_classification.training.recipe import Recipe

WARM_UP = 0.2  # the part of a one-cycle schedule in which the rate rises
Schedule = Callable[[int], float]  # from the number of the optimizer's step, from 0, to the learning rate


def schedule_for(recipe: Recipe, given: Hyperparameters, batches_per_epoch: int) -> Schedule:
    if recipe.one_cycle:
        return one_cycle(recipe.learning_rate, batches_per_epoch * given.epochs)

    def stepped(step: int) -> float:
        passed = sum(step >= epoch * batches_per_epoch for epoch in given.lr_scheduler_step or ())
        return recipe.learning_rate * given.lr_scheduler_factor**passed

    return stepped


def one_cycle(peak: float, steps: int) -> Schedule:
    """Up in a line to `peak`, then down to nothing along a cosine."""
    rise = max(1, round(steps * WARM_UP))

    def rate(step: int) -> float:
        if step < rise:
            return peak * (step + 1) / rise
        return peak * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))

    return rate


def criterion_for(recipe: Recipe, given: Hyperparameters, labels: Tensor) -> nn.Module:
    """`labels` are those of the training images: a weighted loss takes each class's rarity from them."""
    if not given.multi_label:
        return nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
    if not given.use_weighted_loss:
        return nn.BCEWithLogitsLoss()
    positives = labels.sum(0).clamp(min=1)
    return nn.BCEWithLogitsLoss(pos_weight=(len(labels) - positives).clamp(min=1) / positives)
