"""The curves of a training job, read from its log as SageMaker's metric definitions read it."""

from collections.abc import Mapping, Sequence

from display import epochs
from display.epochs import Epoch

Curves = Mapping[str, tuple[Epoch, ...]]
LOGGED = {"train:accuracy": "Train-accuracy", "validation:accuracy": "Validation-accuracy"}
"""The metrics of AWS's image-classification algorithm, and their names in its log."""


def curves(lines: Sequence[str]) -> Curves:
    """Return the epochs of each metric in their order, without metrics that have none."""
    found = {name: tuple(epochs.logged(lines, logged)) for name, logged in LOGGED.items()}
    return {name: values for name, values in found.items() if values}
