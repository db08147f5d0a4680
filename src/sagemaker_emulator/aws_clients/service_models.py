"""botocore's models of the services that the emulator calls, read once and exempt from garbage collection.

A full collection examines every object and stops all threads meanwhile. A job that floods its log causes one every few
seconds; with the models and the emulator's own modules each took 90 ms, in which no request was answered.
"""

from __future__ import annotations

import gc
from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session


class LongLivedFiles:
    """botocore's files, whose content is never dropped. A loader asks for each once.

    Whatever else exists at that moment is exempt from then on too: reference cycles of it are never freed. They are
    few, and so are the files.
    """

    def __init__(self, files: JSONFileLoader) -> None:
        self._files = files

    def exists(self, file_path: str) -> bool:
        return bool(self._files.exists(file_path))

    def load_file(self, file_path: str) -> Any:
        """Return the content of a file, or None if there is no such file."""
        gc.disable()  # many objects, none of them garbage: their number alone would cause several full collections
        try:
            content = self._files.load_file(file_path)
        finally:
            gc.enable()
        if content is not None:
            gc.freeze()
        return content


@cache
def service_models() -> Loader:
    """Return botocore's reader of service models, which keeps what it has read: every session has its own otherwise."""
    loader: Loader = Session().get_component("data_loader")
    loader.file_loader = LongLivedFiles(loader.file_loader)
    return loader
