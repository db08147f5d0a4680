"""Artifacts: where a job's model and output go, packed or not, merged from all hosts."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from sagemaker_emulator.training.artifacts import Artifacts


class Uploads:
    """An S3 that keeps what is uploaded, by key."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        self.bodies[f"{bucket}/{key}"] = Path(path).read_bytes()


@pytest.fixture
def base_dirs(tmp_path: Path) -> list[Path]:
    """Two hosts, whose models share one file name."""
    hosts = [tmp_path / "algo-1", tmp_path / "algo-2"]
    for host in hosts:
        (host / "model/sub").mkdir(parents=True)
        (host / "output/data").mkdir(parents=True)
        (host / "model/shared").write_text(host.name)
        (host / "model/sub" / host.name).write_text(host.name)
    return hosts


def names(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}  # type: ignore[union-attr]


def test_a_packed_model_is_one_archive_in_which_the_first_host_wins(base_dirs: list[Path]) -> None:
    artifacts, s3 = Artifacts.of("job", {"S3OutputPath": "s3://bucket/models/"}), Uploads()
    artifacts.upload(s3, base_dirs)
    assert artifacts.model_uri == "s3://bucket/models/job/output/model.tar.gz"
    assert list(s3.bodies) == ["bucket/models/job/output/model.tar.gz"]
    assert names(s3.bodies["bucket/models/job/output/model.tar.gz"]) == {
        "shared": b"algo-1",
        "sub/algo-1": b"algo-1",
        "sub/algo-2": b"algo-2",
    }


def test_output_is_uploaded_when_any_host_has_some(base_dirs: list[Path]) -> None:
    (base_dirs[1] / "output/data/report").write_text("done")
    artifacts, s3 = Artifacts.of("job", {"S3OutputPath": "s3://bucket"}), Uploads()
    artifacts.upload(s3, base_dirs)
    assert names(s3.bodies["bucket/job/output/output.tar.gz"]) == {"report": b"done"}


def test_without_compression_the_artifacts_are_files(base_dirs: list[Path]) -> None:
    (base_dirs[0] / "output/data/report").write_text("done")
    artifacts = Artifacts.of("job", {"S3OutputPath": "s3://bucket/models", "CompressionType": "NONE"})
    s3 = Uploads()
    artifacts.upload(s3, base_dirs)
    assert artifacts.model_uri == "s3://bucket/models/job/output/model/"
    assert s3.bodies == {
        "bucket/models/job/output/model/shared": b"algo-1",
        "bucket/models/job/output/model/sub/algo-1": b"algo-1",
        "bucket/models/job/output/model/sub/algo-2": b"algo-2",
        "bucket/models/job/output/data/report": b"done",
    }


def test_an_output_path_that_is_not_in_s3_is_refused() -> None:
    with pytest.raises(ValueError, match="'file:///x' is not an S3 URI"):
        Artifacts.of("job", {"S3OutputPath": "file:///x"})
