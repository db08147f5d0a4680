"""The examples: thirty lines train on real data, and the endpoint of the second one feeds the state machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from tests.shared_data import shared

from scones.sagemaker_sdk import quiet

from .executions import end_of
from .sdk_session import sdk_session

with quiet():
    from sagemaker.deserializers import JSONDeserializer
    from sagemaker.inputs import TrainingInput
    from sagemaker.pytorch import PyTorch
    from sagemaker.serializers import JSONSerializer
    from sagemaker.session import Session
    from sagemaker.sklearn import SKLearn

# Some of the SDK's own calls to pandas and boto3 are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

EXAMPLES = Path(__file__).parents[2] / "examples/script_mode"
SCONES = [sys.executable, "-m", "scones"]
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
NAME = f"examples-{uuid4().hex[:8]}"
MACHINE: dict[str, Any] = {"instance_type": "ml.m5.large", "instance_count": 1}
SERVED: dict[str, Any] = {"initial_instance_count": 1, "instance_type": "ml.m5.large"}
IMAGES = 60
DIGIT_THREE = """
0 0 7 15 13 1 0 0
0 8 13 6 15 4 0 0
0 2 1 13 13 0 0 0
0 0 2 15 11 1 0 0
0 0 0 1 12 12 1 0
0 0 0 0 1 10 8 0
0 0 8 4 5 14 9 0
0 0 7 13 13 9 0 0
"""


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with sdk_session(f"{NAME}-sdk") as session:
        yield session


@pytest.fixture(scope="module")
def settings(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    own = {"STACK": NAME, "ENDPOINT_NAME": NAME, "BUCKET": NAME, "THRESHOLD": "0.5", "YES": "1", "ROLE": ROLE}
    folders = {"OUT": str(tmp_path_factory.mktemp("report")), "DATASET": str(shared("data/cifar-100-python.tar.gz"))}
    return {**environment, **own, **folders}


@pytest.fixture(scope="module")
def staged(settings: dict[str, str], _aws_is_the_cloud: None) -> Iterator[dict[str, str]]:
    """Deploy the workflow, and stage the real bicycles and motorcycles; return the stack's outputs."""
    for step in ("deploy", "stage"):
        run(settings, step)
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
    yield {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
    boto3.resource("s3").Bucket(NAME).objects.delete()
    run(settings, "destroy")


def run(settings: dict[str, str], step: str) -> None:
    done = subprocess.run([*SCONES, step], env={**os.environ, **settings}, text=True, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_digits_are_learned_and_recognized(session: Session) -> None:
    estimator = SKLearn(
        "digits.py", "1.2-1", source_dir=str(EXAMPLES), role=ROLE, sagemaker_session=session, **MACHINE,
        metric_definitions=[{"Name": "accuracy", "Regex": "validation:accuracy=([0-9.]+)"}],
    )  # fmt: skip
    estimator.fit(logs="None")
    (accuracy,) = estimator.latest_training_job.describe()["FinalMetricDataList"]
    assert accuracy["Value"] > 0.98
    predictor = estimator.deploy(**SERVED, serializer=JSONSerializer(), deserializer=JSONDeserializer())
    assert predictor.predict([[int(number) for number in DIGIT_THREE.split()]]) == [3]
    predictor.delete_model()
    predictor.delete_endpoint()


def test_the_endpoint_of_the_bicycles_feeds_the_state_machine(session: Session, staged: dict[str, str]) -> None:
    estimator = PyTorch(
        "bicycles.py",
        source_dir=str(EXAMPLES),
        role=ROLE,
        sagemaker_session=session,
        framework_version="2.6.0",
        py_version="py312",
        environment={"OMP_NUM_THREADS": "1"},  # on a busy machine, two threads are ten times as slow as one
        **MACHINE,
    )
    channels = {"train": f"s3://{NAME}/train/", "train_lst": f"s3://{NAME}/train.lst"}
    estimator.fit({name: TrainingInput(uri) for name, uri in channels.items()}, logs="None")
    predictor = estimator.deploy(**SERVED, endpoint_name=NAME)
    labels = labels_of_test_images()
    answers = {key: classified(staged, key) for key in list(labels)[:: len(labels) // IMAGES][:IMAGES]}
    right = sum(answer.index(max(answer)) == labels[key] for key, answer in answers.items())
    print(f"{right} of {len(answers)} test images are recognized")
    assert right >= 0.68 * len(answers)  # 0.84 on the average; by chance, one run in 300
    predictor.delete_model()
    predictor.delete_endpoint()


def labels_of_test_images() -> dict[str, int]:
    """Return the labels of the staged test images by key."""
    body = boto3.client("s3").get_object(Bucket=NAME, Key="test.lst")["Body"].read().decode()
    return {f"test/{name}": int(label) for _, label, name in (line.split("\t") for line in body.splitlines())}


def classified(outputs: dict[str, str], key: str) -> list[float]:
    """Send an image through the state machine; return the probabilities that reach its end."""
    client = boto3.client("stepfunctions")
    event = {"image_data": "", "s3_bucket": NAME, "s3_key": key, "inferences": []}
    execution = client.start_execution(stateMachineArn=outputs["StateMachineArn"], input=json.dumps(event))
    answer = end_of(execution["executionArn"])
    assert answer["status"] == "SUCCEEDED", answer
    output = json.loads(answer["output"])
    inferences: list[float] = output.get("body", output)["inferences"]
    return inferences
