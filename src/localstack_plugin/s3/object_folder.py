"""The folder that S3's objects are kept in."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localstack_plugin.replacing import wrap


def install() -> None:
    wrap(
        "localstack.services.s3.storage.ephemeral:EphemeralS3ObjectStore.__init__",
        wrapper=in_own_folder,
        why="LocalStack keeps objects in a folder of a fixed name in /tmp. Another user's LocalStack cannot write "
        "there, and deleting a bucket deletes a namesake's objects too. They are kept in this cloud's own "
        "temporary folder.",
    )


def in_own_folder(original: Callable[..., None]) -> Callable[..., None]:
    def __init__(store: Any, root_directory: str | None = None) -> None:  # noqa: N807 - takes the place of one
        original(store, str(Path(tempfile.gettempdir(), "s3")))

    return __init__
