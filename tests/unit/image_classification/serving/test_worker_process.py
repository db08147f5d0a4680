import logging

import pytest
from aiohttp.http_exceptions import BadHttpMessage

from image_classification.serving.worker_process import is_own_error


def record_of(error: Exception | None) -> logging.LogRecord:
    exc_info = None if error is None else (type(error), error, None)
    return logging.LogRecord("", logging.ERROR, "", 1, "", None, exc_info)


@pytest.mark.parametrize("error", [BadHttpMessage(""), ConnectionResetError()])
def test_faults_of_clients_are_not_logged(error: Exception) -> None:
    assert not is_own_error(record_of(error))


@pytest.mark.parametrize("error", [KeyError(), None])
def test_faults_of_the_server_are_logged(error: Exception | None) -> None:
    assert is_own_error(record_of(error))
