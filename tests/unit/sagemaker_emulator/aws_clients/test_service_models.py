"""Models of AWS's services: they stay in memory, so garbage collections leave them out."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from sagemaker_emulator.aws_clients.service_models import LongLivedFiles, service_models


class Files:
    """botocore's reader of files, which notes whether garbage is collected meanwhile."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content
        self.collecting: list[bool] = []

    def exists(self, file_path: str) -> bool:
        return file_path in self._content

    def load_file(self, file_path: str) -> Any:
        self.collecting.append(gc.isenabled())
        if file_path == "broken":
            raise ValueError("no JSON")
        return self._content.get(file_path)


@pytest.fixture(autouse=True)
def unfrozen() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_collections_leave_out_a_model_and_go_on_after_it() -> None:
    model: dict[str, Any] = {"shapes": [{}]}
    files = Files({"model": model})
    assert LongLivedFiles(files).load_file("model") is model
    assert files.collecting == [False]
    assert gc.isenabled()
    assert not any(one is model for one in gc.get_objects())


def test_a_file_that_is_missing_or_broken_exempts_nothing() -> None:
    gc.unfreeze()
    files = LongLivedFiles(Files({}))
    assert not files.exists("model")
    assert files.load_file("model") is None
    with pytest.raises(ValueError, match="no JSON"):
        files.load_file("broken")
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_the_models_are_read_once_for_all_sessions() -> None:
    model = service_models().load_service_model("sts", "service-2")
    assert service_models().load_service_model("sts", "service-2") is model
    assert not any(one is model for one in gc.get_objects())
