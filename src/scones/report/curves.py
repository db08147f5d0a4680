"""The curves of a training job, from its log, by its metric definitions."""

import re
from collections.abc import Mapping, Sequence

from display.epochs import Epoch

Curves = Mapping[str, tuple[Epoch, ...]]
DEFINITIONS = {
    "train:accuracy": r"Epoch\[(\d+)\] Train-accuracy=([\d.eE+-]+)",
    "validation:accuracy": r"Epoch\[(\d+)\] Validation-accuracy=([\d.eE+-]+)",
}
"""The metric definitions of AWS's image-classification algorithm, with the epoch as a group before the value.

An epoch whose value is `nan` has none."""


def curves(lines: Sequence[str]) -> Curves:
    """Return the epochs of each metric in their order, without metrics that have none."""
    values_by_name = {name: tuple(_values(re.compile(pattern), lines)) for name, pattern in DEFINITIONS.items()}
    return {name: values for name, values in values_by_name.items() if values}


def _values(pattern: re.Pattern[str], lines: Sequence[str]) -> list[Epoch]:
    matches = (pattern.search(line) for line in lines)
    return [Epoch(int(match[1]) + 1, float(match[2])) for match in matches if match]
