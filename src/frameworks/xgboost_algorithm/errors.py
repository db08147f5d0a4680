"""Errors of the algorithm, by who can prevent them. The names are those that AWS's FailureReason shows."""

from __future__ import annotations


class UserError(Exception):
    """Wrong hyperparameters, channels or data."""


class AlgorithmError(Exception):
    """Anything else that ends a training."""


class PlatformError(Exception):
    """SageMaker has not given the hosts what they need."""
