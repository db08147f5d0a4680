"""The four optimizers of AWS's algorithm. Each updates all weights at once.

PyTorch's own optimizers compute the same numbers, as a test checks, but the first use of one imports PyTorch's
compiler, which takes two seconds of every job.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from image_classification.hyperparameters import Hyperparameters
from image_classification.training.recipe import Recipe

Gradients = list[Tensor] | tuple[Tensor, ...]
Rule = Callable[[Gradients], Gradients]  # from the gradients to the direction that is subtracted from the weights


class Optimizer:
    """An optimizer that applies a rule to all weights.

    Only matrices and kernels decay, not biases or batch normalization.
    """

    def __init__(self, model: nn.Module, rule: Rule, weight_decay: float) -> None:
        # Those that decay come first, so that one slice of the gradients matches them.
        self.weights: list[Tensor] = sorted(model.parameters(), key=lambda weight: weight.ndim <= 1)
        self.decayed = [weight for weight in self.weights if weight.ndim > 1]
        self.rule, self.weight_decay = rule, weight_decay
        self.param_groups = [{"params": self.weights}]  # a GradScaler looks for gradients here

    @property
    def gradients(self) -> list[Tensor]:
        return [weight.grad for weight in self.weights if weight.grad is not None]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        gradients = self.gradients
        torch._foreach_add_(gradients[: len(self.decayed)], self.decayed, alpha=self.weight_decay)
        torch._foreach_add_(self.weights, self.rule(gradients), alpha=-rate)


class Momentum:
    """The rule of SGD with momentum; with `nesterov`, of NAG."""

    def __init__(self, momentum: float, nesterov: bool) -> None:
        self.momentum, self.nesterov = momentum, nesterov
        self.velocity: list[Tensor] = []

    def __call__(self, gradients: Gradients) -> Gradients:
        self.velocity = self.velocity or [torch.zeros_like(gradient) for gradient in gradients]
        torch._foreach_mul_(self.velocity, self.momentum)
        torch._foreach_add_(self.velocity, gradients)
        if not self.nesterov:
            return self.velocity
        return torch._foreach_add(gradients, self.velocity, alpha=self.momentum)


class Adam:
    """The rule of Adam, with bias correction."""

    def __init__(self, beta_1: float, beta_2: float, eps: float) -> None:
        self.beta_1, self.beta_2, self.eps = beta_1, beta_2, eps
        self.mean: list[Tensor] = []
        self.square: list[Tensor] = []
        self.steps = 0

    def __call__(self, gradients: Gradients) -> Gradients:
        self.mean = self.mean or [torch.zeros_like(gradient) for gradient in gradients]
        self.square = self.square or [torch.zeros_like(gradient) for gradient in gradients]
        self.steps += 1
        torch._foreach_lerp_(self.mean, gradients, 1 - self.beta_1)
        add_square(self.square, gradients, self.beta_2)
        scales = root(torch._foreach_div(self.square, 1 - self.beta_2**self.steps), self.eps)
        means = torch._foreach_div(self.mean, 1 - self.beta_1**self.steps)
        torch._foreach_div_(means, scales)
        return means


class RMSprop:
    """The rule of RMSprop."""

    def __init__(self, gamma: float, eps: float) -> None:
        self.gamma, self.eps = gamma, eps
        self.square: list[Tensor] = []

    def __call__(self, gradients: Gradients) -> Gradients:
        self.square = self.square or [torch.zeros_like(gradient) for gradient in gradients]
        add_square(self.square, gradients, self.gamma)
        torch._foreach_div_(gradients, root(self.square, self.eps))
        return gradients


def add_square(running: Gradients, gradients: Gradients, decay: float) -> None:
    torch._foreach_mul_(running, decay)
    torch._foreach_addcmul_(running, gradients, gradients, 1 - decay)


def root(squares: Gradients, eps: float) -> Gradients:
    roots = torch._foreach_sqrt(squares)
    torch._foreach_add_(roots, eps)
    return roots


def rule_for(recipe: Recipe, hyperparameters: Hyperparameters) -> Rule:
    if recipe.optimizer == "adam":
        return Adam(hyperparameters.beta_1, hyperparameters.beta_2, hyperparameters.eps)
    if recipe.optimizer == "rmsprop":
        return RMSprop(hyperparameters.gamma, hyperparameters.eps)
    return Momentum(recipe.momentum, nesterov=recipe.optimizer == "nag")


def optimizer_for(model: nn.Module, recipe: Recipe, hyperparameters: Hyperparameters) -> Optimizer:
    return Optimizer(model, rule_for(recipe, hyperparameters), recipe.weight_decay)
