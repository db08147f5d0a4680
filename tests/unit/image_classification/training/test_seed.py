import pytest

from image_classification.failure import CustomerError
from image_classification.training.seed import seed_from


def test_the_seed_comes_from_the_environment_or_is_42() -> None:
    assert seed_from({"IMAGE_CLASSIFICATION_SEED": "7"}) == 7
    assert seed_from({}) == seed_from({"IMAGE_CLASSIFICATION_SEED": ""}) == 42


@pytest.mark.parametrize("value", ["-1", "1.5", "seven", "4294967296", "9" * 5000])
def test_an_invalid_seed_is_refused_with_the_name_of_its_variable(value: str) -> None:
    with pytest.raises(CustomerError, match="IMAGE_CLASSIFICATION_SEED"):
        seed_from({"IMAGE_CLASSIFICATION_SEED": value})
