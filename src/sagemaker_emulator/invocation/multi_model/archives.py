"""The archives of a multi-model container's models: from S3 to the container's disk, unpacked. All of this blocks.

/opt/ml/models/<name>/model    the files of a model; <name> is a hash of its target model
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagemaker_emulator.archives import archive
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, S3Location, is_callers_fault
from sagemaker_emulator.errors import internal_failure, runtime_validation
from sagemaker_emulator.hosting.serving_container import ServingContainer

NAME_DIGITS = 32


@dataclass(frozen=True)
class Archives:
    """The models of one container in S3 and on its disk. `s3` is boto3's client."""

    s3: Any
    container: ServingContainer

    def fetch(self, target: str) -> int:
        """Bring a model to the container's disk, unless it is there. Return the size of its files in bytes.

        ValidationError, in AWS's words, if the object does not exist or is no archive.
        """
        folder = self.folder(target)
        if not folder.is_dir():
            unpacking, packed = folder.with_name("unpacking"), folder.with_name("model.tar.gz")
            try:
                self._download(target, packed)
                _unpack(packed, unpacking, self._location(target))
                unpacking.rename(folder)
            except BaseException:  # whatever the reason, no half-unpacked model stays on disk
                shutil.rmtree(folder.parent, ignore_errors=True)
                raise
            packed.unlink()
        return sum(path.lstat().st_size for path in folder.rglob("*"))

    def bring(self, target: str) -> str:
        """Make the files of a fetched model visible to the program; return their path there."""
        return self.container.bring(self.folder(target))

    def discard(self, target: str) -> None:
        """Delete a model from the container's disk."""
        self.container.discard(self.folder(target).parent)

    def folder(self, target: str) -> Path:
        return self.container.spec.base_dir / "models" / name_of(target) / "model"

    def _download(self, target: str, packed: Path) -> None:
        location = self._location(target)
        packed.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.s3.download_file(location.bucket, location.key, str(packed))
        except AWS_ERRORS as error:
            if not is_callers_fault(error):
                raise internal_failure(f"The model {location} could not be downloaded: {error}") from error
            raise runtime_validation(
                f"Failed to download model data(bucket: {location.bucket}, key: {location.key}). Please ensure that "
                "there is an object located at the URL and that the role passed to CreateModel has permissions to "
                "download the model."
            ) from error

    def _location(self, target: str) -> S3Location:
        return S3Location.parse(self.container.definition.artifacts_uri or "").joined(target)


def name_of(target: str) -> str:
    """Return the name by which the container knows a model. Source: the contract for custom containers, model_name."""
    return hashlib.sha256(target.encode()).hexdigest()[:NAME_DIGITS]


def target_of(text: str) -> str:
    """Return TargetModel as a path relative to the prefix of the models. ValidationError for one that leads out."""
    target = text.lstrip("/")
    if not target or any(part in ("", ".", "..") for part in target.split("/")):
        raise runtime_validation(f"TargetModel {text!r} is not a path relative to the prefix of the models.")
    return target


def _unpack(packed: Path, folder: Path, location: S3Location) -> None:
    folder.mkdir()
    try:
        archive.unpack(packed, folder)
    except archive.ArchiveError as error:
        raise runtime_validation(
            f'Failed to extract model data archive from URL "{location}". Please ensure that the object located at the '
            f"URL is a valid tar.gz archive. {error}."
        ) from error
