import logging
from pathlib import Path

import pytest

from image_classification.failure import AlgorithmError, ContainerError, CustomerError, PlatformError, report_failure


@pytest.mark.parametrize(
    ("error", "log_line", "failure", "exit_code"),
    [
        (CustomerError("why"), "Customer Error: why", "ClientError: why", 2),
        (AlgorithmError("why"), "Algorithm Error: why", "AlgorithmError: why", 1),
        (PlatformError("why"), "Platform Error: why", "InternalServerError: why", 3),
    ],
)
def test_an_error_is_reported_in_the_words_of_aws(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: ContainerError, log_line: str, failure: str, exit_code: int
) -> None:
    file = tmp_path / "output" / "failure"
    assert report_failure(error, file, logging.getLogger("test")) == exit_code
    assert [record.getMessage() for record in caplog.records] == [log_line]
    assert file.read_text() == failure


def test_a_failure_is_cut_to_1024_characters(tmp_path: Path) -> None:
    report_failure(CustomerError("é" * 2000), tmp_path / "failure", logging.getLogger("test"))
    assert (tmp_path / "failure").read_text() == "ClientError: " + "é" * 1011
