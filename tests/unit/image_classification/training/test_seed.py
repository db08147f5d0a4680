import pytest

from image_classification.failure import CustomerError
from image_classification.training.seed import seed_from


def test_a_seed_comes_from_the_environment_and_is_the_same_without() -> None:
    assert seed_from({"IMAGE_CLASSIFICATION_SEED": "7"}) == 7
    assert seed_from({}) == seed_from({"IMAGE_CLASSIFICATION_SEED": ""}) == 42


@pytest.mark.parametrize("value", ["-1", "1.5", "seven", "4294967296", "9" * 5000])
def test_a_seed_that_is_no_number_is_refused_by_its_variables_name(value: str) -> None:
    with pytest.raises(CustomerError, match="IMAGE_CLASSIFICATION_SEED"):
        seed_from({"IMAGE_CLASSIFICATION_SEED": value})
