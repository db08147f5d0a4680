"""The SageMaker Python SDK v2's experiments and lineage, with only the endpoint configured, work as on AWS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.contract.sdk_v2 import sdk_surroundings

from scones.sagemaker_sdk import CONFIG, quiet

with quiet():
    from sagemaker.analytics import ExperimentAnalytics
    from sagemaker.estimator import Estimator
    from sagemaker.experiments.experiment import Experiment
    from sagemaker.experiments.run import Run, list_runs, load_run
    from sagemaker.inputs import TrainingInput
    from sagemaker.lineage.action import Action
    from sagemaker.lineage.artifact import Artifact
    from sagemaker.lineage.association import Association
    from sagemaker.lineage.context import Context, EndpointContext
    from sagemaker.lineage.query import (
        LineageEntityEnum,
        LineageFilter,
        LineageQuery,
        LineageQueryDirectionEnum,
        LineageSourceEnum,
    )
    from sagemaker.lineage.visualizer import LineageTableVisualizer
    from sagemaker.session import Session

# Some of the SDK's own calls to pandas and boto3 are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
BUCKET = "contract"


@pytest.fixture(scope="module")
def session(emulator: Any) -> Iterator[Session]:
    """Yield an ordinary SDK session, which finds the emulator through environment variables."""
    with sdk_surroundings(emulator.url):
        yield Session(boto_session=boto3.Session(), default_bucket=BUCKET, sagemaker_config=CONFIG)


def test_a_run_logs_and_is_read_back(session: Session, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("a good run")
    with Run("Sdk-Runs", run_name="First", sagemaker_session=session, tags=[{"Key": "team", "Value": "bikes"}]) as run:
        run.log_parameter("optimizer", "adam")
        run.log_parameters({"rate": 0.1, "epochs": 3})
        for step, loss in enumerate((0.9, 0.4, 0.2)):
            run.log_metric("loss", loss, step=step)
        run.log_file(str(notes), name="notes")
        run.log_artifact("data", "s3://contract/data", is_output=False)
        # log_confusion_matrix and its like end here, but need scikit-learn
        run._log_graph_artifact({"matrix": [[1, 0], [1, 1]]}, "ConfusionMatrix", True, "confusion")
    loaded = load_run(run_name="First", experiment_name="Sdk-Runs", sagemaker_session=session)
    component = loaded._trial_component
    assert component.parameters == {"optimizer": "adam", "rate": 0.1, "epochs": 3.0}
    assert component.status.primary_status == "Completed"
    assert component.output_artifacts["notes"].value.startswith(f"s3://{BUCKET}/")
    assert component.input_artifacts["data"].value == "s3://contract/data"
    [loss_summary] = component.metrics
    assert (loss_summary.metric_name, loss_summary.last, loss_summary.count) == ("loss", 0.2, 3)
    graphs = [
        one.destination_type for one in Association.list(component.trial_component_arn, sagemaker_session=session)
    ]
    assert graphs == ["ConfusionMatrix"]
    assert [one.run_name for one in list_runs("Sdk-Runs", sagemaker_session=session)] == ["first"]


def test_a_failed_run_says_why(session: Session) -> None:
    with (
        pytest.raises(ValueError, match="no data"),
        Run("sdk-failed", run_name="one", sagemaker_session=session) as run,
    ):
        raise ValueError("no data")
    status = load_run(run_name="one", experiment_name="sdk-failed", sagemaker_session=session)._trial_component.status
    assert (status.primary_status, status.message) == ("Failed", "no data")
    assert run.experiment_name == "sdk-failed"


def test_a_job_in_a_run_belongs_to_it(session: Session, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="sdk-run/one.txt", Body=b"one")
    with Run("sdk-jobs", run_name="train", sagemaker_session=session) as run:
        estimator = Estimator(
            IMAGE, ROLE, instance_count=1, instance_type="ml.m5.large", output_path=f"s3://{BUCKET}/sdk-run",
            hyperparameters={"rate": "0.1"}, sagemaker_session=session,
            metric_definitions=[{"Name": "validation:accuracy", "Regex": r"Validation-accuracy=(\S+)"}],
        )  # fmt: skip
        estimator.fit({"train": TrainingInput(f"s3://{BUCKET}/sdk-run/")}, wait=False, job_name="sdk-run-job")
        config = session.describe_training_job("sdk-run-job")["ExperimentConfig"]
        assert config == run.experiment_config
    estimator.latest_training_job.wait(logs=False)
    frame = ExperimentAnalytics(experiment_name="sdk-jobs", sagemaker_session=session).dataframe()
    row = frame[frame["TrialComponentName"] == "sdk-run-job-aws-training-job"].iloc[0]
    assert row["rate"] == 0.1
    assert row["validation:accuracy - Max"] == 0.875
    assert row["Experiments"] == ["sdk-jobs"]
    assert row["SageMaker.ModelArtifact - Value"].endswith("/sdk-run-job/output/model.tar.gz")
    table = LineageTableVisualizer(session).show(training_job_name="sdk-run-job")
    assert set(zip(table["Direction"], table["Type"], strict=True)) == {
        ("Input", "Image"), ("Input", "DataSet"), ("Output", "Model"),
    }  # fmt: skip


def test_an_experiment_is_deleted_with_its_runs(session: Session) -> None:
    with Run("sdk-deleted", run_name="one", sagemaker_session=session):
        pass
    experiment = Experiment.load("sdk-deleted", session)
    experiment._delete_all(action="--force")
    listed = session.sagemaker_client.list_trials()["TrialSummaries"]
    assert "Default-Run-Group-sdk-deleted" not in [one["TrialName"] for one in listed]


def test_lineage_entities_are_created_queried_and_deleted(session: Session) -> None:
    data = Artifact.create(
        artifact_name="rows", source_uri="s3://contract/sdk/rows", artifact_type="DataSet", sagemaker_session=session
    )
    action = Action.create("sdk-step", source_uri="sdk", action_type="Step", sagemaker_session=session)
    context = Context.create("sdk-group", source_uri="sdk", context_type="Group", sagemaker_session=session)
    pairs = ((data.artifact_arn, action.action_arn), (action.action_arn, context.context_arn))
    for source, destination in pairs:
        Association.create(source, destination, "ContributedTo", sagemaker_session=session)
    query = LineageQuery(session).query(
        [context.context_arn],
        LineageQueryDirectionEnum.ASCENDANTS,
        query_filter=LineageFilter([LineageEntityEnum.ARTIFACT], [LineageSourceEnum.DATASET]),
        include_edges=False,
    )
    assert [vertex.to_lineage_object().artifact_name for vertex in query.vertices] == ["rows"]
    assert data.s3_uri_artifacts("s3://contract/sdk/rows")["ArtifactSummaries"][0]["ArtifactName"] == "rows"
    for entity in (data, action, context):
        entity.delete(disassociate=True)
    assert list(Artifact.list(source_uri="s3://contract/sdk/rows", sagemaker_session=session)) == []


def test_an_endpoints_context_leads_to_its_training_job(session: Session, jobs: Any, hosting: Any) -> None:
    jobs.create("sdk-lineage-job")
    arn = jobs.ended("sdk-lineage-job")["TrainingJobArn"]
    uri = f"s3://{BUCKET}/models/sdk-lineage-job/output/model.tar.gz"
    session.sagemaker_client.create_model(
        ModelName="sdk-lineage", PrimaryContainer={"Image": IMAGE, "ModelDataUrl": uri}, ExecutionRoleArn=ROLE
    )
    hosting.config("sdk-lineage", {"VariantName": "AllTraffic", "ModelName": "sdk-lineage"})
    endpoint = hosting.endpoint("sdk-lineage", "sdk-lineage")["EndpointArn"]
    [summary] = Context.list(source_uri=endpoint, sagemaker_session=session)
    context = EndpointContext.load(summary.context_name, session)
    assert context.training_job_arns() == [arn]
    assert [one.source.source_uri for one in context.dataset_artifacts()] == ["s3://contract/input/"]
