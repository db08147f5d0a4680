"""The seed of a job's random numbers: an environment variable, as AWS's algorithm has no hyperparameter for it."""

from collections.abc import Mapping

from image_classification.failure import CustomerError

VARIABLE, DEFAULT, LIMIT = "IMAGE_CLASSIFICATION_SEED", 42, 2**32 - 1


def seed_from(environment: Mapping[str, str]) -> int:
    """Return the seed. Raises CustomerError if the variable is not a whole number that fits."""
    text = environment.get(VARIABLE) or str(DEFAULT)
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) <= LIMIT):
        raise CustomerError(f"The environment variable {VARIABLE} is {text!r}; set it to a whole number up to {LIMIT}.")
    return int(text)
