"""The SageMaker Python SDK v2, with only the endpoint configured, works as it does on AWS."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.contract.sdk_v2 import sdk_surroundings

from scones.sagemaker_sdk import CONFIG, quiet

with quiet():
    import sagemaker.session
    import sagemaker.utils
    from sagemaker import ModelPackage, Predictor
    from sagemaker.analytics import HyperparameterTuningJobAnalytics, TrainingJobAnalytics
    from sagemaker.async_inference import AsyncInferenceConfig
    from sagemaker.compute_resource_requirements.resource_requirements import ResourceRequirements
    from sagemaker.deserializers import JSONDeserializer
    from sagemaker.enums import EndpointType
    from sagemaker.estimator import Estimator
    from sagemaker.exceptions import ObjectNotExistedError, UnexpectedStatusException
    from sagemaker.inputs import TrainingInput
    from sagemaker.model import Model
    from sagemaker.model_monitor import DataCaptureConfig
    from sagemaker.processing import ProcessingInput, ProcessingOutput, Processor
    from sagemaker.serverless import ServerlessInferenceConfig
    from sagemaker.session import Session
    from sagemaker.transformer import Transformer
    from sagemaker.tuner import CategoricalParameter, ContinuousParameter, HyperparameterTuner

# Some of the SDK's own calls to pandas and boto3 are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
BUCKET = "contract"
MACHINE: dict[str, Any] = {"instance_count": 1, "instance_type": "ml.m5.large"}
SERVED = {"initial_instance_count": 1, "instance_type": "ml.m5.large"}


class HurriedClock:
    """A clock on which a minute lasts a quarter of a second, since the SDK polls jobs and endpoints every 30 s."""

    HURRY = 240

    def time(self) -> float:
        return time.time() * self.HURRY

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self.HURRY)  # the SDK polls with this clock


@pytest.fixture(scope="module")
def session(emulator: Any) -> Iterator[Session]:
    """Yield an ordinary SDK session, which finds the emulator through environment variables."""
    with sdk_surroundings(emulator.url) as environment:
        environment.setattr(sagemaker.session, "time", HurriedClock())
        yield Session(boto_session=boto3.Session(), default_bucket=BUCKET, sagemaker_config=CONFIG)


@pytest.fixture(scope="module")
def channel(session: Session, tmp_path_factory: pytest.TempPathFactory) -> TrainingInput:
    folder = tmp_path_factory.mktemp("data")
    (folder / "one.txt").write_text("one")
    uri = session.upload_data(str(folder), key_prefix="sdk2/input")
    assert uri == f"s3://{BUCKET}/sdk2/input"
    return TrainingInput(uri, content_type="text/plain")


@pytest.fixture(scope="module")
def estimator(session: Session) -> Callable[..., Estimator]:
    def make(name: str, hyperparameters: dict[str, str] | None = None, **more: Any) -> Estimator:
        return Estimator(
            IMAGE,
            ROLE,
            **MACHINE,
            base_job_name=name,
            output_path=f"s3://{BUCKET}/sdk2/models",
            hyperparameters=hyperparameters or {},
            metric_definitions=[{"Name": "validation:accuracy", "Regex": r"Validation-accuracy=(\S+)"}],
            sagemaker_session=session,
            **more,
        )

    return make


@pytest.fixture(scope="module")
def trained(estimator: Callable[..., Estimator], channel: TrainingInput) -> Estimator:
    trained = estimator("trained", {"model": "from sdk v2"}, tags=[{"Key": "team", "Value": "scones"}])
    trained.fit({"train": channel})
    return trained


@pytest.fixture(scope="module")
def model(trained: Estimator, session: Session) -> Model:
    model = Model(
        IMAGE, trained.model_data, ROLE, predictor_cls=Predictor, sagemaker_session=session, name="sdk2-model"
    )
    model.create(instance_type="ml.m5.large")
    return model


def test_fit_waits_and_shows_the_log(
    estimator: Callable[..., Estimator], channel: TrainingInput, capsys: pytest.CaptureFixture[str]
) -> None:
    shown_estimator = estimator("shown")
    shown_estimator.fit({"train": channel}, wait=True, logs="All")
    shown = capsys.readouterr().out
    assert "Starting - Preparing the instances for training" in shown
    assert '"data/train/one.txt": 3' in shown
    assert "Epoch[0] Validation-accuracy=0.875000" in shown
    assert "Billable seconds:" in shown
    assert (
        shown_estimator.model_data
        == f"s3://{BUCKET}/sdk2/models/{shown_estimator.latest_training_job.name}/output/model.tar.gz"
    )


def test_fit_raises_the_failure_reason_of_the_job(estimator: Callable[..., Estimator], channel: TrainingInput) -> None:
    with pytest.raises(UnexpectedStatusException, match=r"Failed\. Reason: AlgorithmError: no such bay, exit code: 1"):
        estimator("failing", {"failure": "no such bay", "exit_code": "1"}).fit({"train": channel}, logs="None")


def test_an_estimator_attaches_to_a_job(trained: Estimator, session: Session) -> None:
    attached = Estimator.attach(trained.latest_training_job.name, sagemaker_session=session)
    assert attached.model_data == trained.model_data
    assert attached.hyperparameters()["model"] == "from sdk v2"
    assert {"Key": "team", "Value": "scones"} in attached.tags


def test_the_metrics_of_a_job_are_a_table(trained: Estimator, session: Session) -> None:
    table = TrainingJobAnalytics(trained.latest_training_job.name, sagemaker_session=session).dataframe()
    assert table[["metric_name", "value"]].values.tolist() == [["validation:accuracy", 0.875]]


def test_an_endpoint_is_deployed_invoked_captured_updated_and_deleted(
    trained: Estimator, session: Session, s3: Any, until: Any
) -> None:
    capture = DataCaptureConfig(
        True, 100, f"s3://{BUCKET}/sdk2/capture", json_content_types=["application/json"], sagemaker_session=session
    )
    predictor = trained.deploy(
        **SERVED, endpoint_name="sdk2", data_capture_config=capture, deserializer=JSONDeserializer()
    )
    assert predictor.predict(b"bay", {"ContentType": "text/plain"}) == {
        "model": "from sdk v2", "got": "bay", "type": "text/plain",
    }  # fmt: skip
    records = until(
        lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix="sdk2/capture/sdk2/AllTraffic/").get("Contents"), "captures"
    )
    line = s3.get_object(Bucket=BUCKET, Key=records[0]["Key"])["Body"].readline()
    assert json.loads(line)["captureData"]["endpointOutput"]["data"].startswith('{"model": "from sdk v2"')

    before = session.describe_endpoint("sdk2")["EndpointConfigName"]
    predictor.update_endpoint(initial_instance_count=2, instance_type="ml.m5.large")
    after = session.describe_endpoint("sdk2")
    assert after["EndpointConfigName"] != before
    assert after["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert predictor.predict(b"again")["got"] == "again"

    predictor.delete_model()
    predictor.delete_endpoint()
    session.sagemaker_client.get_waiter("endpoint_deleted").wait(EndpointName="sdk2", WaiterConfig={"Delay": 1})
    assert session.sagemaker_client.list_models(NameContains="trained")["Models"] == []


def test_deploy_raises_the_reason_why_an_endpoint_cannot_start(trained: Estimator, session: Session) -> None:
    refusing = Model(IMAGE, trained.model_data, ROLE, env={"REFUSE_TO_START": "1"}, sagemaker_session=session)
    with pytest.raises(UnexpectedStatusException, match=r"(?s)Failed\. Reason: .*this model is no good"):
        refusing.deploy(**SERVED, endpoint_name="sdk2-refusing")
    session.delete_endpoint("sdk2-refusing")


def test_an_async_predictor_gets_its_answer_from_s3(model: Model, until: Any) -> None:
    asynchronous = AsyncInferenceConfig(output_path=f"s3://{BUCKET}/sdk2/async")
    predictor = model.deploy(**SERVED, endpoint_name="sdk2-async", async_inference_config=asynchronous)
    predictor.deserializer = JSONDeserializer()
    response = predictor.predict_async(data=b"later", input_path=f"s3://{BUCKET}/sdk2/async-input/one")

    def result() -> Any:
        with suppress(ObjectNotExistedError):
            return response.get_result()

    assert until(result, "the result")["got"] == "later"
    predictor.delete_endpoint()


def test_a_serverless_predictor_answers(model: Model) -> None:
    limits = ServerlessInferenceConfig(memory_size_in_mb=1024, max_concurrency=2)
    predictor = model.deploy(endpoint_name="sdk2-serverless", serverless_inference_config=limits)
    predictor.deserializer = JSONDeserializer()
    assert predictor.predict(b"hello")["got"] == "hello"
    predictor.delete_endpoint()


def test_a_model_with_resource_requirements_becomes_an_inference_component(
    trained: Estimator, session: Session, until: Any
) -> None:
    model = Model(IMAGE, trained.model_data, ROLE, predictor_cls=Predictor, sagemaker_session=session, name="sdk2-part")
    predictor = model.deploy(
        **SERVED,
        endpoint_name="sdk2-parts",
        endpoint_type=EndpointType.INFERENCE_COMPONENT_BASED,
        resources=ResourceRequirements(requests={"num_cpus": 1, "memory": 128, "copies": 2}),
        inference_component_name="sdk2-part",
    )
    predictor.deserializer = JSONDeserializer()
    assert predictor.predict(b"hello")["model"] == "from sdk v2"
    client = session.sagemaker_client
    shown = client.describe_inference_component(InferenceComponentName="sdk2-part")
    assert shown["RuntimeConfig"]["CurrentCopyCount"] == 2
    predictor.delete_predictor(wait=True)
    until(lambda: not client.list_inference_components()["InferenceComponents"], "the component to be deleted")
    session.delete_endpoint("sdk2-parts")


def test_a_transformer_writes_its_output(
    model: Model, session: Session, s3: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.put_object(Bucket=BUCKET, Key="sdk2/transform/lines.csv", Body=b"1,2\n3,4\n")
    transformer = Transformer(
        model.name,
        **MACHINE,
        strategy="SingleRecord",
        assemble_with="Line",
        output_path=f"s3://{BUCKET}/sdk2/transformed",
        base_transform_job_name="sdk2",
        sagemaker_session=session,
    )
    transformer.transform(f"s3://{BUCKET}/sdk2/transform/", content_type="text/csv", split_type="Line", wait=True)
    body = s3.get_object(Bucket=BUCKET, Key="sdk2/transformed/lines.csv.out")["Body"].read()
    assert [json.loads(line)["got"].strip() for line in body.splitlines()] == ["1,2", "3,4"]
    assert Transformer.attach(transformer.latest_transform_job.name, session).output_path == transformer.output_path


def test_a_tuner_finds_the_best_of_its_jobs(
    estimator: Callable[..., Estimator], channel: TrainingInput, session: Session
) -> None:
    program = "print(f'score={float(parameters[\"rate\"])}', flush=True)"
    tuner = HyperparameterTuner(
        estimator("sdk2-tuned", environment={"PROGRAM": program}),
        "score",
        {"rate": ContinuousParameter(0.1, 0.9), "color": CategoricalParameter(["red", "green"])},
        metric_definitions=[{"Name": "score", "Regex": r"score=(\S+)"}],
        strategy="Random",
        max_jobs=2,
        max_parallel_jobs=2,
        base_tuning_job_name="sdk2",
    )
    tuner.fit({"train": channel}, include_cls_metadata=False)
    table = HyperparameterTuningJobAnalytics(tuner.latest_tuning_job.name, sagemaker_session=session).dataframe()
    best = table.sort_values("FinalObjectiveValue", ascending=False).iloc[0]
    assert len(table) == 2
    assert tuner.best_training_job() == best["TrainingJobName"]
    attached = HyperparameterTuner.attach(tuner.latest_tuning_job.name, sagemaker_session=session)
    assert attached.best_training_job() == best["TrainingJobName"]
    assert best["rate"] == pytest.approx(best["FinalObjectiveValue"])
    assert tuner.best_estimator().model_data.endswith(f"/{best['TrainingJobName']}/output/model.tar.gz")


def test_a_processor_runs_and_shows_its_log(
    session: Session, s3: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.csv").write_text("1,2")
    processor = Processor(ROLE, IMAGE, **MACHINE, base_job_name="sdk2", sagemaker_session=session)
    processor.run(
        inputs=[ProcessingInput(str(tmp_path / "rows.csv"), "/opt/ml/processing/input", input_name="rows")],
        outputs=[
            ProcessingOutput(
                source="/opt/ml/processing/output", destination=f"s3://{BUCKET}/sdk2/processed", output_name="copies"
            )
        ],
        arguments=["copy=/opt/ml/processing/input:/opt/ml/processing/output", "say=copied"],
        wait=True,
        logs=True,
    )
    assert "copied" in capsys.readouterr().out
    assert s3.get_object(Bucket=BUCKET, Key="sdk2/processed/algo-1/rows.csv")["Body"].read() == b"1,2"
    assert processor.latest_job.describe()["ProcessingJobStatus"] == "Completed"


def test_a_model_is_registered_approved_and_deployed_from_the_registry(model: Model, session: Session) -> None:
    package = model.register(
        content_types=["text/plain"],
        response_types=["application/json"],
        inference_instances=["ml.m5.large"],
        transform_instances=["ml.m5.large"],
        model_package_group_name="sdk2-registry",
        description="from sdk v2",
    )
    assert package.model_package_arn.endswith(":model-package/sdk2-registry/1")
    package.update_approval_status("Approved")
    approved = session.sagemaker_client.list_model_packages(
        ModelPackageGroupName="sdk2-registry", ModelApprovalStatus="Approved"
    )["ModelPackageSummaryList"]
    assert [one["ModelPackageVersion"] for one in approved] == [1]

    versioned = ModelPackage(ROLE, model_package_arn=package.model_package_arn, sagemaker_session=session)
    versioned.predictor_cls = Predictor
    predictor = versioned.deploy(**SERVED, endpoint_name="sdk2-registry")
    assert json.loads(predictor.predict(io.BytesIO(b"x").read()))["model"] == "from sdk v2"
    predictor.delete_endpoint()


def test_a_session_describes_the_job_and_its_tags(trained: Estimator, session: Session) -> None:
    name = trained.latest_training_job.name
    described = session.describe_training_job(name)
    assert described["TrainingJobStatus"] == "Completed"
    assert session.list_tags(described["TrainingJobArn"]) == [{"Key": "team", "Value": "scones"}]
