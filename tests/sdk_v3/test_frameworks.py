"""ModelTrainer with source_code: the SDK v3 brings its own driver, which any image with bash and Python runs."""

from __future__ import annotations

import io
import json
import tarfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("sagemaker.train", reason="the SDK v3 is in a separate environment: make test-sdk3")
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.utils.exceptions import FailedStatusError
    from sagemaker.train import ModelTrainer
    from sagemaker.train.configs import Compute, InputData, OutputDataConfig, SourceCode
    from sagemaker.train.distributed import Torchrun

pytestmark = pytest.mark.filterwarnings("ignore")

OWN_IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
BUILT_IN = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
SCIKIT_LEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
PYTORCH = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6.0-cpu-py312"
ROLE = "arn:aws:iam::111122223333:role/sagemaker"
BUCKET = "sdk3-frameworks"
TIMEOUT_S = 300
SHOW = """
import argparse, json, os, sys
parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int)
arguments, rest = parser.parse_known_args()
rows = open(os.environ["SM_CHANNEL_TRAIN"] + "/one.txt").read()
with open(os.environ["SM_MODEL_DIR"] + "/shown.json", "w") as file:
    json.dump([arguments.depth, rows, sys.prefix], file)
"""
MEET = """
import os
import torch.distributed as dist
dist.init_process_group("gloo")
total = __import__("torch").tensor([dist.get_rank() + 1.0])
dist.all_reduce(total)
if dist.get_rank() == 0:
    open(os.environ["SM_MODEL_DIR"] + "/total", "w").write(str(total.item()))
dist.barrier()
dist.destroy_process_group()
"""


@pytest.fixture(scope="module")
def session(aws: None, unvalidated_settings: None) -> Session:
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    boto3.client("s3").put_object(Bucket=BUCKET, Key="input/one.txt", Body=b"one")
    return Session(boto_session=boto3.Session(), default_bucket=BUCKET)


@pytest.fixture
def train(session: Session, tmp_path: Path) -> Callable[..., dict[str, bytes]]:
    """Return a function that trains a script in an image, and returns the files of its model."""

    def run(image: str, script: str, hosts: int = 1, requirements: str | None = None, **more: Any) -> dict[str, bytes]:
        (tmp_path / "train.py").write_text(script)
        if requirements is not None:
            (tmp_path / "requirements.txt").write_text(requirements)
        source = SourceCode(
            source_dir=str(tmp_path),
            entry_script="train.py",
            requirements="requirements.txt" if requirements is not None else None,
        )
        trainer = ModelTrainer(
            training_image=image,
            source_code=source,
            role=ROLE,
            base_job_name="v3",
            compute=Compute(instance_type="ml.m5.large", instance_count=hosts, volume_size_in_gb=1),
            output_data_config=OutputDataConfig(s3_output_path=f"s3://{BUCKET}/models"),
            input_data_config=[InputData(channel_name="train", data_source=f"s3://{BUCKET}/input/")],
            sagemaker_session=session,
            **more,
        )
        trainer.train(wait=False)
        job = trainer._latest_training_job
        job.wait(poll=1, timeout=TIMEOUT_S)
        return files_of(job.model_artifacts.s3_model_artifacts)

    return run


def files_of(uri: str) -> dict[str, bytes]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        files = [(member, tar.extractfile(member)) for member in tar if member.isfile()]
        return {member.name.removeprefix("./"): file.read() for member, file in files if file}


@pytest.mark.parametrize("image", [SCIKIT_LEARN, BUILT_IN, OWN_IMAGE], ids=["framework", "built-in", "own"])
def test_a_script_trains_in_an_environment_of_the_jobs_own(train: Any, image: str) -> None:
    files = train(image, SHOW, hyperparameters={"depth": 3}, requirements="pip\n")
    depth, rows, prefix = json.loads(files["shown.json"])
    assert (depth, rows) == (3, "one")
    assert prefix.endswith("job-environment")


def test_torchrun_joins_two_hosts(train: Any) -> None:
    assert train(PYTORCH, MEET, hosts=2, distributed=Torchrun()) == {"total": b"3.0"}


def test_a_script_that_fails_fails_the_job(train: Any) -> None:
    with pytest.raises(FailedStatusError, match="returned non-zero exit status 1"):
        train(SCIKIT_LEARN, "raise ValueError('no such bay')")
