"""The SDK v3's own calls: a script trained by ModelTrainer is served by ModelBuilder, and transformed in batches."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import boto3
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("sagemaker.train", reason="the SDK v3 is in a separate environment: make test-sdk3")
    from sagemaker.core import resources, shapes
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.train import ModelTrainer
    from sagemaker.train.configs import Compute, InputData, OutputDataConfig, SourceCode

pytestmark = pytest.mark.filterwarnings("ignore")

ECR = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
SCIKIT_LEARN, XGBOOST = f"{ECR}/sagemaker-scikit-learn:1.4-2-cpu-py3", f"{ECR}/sagemaker-xgboost:1.7-1"
ROLE = "arn:aws:iam::111122223333:role/sagemaker"
BUCKET = "sdk3-serving"
TIMEOUT_S = 600
ROWS = b"".join(b"%d,%d.1,%d.2\n" % (label, 3 * label, 3 * label) for label in (0, 1) * 20)
SOURCE = {
    "source_dir": str(Path(__file__).parents[1] / "integration/framework_scripts"),
    "entry_script": "scikit_learn.py",
}


@pytest.fixture(scope="module")
def session(aws: None, unvalidated_settings: None) -> Session:
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    boto3.client("s3").put_object(Bucket=BUCKET, Key="table/train.csv", Body=ROWS)
    boto3.client("s3").put_object(Bucket=BUCKET, Key="rows/rows.csv", Body=b"0.1,0.2\n3.1,3.2\n")
    return Session(boto_session=boto3.Session(), default_bucket=BUCKET)


def trained(session: Session, image: str, content_type: str = "text/csv", **more: Any) -> str:
    """Train and return the address of the model archive."""
    data = InputData(channel_name="train", data_source=f"s3://{BUCKET}/table/", content_type=content_type)
    trainer = ModelTrainer(
        training_image=image,
        role=ROLE,
        base_job_name="v3-serving",
        compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=1),
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{BUCKET}/models"),
        input_data_config=[data],
        sagemaker_session=session,
        **more,
    )
    trainer.train(wait=False)
    job = trainer._latest_training_job
    job.wait(poll=1, timeout=TIMEOUT_S)
    return str(job.model_artifacts.s3_model_artifacts)


def deployed(session: Session, image: str, model_data: str, name: str, **more: Any) -> tuple[Any, Any]:
    """Build and deploy, and return the model and the endpoint."""
    from sagemaker.serve import ModelBuilder  # creates a client when it is imported, so it needs the fixtures' region

    builder = ModelBuilder(
        image_uri=image,
        s3_model_data_url=model_data,
        role_arn=ROLE,
        sagemaker_session=session,
        instance_type="ml.m5.large",
        **more,
    )
    model = builder.build(model_name=name)
    return model, builder.deploy(endpoint_name=name, initial_instance_count=1)


def answer(endpoint: Any, body: bytes) -> str:
    result = endpoint.invoke(body=body, content_type="text/csv", accept="text/csv")
    return str(result.body.read().decode())


def test_model_builder_serves_what_model_trainer_trained(session: Session) -> None:
    source = SourceCode(**SOURCE)
    model_data = trained(session, SCIKIT_LEARN, source_code=source)
    model, endpoint = deployed(session, SCIKIT_LEARN, model_data, "v3-scikit-learn", source_code=source)
    assert answer(endpoint, b"0.1,0.2\n3.1,3.2\n").split() == ["0.0", "1.0"]
    endpoint.delete()
    assert transformed("v3-scikit-learn") == ["0.0", "1.0"]
    model.delete()


def test_the_built_in_algorithm(session: Session) -> None:
    hyperparameters = {"num_round": "5", "objective": "binary:logistic"}
    model_data = trained(session, XGBOOST, hyperparameters=hyperparameters)
    model, endpoint = deployed(session, XGBOOST, model_data, "v3-xgboost")
    low, high = map(float, answer(endpoint, b"0.1,0.2\n3.1,3.2\n").split())
    assert low < 0.3 < 0.7 < high
    result = endpoint.invoke(body=b"0.1,0.2", content_type="text/csv", accept="application/json")
    assert list(json.load(result.body)) == ["predictions"]
    endpoint.delete()
    model.delete()


def transformed(model_name: str) -> list[str]:
    source = shapes.TransformDataSource(
        s3_data_source=shapes.TransformS3DataSource(s3_data_type="S3Prefix", s3_uri=f"s3://{BUCKET}/rows/")
    )
    job = resources.TransformJob.create(
        transform_job_name=model_name,
        model_name=model_name,
        transform_input=shapes.TransformInput(data_source=source, content_type="text/csv"),
        transform_output=shapes.TransformOutput(s3_output_path=f"s3://{BUCKET}/transformed", accept="text/csv"),
        transform_resources=shapes.TransformResources(instance_type="ml.m5.large", instance_count=1),
    )
    job.wait(poll=1, timeout=TIMEOUT_S)
    found = boto3.client("s3").get_object(Bucket=BUCKET, Key="transformed/rows.csv.out")
    return str(found["Body"].read().decode()).split()
