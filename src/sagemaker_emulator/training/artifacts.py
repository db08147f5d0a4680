"""A job's artifacts in S3: its model and its output, merged from all hosts, packed or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sagemaker_emulator.archives import archive
from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.aws_clients.uploads import upload, upload_file


@dataclass(frozen=True)
class Artifacts:
    """The destination of a training job's artifacts: `<S3OutputPath>/<job>/output/`."""

    folder: S3Location
    packed: bool

    @classmethod
    def of(cls, job_name: str, output_config: dict[str, Any]) -> Artifacts:
        output = S3Location.parse(output_config["S3OutputPath"])
        return cls(output.joined(job_name, "output"), output_config.get("CompressionType", "GZIP") == "GZIP")

    @property
    def model_uri(self) -> str:
        """S3ModelArtifacts: the archive or, with CompressionType NONE, the folder of the files."""
        return f"{self.folder}/model.tar.gz" if self.packed else f"{self.folder}/model/"

    def upload(self, s3: Any, base_dirs: Sequence[Path]) -> None:
        """Upload the model, and the output if there is any."""
        self._upload(s3, "model", [(base_dir, "model") for base_dir in base_dirs])
        output = [(base_dir, "output/data") for base_dir in base_dirs]
        if any(True for _ in archive.entries_of(output)):
            self._upload(s3, "output" if self.packed else "data", output)

    def _upload(self, s3: Any, name: str, directories: Sequence[tuple[Path, str]]) -> None:
        if self.packed:
            with TemporaryDirectory(dir=directories[0][0].parent) as folder:  # which no container sees
                packed = Path(folder) / f"{name}.tar.gz"
                archive.pack(directories, packed)
                upload_file(s3, packed, self.folder.joined(packed.name))
            return
        for entry, relative in archive.entries_of(directories):
            if entry.is_file:
                upload(s3, entry, self.folder.joined(name, relative))
