"""Uploads of /opt/ml/output/intermediate while a script runs. Source: sagemaker_training/intermediate_output.py."""

from __future__ import annotations

import time
from pathlib import Path

from frameworks.training.intermediate_output import IntermediateOutput

DEADLINE_S = 60


class Bucket:
    """An S3 client that keeps what is uploaded."""

    def __init__(self) -> None:
        self.objects: dict[str, str] = {}

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        self.objects[f"{bucket}/{key}"] = Path(path).read_text()


def test_files_are_uploaded_while_the_script_runs_and_at_its_end(tmp_path: Path) -> None:
    s3, folder = Bucket(), tmp_path / "intermediate"
    with IntermediateOutput(folder, "s3://bucket/jobs/", "job-1", lambda: s3):
        (folder / "epoch-1").mkdir()
        (folder / "epoch-1/loss").write_text("0.5")
        deadline = time.monotonic() + DEADLINE_S
        while not s3.objects:
            assert time.monotonic() < deadline, "nothing was uploaded while the script ran"
            time.sleep(0.05)  # poll
        (folder / "last").write_text("0.1")
    prefix = "bucket/jobs/job-1/output/intermediate"
    assert s3.objects == {f"{prefix}/epoch-1/loss": "0.5", f"{prefix}/last": "0.1"}


def test_without_a_place_in_s3_nothing_happens(tmp_path: Path) -> None:
    for location in (None, "file:///somewhere"):
        with IntermediateOutput(tmp_path / "intermediate", location, "job-1"):
            pass
        assert not (tmp_path / "intermediate").exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    s3, folder = Bucket(), tmp_path / "intermediate"
    (tmp_path / "secret").write_text("secret")
    with IntermediateOutput(folder, "s3://bucket", "job-1", lambda: s3):
        (folder / "link").symlink_to(tmp_path / "secret")
    assert s3.objects == {}
