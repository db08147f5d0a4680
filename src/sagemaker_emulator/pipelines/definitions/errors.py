"""The errors of a definition, and of an expression in it that cannot be evaluated."""

from __future__ import annotations


class DefinitionError(ValueError):
    """A definition that AWS refuses, or that is not emulated. The text names the step and the member."""


class ExpressionError(ValueError):
    """An expression has no value. The step that contains it fails with this text."""
