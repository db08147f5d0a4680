"""The SageMaker SDK v2's own calls, unmodified, for each framework: fit, deploy, predict, transform, delete.

The first run installs each framework's environment into the user's cache, which takes minutes.
"""

from __future__ import annotations

import io
import json
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import numpy as np
import pytest
from botocore.exceptions import ClientError

from scones.sagemaker_sdk import quiet

from .sdk_session import sdk_session

with quiet():
    from sagemaker import image_uris
    from sagemaker.deserializers import CSVDeserializer, JSONDeserializer
    from sagemaker.estimator import Estimator
    from sagemaker.exceptions import UnexpectedStatusException
    from sagemaker.huggingface import HuggingFace, HuggingFaceModel
    from sagemaker.inputs import TrainingInput
    from sagemaker.pytorch import PyTorch
    from sagemaker.serializers import CSVSerializer, JSONSerializer, LibSVMSerializer
    from sagemaker.session import Session
    from sagemaker.sklearn import SKLearn, SKLearnModel
    from sagemaker.tensorflow import TensorFlow
    from sagemaker.xgboost import XGBoost

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

SCRIPTS = str(Path(__file__).with_name("framework_scripts"))
BUCKET = f"serving-{uuid4().hex[:8]}"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
MACHINE: dict[str, Any] = {"instance_count": 1, "instance_type": "ml.m5.large"}
SERVED: dict[str, Any] = {
    "initial_instance_count": 1,
    "instance_type": "ml.m5.large",
    "container_startup_health_check_timeout": 600,  # on a machine with ten times its load
}
SMALL, LARGE = [0.1, 0.2], [3.1, 2.9]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with sdk_session(BUCKET) as session:
        yield session


@pytest.fixture(scope="module")
def table(session: Session, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Upload two clouds of points, the label first, and return where they are."""
    numbers = random.Random(0)
    rows = [(label, numbers.gauss(3 * label, 0.5), numbers.gauss(3 * label, 0.5)) for label in (0, 1) * 40]
    folder = tmp_path_factory.mktemp("table")
    (folder / "train.csv").write_text("".join(f"{label},{x:.4f},{y:.4f}\n" for label, x, y in rows))
    return str(session.upload_data(str(folder), key_prefix="table"))


@pytest.fixture(scope="module")
def payloads(session: Session, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Upload rows without labels, as a batch transform reads them."""
    folder = tmp_path_factory.mktemp("payloads")
    (folder / "rows.csv").write_text("0.1,0.2\n3.1,2.9\n")
    return str(session.upload_data(str(folder), key_prefix="payloads"))


def transformed(estimator: Any, payloads: str, name: str, **more: Any) -> list[str]:
    """Run a batch transform with the estimator's model and return the lines of its output."""
    output = f"s3://{BUCKET}/transformed/{name}"
    transformer = estimator.transformer(output_path=output, **MACHINE, **more)
    transformer.transform(payloads, content_type="text/csv", split_type="Line", wait=True, logs=False)
    transformer.delete_model()
    found = boto3.client("s3").get_object(Bucket=BUCKET, Key=f"transformed/{name}/rows.csv.out")
    return str(found["Body"].read().decode()).split()


def removed(predictor: Any) -> None:
    """Delete model and endpoint, as the SDK does it, and see that they are gone."""
    client = boto3.client("sagemaker")
    predictor.delete_model()
    predictor.delete_endpoint()
    waiter = client.get_waiter("endpoint_deleted")
    waiter.wait(EndpointName=predictor.endpoint_name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})


def fitted(estimator: Any, channels: Any = None) -> Any:
    estimator.fit(channels, logs=False)
    return estimator


def logged(estimator: Any) -> str:
    """Return the log of an estimator's training job, of all hosts."""
    logs, group = boto3.client("logs"), "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=estimator.latest_training_job.name)
    names = [stream["logStreamName"] for stream in streams["logStreams"]]
    events = logs.filter_log_events(logGroupName=group, logStreamNames=names)
    return "\n".join(event["message"] for event in events["events"])


def test_scikit_learn(session: Session, table: str, payloads: str) -> None:
    estimator = fitted(
        SKLearn(
            entry_point="scikit_learn.py",
            source_dir=SCRIPTS,
            framework_version="1.4-2",
            role=ROLE,
            sagemaker_session=session,
            hyperparameters={"iterations": 50},
            metric_definitions=[{"Name": "accuracy", "Regex": r"accuracy=([0-9\.]+);"}],
            **MACHINE,
        ),
        {"train": table},
    )
    metrics = estimator.latest_training_job.describe()["FinalMetricDataList"]
    assert [(metric["MetricName"], metric["Value"]) for metric in metrics] == [("accuracy", 1.0)]
    predictor = estimator.deploy(**SERVED)
    try:
        assert predictor.predict(np.array([SMALL, LARGE])).tolist() == [0.0, 1.0]  # npy, the predictor's own format
        predictor.serializer, predictor.deserializer = CSVSerializer(), CSVDeserializer()
        assert predictor.predict([SMALL, LARGE]) == [["0.0"], ["1.0"]]
        predictor.serializer, predictor.deserializer = JSONSerializer(), JSONDeserializer()
        assert predictor.predict([SMALL, LARGE]) == [0.0, 1.0]
        with pytest.raises(ClientError, match=r"ModelError.*Received server error \(500\) from primary with message"):
            predictor.predict({"not": "rows"})
    finally:
        removed(predictor)
    assert transformed(estimator, payloads, "scikit-learn", accept="text/csv") == ["0.0", "1.0"]


def test_a_model_that_cannot_be_loaded_fails_the_endpoint_with_its_error(session: Session, table: str) -> None:
    model_data = f"s3://{BUCKET}/empty/model.tar.gz"
    boto3.client("s3").put_object(Bucket=BUCKET, Key="empty/model.tar.gz", Body=empty_archive())
    model = SKLearnModel(model_data, ROLE, "broken_script.py", "1.4-2", source_dir=SCRIPTS, sagemaker_session=session)
    with pytest.raises(UnexpectedStatusException, match=r"(?s)exited with code 3 before.*ValueError: no such bay"):
        model.deploy(**SERVED)
    reason = boto3.client("sagemaker").describe_endpoint(EndpointName=model.endpoint_name)["FailureReason"]
    assert "ValueError: no such bay" in reason


def empty_archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz"):
        pass
    return buffer.getvalue()


def test_xgboost_in_script_mode(session: Session, table: str, payloads: str) -> None:
    estimator = fitted(
        XGBoost(
            entry_point="xgboost_script.py",
            source_dir=SCRIPTS,
            framework_version="1.7-1",
            role=ROLE,
            sagemaker_session=session,
            hyperparameters={"num_round": 5, "objective": "binary:logistic"},
            **MACHINE,
        ),
        {"train": table},
    )
    names = [metric["MetricName"] for metric in estimator.latest_training_job.describe()["FinalMetricDataList"]]
    assert names == ["train:logloss"]  # the image's own definitions
    predictor = estimator.deploy(**SERVED, serializer=CSVSerializer(), deserializer=CSVDeserializer())
    try:
        low, high = (float(row[0]) for row in predictor.predict([SMALL, LARGE]))
        assert low < 0.3 < 0.7 < high
        predictor.serializer = LibSVMSerializer()
        assert len(predictor.predict("0 0:0.1 1:0.2\n0 0:3.1 1:2.9")) == 2
    finally:
        removed(predictor)
    low, high = map(float, transformed(estimator, payloads, "xgboost-script", accept="text/csv"))
    assert low < 0.3 < 0.7 < high


def algorithm(session: Session, **hyperparameters: Any) -> Estimator:
    image = image_uris.retrieve("xgboost", session.boto_region_name, version="1.7-1")
    estimator = Estimator(image, ROLE, output_path=f"s3://{BUCKET}/models", sagemaker_session=session, **MACHINE)
    estimator.set_hyperparameters(**hyperparameters)
    return estimator


def test_xgboost_as_the_built_in_algorithm(session: Session, table: str, payloads: str) -> None:
    channel = TrainingInput(table, content_type="text/csv")
    estimator = algorithm(
        session, num_round=10, objective="binary:logistic", eval_metric="auc,logloss", early_stopping_rounds=5
    )
    fitted(estimator, {"train": channel, "validation": channel})
    assert "[9]#011train-auc:1.00000#011train-logloss:0." in logged(estimator)
    described = estimator.latest_training_job.describe()
    metrics = {metric["MetricName"]: metric["Value"] for metric in described["FinalMetricDataList"]}
    assert set(metrics) == {"train:auc", "train:logloss", "validation:auc", "validation:logloss"}
    assert metrics["validation:auc"] == 1.0
    predictor = estimator.deploy(**SERVED, serializer=CSVSerializer(), deserializer=CSVDeserializer())
    try:
        low, high = (float(row[0]) for row in predictor.predict([SMALL, LARGE]))
        assert low < 0.3 < 0.7 < high
        predictor.deserializer = JSONDeserializer()
        assert [round(one["score"], 4) for one in predictor.predict([SMALL])["predictions"]] == [round(low, 4)]
        predictor.serializer, predictor.deserializer = LibSVMSerializer(), CSVDeserializer()
        assert len(predictor.predict("0:0.1 1:0.2\n0:3.1 1:2.9")) == 2
        predictor.serializer = JSONSerializer()
        with pytest.raises(
            ClientError, match=r"Received client error \(415\) from primary with message .application/json"
        ):
            predictor.predict([SMALL])
    finally:
        removed(predictor)
    lines = transformed(estimator, payloads, "xgboost", assemble_with="Line", accept="text/csv")
    low, high = map(float, lines)
    assert low < 0.3 < 0.7 < high


def test_hosts_train_one_xgboost_model_of_their_own_data_and_one_without_data_is_left_out(
    session: Session, table: str
) -> None:
    s3 = boto3.client("s3")
    rows = s3.get_object(Bucket=BUCKET, Key="table/train.csv")["Body"].read().splitlines(keepends=True)
    for number in (0, 1):
        s3.put_object(Bucket=BUCKET, Key=f"halves/{number}.csv", Body=b"".join(rows[number * 40 : number * 40 + 40]))
    image = image_uris.retrieve("xgboost", session.boto_region_name, version="3.0-5")
    estimator = Estimator(
        image, ROLE, output_path=f"s3://{BUCKET}/models", sagemaker_session=session, **{**MACHINE, "instance_count": 3}
    )
    estimator.set_hyperparameters(num_round=5, objective="binary:logistic", eval_metric="logloss")
    halves = f"s3://{BUCKET}/halves/"
    fitted(estimator, {"train": TrainingInput(halves, content_type="text/csv", distribution="ShardedByS3Key")})
    streams = logged(estimator)
    assert streams.count("Train matrix has 40 rows and 2 columns") == 2
    assert streams.count("[4]#011train-logloss:") == 1  # one host reports for both
    assert streams.count("not being used for distributed training") == 1


@pytest.mark.parametrize(
    ("hyperparameters", "reason"),
    [
        ({"max_depth": 2}, "UserError: Missing required hyperparameter: num_round"),
        ({"num_round": 5, "silent": 0}, "UserError: Extraneous hyperparameter found: silent"),
        ({"num_round": 5, "eta": 2}, r"UserError: Hyperparameter eta: 2.0 is not in \[0, 1\]"),
    ],
)
def test_hyperparameters_that_xgboost_refuses_fail_the_job(
    session: Session, table: str, hyperparameters: dict[str, Any], reason: str
) -> None:
    estimator = algorithm(session, **hyperparameters)
    with pytest.raises(UnexpectedStatusException, match=f"(?s)AlgorithmError: framework error.*{reason}"):
        estimator.fit({"train": TrainingInput(table, content_type="text/csv")}, logs=False)


def test_pytorch(session: Session, table: str, payloads: str) -> None:
    estimator = fitted(
        PyTorch(
            entry_point="pytorch.py",
            source_dir=SCRIPTS,
            framework_version="2.6.0",
            py_version="py312",
            role=ROLE,
            sagemaker_session=session,
            **MACHINE,
        ),
        {"train": table},
    )
    predictor = estimator.deploy(**SERVED)
    try:
        low, high = predictor.predict(np.array([SMALL, LARGE], np.float32)).ravel().tolist()
        assert low < 0.3 < 0.7 < high
        predictor.serializer, predictor.deserializer = JSONSerializer(), JSONDeserializer()
        assert np.array(predictor.predict([SMALL])).shape == (1, 1)
        with pytest.raises(ClientError, match="mat1 and mat2 shapes cannot be multiplied"):
            predictor.predict([[1.0, 2.0, 3.0]])
    finally:
        removed(predictor)
    low, high = map(float, transformed(estimator, payloads, "pytorch", accept="text/csv", strategy="MultiRecord"))
    assert low < 0.3 < 0.7 < high


def test_tensorflow(session: Session, table: str, payloads: str) -> None:
    estimator = fitted(
        TensorFlow(
            entry_point="tensorflow_script.py",
            source_dir=SCRIPTS,
            framework_version="2.19.0",
            py_version="py312",
            model_dir=False,
            role=ROLE,
            sagemaker_session=session,
            **MACHINE,
        ),
        {"train": table},
    )
    predictor = estimator.deploy(**SERVED)
    try:
        [[low], [high]] = predictor.predict({"instances": [SMALL, LARGE]})["predictions"]
        assert low < 0.3 < 0.7 < high
        assert len(predictor.predict([SMALL, LARGE])["predictions"]) == 2
        with pytest.raises(ClientError, match=r"Received client error \(400\) from primary"):
            predictor.predict({"instances": [[1.0]]})
    finally:
        removed(predictor)
    answer = json.loads(" ".join(transformed(estimator, payloads, "tensorflow", strategy="MultiRecord")))
    assert len(answer["predictions"]) == 2


def test_hugging_face(session: Session, tmp_path_factory: pytest.TempPathFactory) -> None:
    estimator = fitted(
        HuggingFace(
            entry_point="huggingface.py",
            source_dir=SCRIPTS,
            transformers_version="4.49.0",
            pytorch_version="2.5.1",
            py_version="py311",
            role=ROLE,
            sagemaker_session=session,
            instance_count=1,
            instance_type="ml.g4dn.xlarge",  # the SDK knows no image for CPUs
        )
    )
    model = HuggingFaceModel(
        model_data=estimator.model_data,
        role=ROLE,
        transformers_version="4.49.0",
        pytorch_version="2.6.0",
        py_version="py312",
        env={"HF_TASK": "text-classification"},
        sagemaker_session=session,
    )
    predictor = model.deploy(**SERVED)
    try:
        answers = predictor.predict({"inputs": ["bicycle slow", "motorcycle fast"]})
        assert [answer["label"] for answer in answers] == ["bicycle", "motorcycle"]
        with pytest.raises(ClientError, match=r"(?s)Received client error \(400\).*InternalServerException"):
            predictor.predict({"inputs": 7})
    finally:
        removed(predictor)
    folder = tmp_path_factory.mktemp("texts")
    (folder / "rows.csv").write_text('{"inputs": "bicycle"}')
    transformer = model.transformer(output_path=f"s3://{BUCKET}/transformed/huggingface", **MACHINE)
    uploaded = session.upload_data(str(folder), key_prefix="texts")
    transformer.transform(uploaded, content_type="application/json", wait=True, logs=False)
    transformer.delete_model()
    found = boto3.client("s3").get_object(Bucket=BUCKET, Key="transformed/huggingface/rows.csv.out")
    assert json.load(found["Body"])[0]["label"] == "bicycle"
