"""Optimizers, learning-rate schedules and the criterion."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from image_classification.hyperparameters import Hyperparameters
from image_classification.recipe import Recipe

WARM_UP = 0.2  # the part of a one-cycle schedule in which the rate rises
Schedule = Callable[[int], float]  # from the number of the optimizer's step, from 0, to the learning rate


def optimizer_for(model: nn.Module, recipe: Recipe, given: Hyperparameters) -> torch.optim.Optimizer:
    """Weight decay is for weights: not for biases, nor for batch normalisation."""
    weights = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    groups = [{"params": weights, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    rate = recipe.learning_rate
    if recipe.optimizer == "adam":
        return torch.optim.Adam(groups, rate, betas=(given.beta_1, given.beta_2), eps=given.eps)
    if recipe.optimizer == "rmsprop":
        return torch.optim.RMSprop(groups, rate, alpha=given.gamma, eps=given.eps)
    nesterov = recipe.optimizer == "nag" and recipe.momentum > 0
    return torch.optim.SGD(groups, rate, momentum=recipe.momentum, nesterov=nesterov)


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
