"""Framework images with the Docker engine: where AWS's cannot be pulled, the kit builds one with the same packages."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

BUCKET = "docker-engine"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
BUILD_TIMEOUT_S = 900.0
SCRIPT = """
import argparse, os, sklearn
parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=int)
print("scikit-learn", sklearn.__version__, "depth", parser.parse_args().depth, flush=True)
open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w").write(os.getcwd())
"""


def test_a_script_trains_in_an_image_of_the_kit(emulator: Any) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        info = tarfile.TarInfo("train.py")
        info.size = len(SCRIPT)
        tar.addfile(info, io.BytesIO(SCRIPT.encode()))
    emulator.s3.put_object(Bucket=BUCKET, Key="frameworks/sourcedir.tar.gz", Body=packed.getvalue())
    parameters = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": f"s3://{BUCKET}/frameworks/sourcedir.tar.gz",
        "depth": 3,
    }
    emulator.create(
        "framework",
        {name: json.dumps(value) for name, value in parameters.items()},
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )
    job = emulator.ended("framework", BUILD_TIMEOUT_S)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert "scikit-learn 1.4.2 depth 3" in emulator.log("framework")
