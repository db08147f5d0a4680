"""The label matrix: one row of num_classes zeros and ones for each image."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.float32]  # images, classes: one-hot, or any number of ones in a multi-label job


class WrongLabelError(Exception):
    """The label of an image does not fit the job. `index` is the position of the image."""

    def __init__(self, index: int, problem: str) -> None:
        super().__init__(problem)
        self.index = index


def one_hot(values: Sequence[float], num_classes: int) -> Labels:
    """Return the rows for one class id per image. Raises WrongLabelError."""
    labels = np.zeros((len(values), num_classes), np.float32)
    for index, value in enumerate(values):
        labels[index, class_id(index, value, num_classes)] = 1
    return labels


def multi_hot(rows: Sequence[Sequence[float]], num_classes: int) -> Labels:
    """Return the rows for a 0 or 1 per class and image. Raises WrongLabelError."""
    labels = np.zeros((len(rows), num_classes), np.float32)
    for index, row in enumerate(rows):
        if len(row) != num_classes:
            raise WrongLabelError(
                index, f"{len(row)} labels instead of {num_classes}, the num_classes of a multi_label job"
            )
        if wrong := [value for value in row if value not in (0, 1)]:
            raise WrongLabelError(index, f"the label {wrong[0]:g}, where a multi_label job's labels are 0 or 1")
        labels[index] = row
    return labels


def multi_hot_of_ids(rows: Sequence[Sequence[float]], num_classes: int) -> Labels:
    """Return the rows for any number of class ids per image. Raises WrongLabelError."""
    labels = np.zeros((len(rows), num_classes), np.float32)
    for index, row in enumerate(rows):
        labels[index, [class_id(index, value, num_classes) for value in row]] = 1
    return labels


def class_id(index: int, value: float, num_classes: int) -> int:
    if value not in range(num_classes):
        raise WrongLabelError(
            index, f"the label {value:g} is not one of 0 to {num_classes - 1}: num_classes is {num_classes}"
        )
    return int(value)
