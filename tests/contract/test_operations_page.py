from pathlib import Path

from sagemaker_emulator.operations_page import page


def test_the_operations_page_is_generated_from_the_code() -> None:
    written = Path(__file__).parents[2] / "docs" / "operations.md"
    assert written.read_text() == page(), "run `make docs`"
