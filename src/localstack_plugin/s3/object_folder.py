"""Objects are kept in this LocalStack's own folder for temporary files. LocalStack has one for all, by a fixed name in
/tmp: another user's LocalStack cannot write there, and one that deletes a bucket takes along what another has in it.
"""

import tempfile
from pathlib import Path

from localstack.services.s3.storage.ephemeral import EphemeralS3ObjectStore

from localstack_plugin.replacing import replace


def install() -> None:
    original = EphemeralS3ObjectStore.__init__

    def in_own_folder(self: EphemeralS3ObjectStore, root_directory: str | None = None) -> None:
        original(self, str(Path(tempfile.gettempdir(), "s3")))

    replace(EphemeralS3ObjectStore, "__init__", in_own_folder)
