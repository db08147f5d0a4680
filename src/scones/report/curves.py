"""The curves of a training job, from its log, by its metric definitions."""

import re
from collections.abc import Mapping, Sequence

Curves = Mapping[str, tuple[float, ...]]
DEFINITIONS = {
    "train:accuracy": r"Epoch\[\d+\] Train-accuracy=(\S+)",
    "validation:accuracy": r"Epoch\[\d+\] Validation-accuracy=(\S+)",
}
"""The metric definitions of AWS's image-classification algorithm."""


def curves(lines: Sequence[str]) -> Curves:
    """Return the values of each metric in their order, without metrics that have none."""
    values_by_name = {name: tuple(_values(re.compile(pattern), lines)) for name, pattern in DEFINITIONS.items()}
    return {name: values for name, values in values_by_name.items() if values}


def _values(pattern: re.Pattern[str], lines: Sequence[str]) -> list[float]:
    return [float(match[1]) for line in lines if (match := pattern.search(line))]
