"""Processing in framework images through the SageMaker SDK 2: scripts, arguments, inputs, outputs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from scones.sagemaker_sdk import quiet

from .sdk_session import sdk_session

with quiet():
    from sagemaker.processing import FrameworkProcessor, ProcessingInput, ProcessingOutput, ScriptProcessor
    from sagemaker.pytorch.processing import PyTorchProcessor
    from sagemaker.session import Session
    from sagemaker.sklearn import SKLearn
    from sagemaker.sklearn.processing import SKLearnProcessor

# Some of the SDK's own calls to pandas and boto3 are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

BUCKET = f"processing-{uuid4().hex[:8]}"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
MACHINE: dict[str, Any] = {"instance_type": "ml.m5.large", "instance_count": 1}
SCIKIT_LEARN = "1.2-1"
IMAGE = f"683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:{SCIKIT_LEARN}-cpu-py3"
SCRIPT = """
import json, os, sys
import sklearn
rows = open("/opt/ml/processing/input/rows.csv").read().split()
with open("/opt/ml/processing/output/report.json", "w") as file:
    json.dump([sys.argv[1:], rows, sys.prefix, os.environ.get("MINE")], file)
print("processed", len(rows), "rows")
"""


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with sdk_session(BUCKET) as session:
        boto3.client("s3").put_object(Bucket=BUCKET, Key="rows/rows.csv", Body=b"1,2\n3,4\n")
        yield session


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "process.py"
    path.write_text(SCRIPT)
    return path


def run(processor: Any, code: str, **more: Any) -> tuple[list[str], list[str], str, str | None]:
    """Run a processor over the rows; return what its script reports: arguments, rows, environment, a variable."""
    output = f"s3://{BUCKET}/{uuid4().hex}"
    processor.run(
        code=code,
        inputs=[ProcessingInput(f"s3://{BUCKET}/rows/", "/opt/ml/processing/input")],
        outputs=[ProcessingOutput(source="/opt/ml/processing/output", destination=output)],
        arguments=["--share", "0.2"],
        logs=False,
        **more,
    )
    key = f"{output.removeprefix(f's3://{BUCKET}/')}/report.json"
    arguments, rows, prefix, variable = json.loads(boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())
    return arguments, rows, prefix, variable


def processor(session: Session, **more: Any) -> SKLearnProcessor:
    return SKLearnProcessor(SCIKIT_LEARN, role=ROLE, sagemaker_session=session, **MACHINE, **more)


def test_a_script_of_scikit_learn_gets_arguments_inputs_and_variables(session: Session, script: Path) -> None:
    arguments, rows, prefix, variable = run(processor(session, env={"MINE": "given"}), str(script))
    assert (arguments, rows, variable) == (["--share", "0.2"], ["1,2", "3,4"], "given")
    assert prefix.endswith("job-environment")


def test_the_code_may_be_in_s3(session: Session, script: Path) -> None:
    boto3.client("s3").upload_file(str(script), BUCKET, "code/process.py")
    assert run(processor(session), f"s3://{BUCKET}/code/process.py")[1] == ["1,2", "3,4"]


def test_a_script_processor_runs_its_command_in_the_image(session: Session, script: Path) -> None:
    processor = ScriptProcessor(
        image_uri=IMAGE, command=["python3", "-W", "ignore"], role=ROLE, sagemaker_session=session, **MACHINE
    )
    assert run(processor, str(script))[1] == ["1,2", "3,4"]


def test_a_framework_processor_brings_a_folder_with_requirements(session: Session, script: Path) -> None:
    (script.parent / "own.py").write_text("")
    (script.parent / "requirements.txt").write_text("pip\n")
    script.write_text("import own\n" + SCRIPT)
    processor = FrameworkProcessor(SKLearn, SCIKIT_LEARN, role=ROLE, sagemaker_session=session, **MACHINE)
    assert run(processor, "process.py", source_dir=str(script.parent))[1] == ["1,2", "3,4"]


def test_a_pytorch_processor_has_pytorch(session: Session, script: Path) -> None:
    script.write_text("import torch\n" + SCRIPT.replace("import sklearn\n", ""))
    processor = PyTorchProcessor(
        framework_version="2.6.0", py_version="py312", role=ROLE, sagemaker_session=session, **MACHINE
    )
    assert run(processor, "process.py", source_dir=str(script.parent))[0] == ["--share", "0.2"]


def test_a_script_that_fails_fails_the_job(session: Session, script: Path) -> None:
    script.write_text("import sys; sys.exit(3)")
    failing = processor(session)
    with pytest.raises(Exception, match="AlgorithmError"):
        run(failing, str(script))
    assert failing.latest_job.describe()["ProcessingJobStatus"] == "Failed"
