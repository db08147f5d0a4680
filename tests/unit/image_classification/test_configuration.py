from pathlib import Path

import pytest

from image_classification.configuration import read_config
from image_classification.failure import PlatformError


def test_a_file_is_read_as_an_object(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"epochs": "3"}')
    assert read_config(tmp_path / "config.json") == {"epochs": "3"}


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("[]", "holds a list instead of an object"),
        ("null", "holds a NoneType instead of an object"),
    ],
)
def test_a_file_that_is_not_an_object_is_a_platform_error(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(PlatformError, match=problem):
        read_config(tmp_path / "config.json")


def test_a_missing_file_is_a_platform_error(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match=r"config\.json is missing: SageMaker writes it"):
        read_config(tmp_path / "config.json")
