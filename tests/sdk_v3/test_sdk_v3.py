"""The SageMaker Python SDK v3, ModelTrainer and resource classes, work with only the endpoint configured."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

import boto3
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("sagemaker.train", reason="the SDK v3 is in a separate environment: make test-sdk3")
    from sagemaker.core import resources, shapes
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.utils.exceptions import FailedStatusError
    from sagemaker.train import ModelTrainer
    from sagemaker.train.configs import Compute, InputData, OutputDataConfig, StoppingCondition

pytestmark = pytest.mark.filterwarnings("ignore")

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::111122223333:role/sagemaker"
BUCKET = "sdk3"
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def session(aws: None, unvalidated_settings: None) -> Session:
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    boto3.client("s3").put_object(Bucket=BUCKET, Key="input/one.txt", Body=b"one")
    return Session(boto_session=boto3.Session(), default_bucket=BUCKET)


@pytest.fixture(scope="module")
def trainer(session: Session) -> Callable[..., ModelTrainer]:
    def make(name: str, hyperparameters: dict[str, str]) -> ModelTrainer:
        return ModelTrainer(
            training_image=IMAGE,
            role=ROLE,
            base_job_name=name,
            hyperparameters=hyperparameters,
            compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=1),
            stopping_condition=StoppingCondition(max_runtime_in_seconds=60),
            output_data_config=OutputDataConfig(s3_output_path=f"s3://{BUCKET}/models"),
            input_data_config=[InputData(channel_name="train", data_source=f"s3://{BUCKET}/input/")],
            sagemaker_session=session,
        )

    return make


@pytest.fixture(scope="module")
def trained(trainer: Callable[..., ModelTrainer]) -> resources.TrainingJob:
    model_trainer = trainer("sdk3-trained", {"model": "from sdk v3"})
    model_trainer.train(wait=False)
    job = resources.TrainingJob.get(model_trainer._latest_training_job.training_job_name)
    job.wait(poll=1, timeout=TIMEOUT_S)
    return job


@pytest.fixture(scope="module")
def model(trained: resources.TrainingJob) -> resources.Model:
    container = shapes.ContainerDefinition(image=IMAGE, model_data_url=trained.model_artifacts.s3_model_artifacts)
    return resources.Model.create(model_name="sdk3", primary_container=container, execution_role_arn=ROLE)


def test_train_waits_for_the_job_and_shows_its_log(
    trainer: Callable[..., ModelTrainer], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    model_trainer = trainer("sdk3-shown", {})
    model_trainer.train(wait=True, logs=True)
    assert model_trainer._latest_training_job.training_job_status == "Completed"
    assert "Epoch[0] Validation-accuracy=0.875000" in caplog.text


def test_a_failed_job_raises_its_failure_reason(trainer: Callable[..., ModelTrainer]) -> None:
    model_trainer = trainer("sdk3-failing", {"failure": "no such bay", "exit_code": "1"})
    model_trainer.train(wait=False)
    with pytest.raises(FailedStatusError, match="AlgorithmError: no such bay, exit code: 1"):
        model_trainer._latest_training_job.wait(poll=1, timeout=TIMEOUT_S)


def test_a_job_is_described_listed_stopped_and_deleted(
    trained: resources.TrainingJob, trainer: Callable[..., ModelTrainer]
) -> None:
    assert trained.training_job_status == "Completed"
    assert trained.hyper_parameters == {"model": "from sdk v3"}
    assert trained.secondary_status_transitions[-1].status == "Completed"
    listed = resources.TrainingJob.get_all(name_contains="sdk3-trained", status_equals="Completed")
    assert [job.training_job_arn for job in listed] == [trained.training_job_arn]

    model_trainer = trainer("sdk3-stopped", {"seconds": "60"})
    model_trainer.train(wait=False)
    job = model_trainer._latest_training_job
    job.stop()
    job.wait(poll=1, timeout=TIMEOUT_S)
    assert job.training_job_status == "Stopped"
    job.delete()
    assert list(resources.TrainingJob.get_all(name_contains="sdk3-stopped")) == []


def test_an_endpoint_is_created_invoked_updated_and_deleted(model: resources.Model) -> None:
    config = endpoint_config("sdk3-one", 1)
    endpoint = resources.Endpoint.create(endpoint_name="sdk3", endpoint_config_name=config.endpoint_config_name)
    endpoint.wait_for_status("InService", poll=1, timeout=TIMEOUT_S)
    assert answer(endpoint, b"bay") == {"model": "from sdk v3", "got": "bay", "type": "text/plain"}

    endpoint_config("sdk3-two", 2)
    endpoint.endpoint_config_name = "sdk3-two"
    endpoint.update()
    endpoint.wait_for_status("InService", poll=1, timeout=TIMEOUT_S)
    assert endpoint.production_variants[0].current_instance_count == 2
    assert [one.endpoint_name for one in resources.Endpoint.get_all(name_contains="sdk3")] == ["sdk3"]

    endpoint.delete()
    endpoint.wait_for_delete(poll=1, timeout=TIMEOUT_S)
    assert list(resources.Endpoint.get_all(name_contains="sdk3")) == []


def endpoint_config(name: str, instances: int) -> resources.EndpointConfig:
    variant = shapes.ProductionVariant(
        variant_name="AllTraffic", model_name="sdk3", initial_instance_count=instances, instance_type="ml.m5.large"
    )
    capture = shapes.DataCaptureConfig(
        enable_capture=True,
        initial_sampling_percentage=100,
        destination_s3_uri=f"s3://{BUCKET}/capture",
        capture_options=[shapes.CaptureOption(capture_mode="Input")],
    )
    return resources.EndpointConfig.create(
        endpoint_config_name=name, production_variants=[variant], data_capture_config=capture
    )


def answer(endpoint: resources.Endpoint, body: bytes) -> Any:
    return json.loads(endpoint.invoke(body=body, content_type="text/plain").body.read())


def test_a_model_is_registered_and_approved(model: resources.Model) -> None:
    resources.ModelPackageGroup.create(model_package_group_name="sdk3")
    container = {"Image": IMAGE, "ModelDataUrl": model.primary_container.model_data_url}
    # ModelPackage.create does not work: it expects a name in the answer, but AWS returns only an ARN.
    arn = boto3.client("sagemaker").create_model_package(
        ModelPackageGroupName="sdk3",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/plain"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        ModelApprovalStatus="PendingManualApproval",
    )["ModelPackageArn"]
    package = resources.ModelPackage.get(arn)
    assert package.model_package_version == 1
    package.update(model_approval_status="Approved")
    approved = resources.ModelPackage.get_all(model_package_group_name="sdk3", model_approval_status="Approved")
    assert [one.model_package_arn for one in approved] == [package.model_package_arn]


def test_a_transform_job_writes_its_output(model: resources.Model) -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key="lines/lines.csv", Body=b"1,2\n3,4\n")
    source = shapes.TransformS3DataSource(s3_data_type="S3Prefix", s3_uri=f"s3://{BUCKET}/lines/")
    job = resources.TransformJob.create(
        transform_job_name="sdk3",
        model_name="sdk3",
        transform_input=shapes.TransformInput(
            data_source=shapes.TransformDataSource(s3_data_source=source), content_type="text/csv", split_type="Line"
        ),
        transform_output=shapes.TransformOutput(s3_output_path=f"s3://{BUCKET}/transformed", assemble_with="Line"),
        transform_resources=shapes.TransformResources(instance_type="ml.m5.large", instance_count=1),
        batch_strategy="SingleRecord",
    )
    job.wait(poll=1, timeout=TIMEOUT_S)
    body = boto3.client("s3").get_object(Bucket=BUCKET, Key="transformed/lines.csv.out")["Body"].read()
    assert [json.loads(line)["got"].strip() for line in body.splitlines()] == ["1,2", "3,4"]


def test_a_processing_job_writes_its_output_and_exit_message(session: Session) -> None:
    inside = "/opt/ml/processing"
    output = shapes.ProcessingS3Output(
        s3_uri=f"s3://{BUCKET}/processed", local_path=f"{inside}/output", s3_upload_mode="EndOfJob"
    )
    source = shapes.ProcessingS3Input(
        s3_uri=f"s3://{BUCKET}/input/", local_path=f"{inside}/input", s3_data_type="S3Prefix", s3_input_mode="File"
    )
    cluster = shapes.ProcessingClusterConfig(instance_count=1, instance_type="ml.m5.large", volume_size_in_gb=1)
    job = resources.ProcessingJob.create(
        processing_job_name="sdk3",
        role_arn=ROLE,
        app_specification=shapes.AppSpecification(
            image_uri=IMAGE, container_arguments=[f"copy={inside}/input:{inside}/output", "message=copied"]
        ),
        processing_inputs=[shapes.ProcessingInput(input_name="in", s3_input=source)],
        processing_output_config=shapes.ProcessingOutputConfig(
            outputs=[shapes.ProcessingOutput(output_name="out", s3_output=output)]
        ),
        processing_resources=shapes.ProcessingResources(cluster_config=cluster),
    )
    job.wait(poll=1, timeout=TIMEOUT_S)
    assert (job.processing_job_status, job.exit_message) == ("Completed", "copied")
