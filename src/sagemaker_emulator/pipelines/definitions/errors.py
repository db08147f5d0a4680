"""The errors of a definition, and of an expression of it that cannot be evaluated."""

from __future__ import annotations


class DefinitionError(ValueError):
    """A definition that AWS refuses, or that is not emulated. The text names the step and the member."""


class ExpressionError(ValueError):
    """An expression without a value: the step that has it fails with the text."""
