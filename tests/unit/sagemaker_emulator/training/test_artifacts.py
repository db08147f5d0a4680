"""Artifacts: where a job's model and output go, packed or not, merged from all hosts."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path
from typing import BinaryIO

import pytest

from sagemaker_emulator.training.artifacts import Artifacts


class Uploads:
    """An S3 that keeps uploads by key."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        self.bodies[f"{bucket}/{key}"] = Path(path).read_bytes()

    def upload_fileobj(self, file: BinaryIO, bucket: str, key: str) -> None:
        self.bodies[f"{bucket}/{key}"] = file.read()


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


@pytest.mark.parametrize("compression", ["NONE", "GZIP"])
def test_nothing_outside_the_model_is_uploaded(tmp_path: Path, base_dirs: list[Path], compression: str) -> None:
    (tmp_path / "secret").write_text("secret")
    (base_dirs[0] / "model/up").symlink_to(".")
    (base_dirs[0] / "model/o1").symlink_to("up/..")
    (base_dirs[0] / "model/link").symlink_to("o1/../secret")
    (base_dirs[0] / "output/data").rmdir()
    (base_dirs[0] / "output/data").symlink_to(tmp_path)
    s3 = Uploads()
    Artifacts.of("job", {"S3OutputPath": "s3://bucket", "CompressionType": compression}).upload(s3, base_dirs)
    assert len(s3.bodies) == (1 if compression == "GZIP" else 3)
    for body in s3.bodies.values():
        assert b"secret" not in (b"".join(names(body).values()) if compression == "GZIP" else body)


def test_a_name_that_is_not_utf_8_becomes_a_key_as_in_a_url(base_dirs: list[Path]) -> None:
    (base_dirs[0] / "model" / os.fsdecode(b"caf\xe9")).write_text("x")
    s3 = Uploads()
    Artifacts.of("job", {"S3OutputPath": "s3://bucket", "CompressionType": "NONE"}).upload(s3, base_dirs)
    assert s3.bodies["bucket/job/output/model/caf%E9"] == b"x"
