"""Experiments, trials and trial components, as boto3 sees them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:sagemaker:us-east-1:000000000000"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
METRICS = [{"Name": "validation:accuracy", "Regex": r"Validation-accuracy=(\S+)"}]


def refused(call: Callable[..., Any], code: str, match: str, **request: Any) -> None:
    with pytest.raises(ClientError, match=match) as error:
        call(**request)
    assert error.value.response["Error"]["Code"] == code


def experiment_with(sagemaker: Any, name: str, *trials: str) -> str:
    sagemaker.create_experiment(ExperimentName=name)
    for trial in trials:
        sagemaker.create_trial(TrialName=trial, ExperimentName=name)
    return name


def names(answer: dict[str, Any], key: str, member: str) -> list[str]:
    return [one[member] for one in answer[key]]


def test_an_experiment_is_described_as_it_was_created(sagemaker: Any) -> None:
    tags = [{"Key": "team", "Value": "bikes"}]
    answer = sagemaker.create_experiment(ExperimentName="Bays", DisplayName="Bays-shown", Description="d", Tags=tags)
    assert answer["ExperimentArn"] == f"{ARN}:experiment/bays"
    described = sagemaker.describe_experiment(ExperimentName="bays")  # names are found in any case
    assert (described["ExperimentName"], described["DisplayName"], described["Description"]) == (
        "Bays", "Bays-shown", "d",
    )  # fmt: skip
    assert sagemaker.list_tags(ResourceArn=answer["ExperimentArn"])["Tags"] == tags


def test_a_second_experiment_of_the_same_name_already_exists(sagemaker: Any) -> None:
    sagemaker.create_experiment(ExperimentName="twice")
    refused(
        sagemaker.create_experiment,
        "ValidationException",
        r"Experiment with name \(TWICE\) already exists",
        ExperimentName="TWICE",
    )


def test_a_missing_entity_is_resource_not_found(sagemaker: Any) -> None:
    missing = "ResourceNotFound"
    refused(sagemaker.describe_experiment, missing, "Experiment .*/none' does not exist", ExperimentName="none")
    refused(sagemaker.describe_trial, missing, "Trial .*/none' does not exist", TrialName="none")
    refused(sagemaker.describe_trial_component, missing, "does not exist", TrialComponentName="none")
    refused(sagemaker.create_trial, missing, "Experiment .* does not exist", TrialName="t", ExperimentName="none")


def test_an_update_keeps_what_it_does_not_name(sagemaker: Any) -> None:
    sagemaker.create_experiment(ExperimentName="kept", Description="first")
    sagemaker.update_experiment(ExperimentName="kept", DisplayName="shown")
    described = sagemaker.describe_experiment(ExperimentName="kept")
    assert (described["Description"], described["DisplayName"]) == ("first", "shown")
    assert described["LastModifiedTime"] > described["CreationTime"]


def test_experiments_are_listed_in_pages_by_time(sagemaker: Any) -> None:
    before = datetime.now(UTC)
    for number in range(3):
        sagemaker.create_experiment(ExperimentName=f"paged-{number}")
    request = {"CreatedAfter": before, "SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 2}
    first = sagemaker.list_experiments(**request)
    second = sagemaker.list_experiments(**request, NextToken=first["NextToken"])
    assert names(first, "ExperimentSummaries", "ExperimentName") == ["paged-0", "paged-1"]
    assert names(second, "ExperimentSummaries", "ExperimentName") == ["paged-2"]
    assert "NextToken" not in second


def test_trials_are_listed_by_experiment_and_by_component(sagemaker: Any) -> None:
    experiment_with(sagemaker, "with-trials", "trial-a", "trial-b")
    sagemaker.create_trial_component(TrialComponentName="shared")
    for trial in ("trial-a", "trial-b"):
        sagemaker.associate_trial_component(TrialName=trial, TrialComponentName="shared")
    sagemaker.disassociate_trial_component(TrialName="trial-a", TrialComponentName="shared")
    by_experiment = sagemaker.list_trials(ExperimentName="with-trials", SortBy="Name", SortOrder="Ascending")
    assert names(by_experiment, "TrialSummaries", "TrialName") == ["trial-a", "trial-b"]
    by_component = sagemaker.list_trials(TrialComponentName="SHARED")
    assert names(by_component, "TrialSummaries", "TrialName") == ["trial-b"]
    assert sagemaker.describe_trial(TrialName="trial-b")["ExperimentName"] == "with-trials"


def test_an_entity_with_parts_cannot_be_deleted(sagemaker: Any) -> None:
    experiment_with(sagemaker, "nested", "nested-trial")
    sagemaker.create_trial_component(TrialComponentName="nested-component")
    pair = {"TrialName": "nested-trial", "TrialComponentName": "nested-component"}
    sagemaker.associate_trial_component(**pair)
    linked = "is linked to 1 or more .* and cannot be deleted"
    refused(sagemaker.delete_experiment, "ValidationException", linked, ExperimentName="nested")
    refused(sagemaker.delete_trial, "ValidationException", linked, TrialName="nested-trial")
    component = {"TrialComponentName": "nested-component"}
    refused(sagemaker.delete_trial_component, "ValidationException", linked, **component)
    sagemaker.disassociate_trial_component(**pair)
    refused(sagemaker.disassociate_trial_component, "ResourceNotFound", "is not associated", **pair)
    sagemaker.delete_trial_component(**component)
    sagemaker.delete_trial(TrialName="nested-trial")
    assert sagemaker.delete_experiment(ExperimentName="nested")["ExperimentArn"] == f"{ARN}:experiment/nested"
    refused(sagemaker.describe_experiment, "ResourceNotFound", "does not exist", ExperimentName="nested")


def test_values_of_a_component_are_added_replaced_and_removed_by_name(sagemaker: Any) -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    sagemaker.create_trial_component(
        TrialComponentName="valued",
        Status={"PrimaryStatus": "InProgress", "Message": "begun"},
        StartTime=start,
        Parameters={"rate": {"NumberValue": 0.1}, "optimizer": {"StringValue": "adam"}},
        InputArtifacts={"data": {"MediaType": "text/csv", "Value": "s3://contract/data"}},
    )
    sagemaker.update_trial_component(
        TrialComponentName="valued",
        Status={"PrimaryStatus": "Completed"},
        Parameters={"rate": {"NumberValue": 0.2}, "epochs": {"NumberValue": 3}},
        ParametersToRemove=["optimizer"],
        InputArtifactsToRemove=["data"],
        OutputArtifacts={"model": {"Value": "s3://contract/model"}},
    )
    described = sagemaker.describe_trial_component(TrialComponentName=f"{ARN}:experiment-trial-component/valued")
    assert described["Parameters"] == {"rate": {"NumberValue": 0.2}, "epochs": {"NumberValue": 3.0}}
    assert described["InputArtifacts"] == {}
    assert described["OutputArtifacts"] == {"model": {"Value": "s3://contract/model"}}
    assert described["Status"] == {"PrimaryStatus": "Completed"}
    assert described["StartTime"] == start


def test_a_parameter_has_one_value(sagemaker: Any) -> None:
    refused(
        sagemaker.create_trial_component,
        "ValidationException",
        "needs one of NumberValue and StringValue",
        TrialComponentName="empty-parameter",
        Parameters={"rate": {}},
    )


def test_components_can_be_filtered_by_one_of_experiment_trial_and_source(sagemaker: Any) -> None:
    experiment_with(sagemaker, "filtered", "filtered-a", "filtered-b")
    for trial, component in (("filtered-a", "in-a"), ("filtered-b", "in-b")):
        sagemaker.create_trial_component(TrialComponentName=component)
        sagemaker.associate_trial_component(TrialName=trial, TrialComponentName=component)
    key, member = "TrialComponentSummaries", "TrialComponentName"
    of_experiment = sagemaker.list_trial_components(ExperimentName="filtered", SortBy="Name", SortOrder="Ascending")
    assert names(of_experiment, key, member) == ["in-a", "in-b"]
    assert names(sagemaker.list_trial_components(TrialName="filtered-a"), key, member) == ["in-a"]
    refused(
        sagemaker.list_trial_components,
        "ValidationException",
        "Only one of ExperimentName, TrialName, SourceArn",
        ExperimentName="filtered",
        TrialName="filtered-a",
    )


def test_a_training_job_has_a_component_with_its_values(sagemaker: Any, jobs: Any) -> None:
    experiment_with(sagemaker, "trained", "trained-trial")
    jobs.create(
        "Tracked",
        {"seconds": "0", "model": "m", "rate": "0.5"},
        AlgorithmSpecification={
            "TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": METRICS,
        },
        ExperimentConfig={"ExperimentName": "trained", "TrialName": "trained-trial", "TrialComponentDisplayName": "D"},
    )  # fmt: skip
    job = jobs.ended("Tracked")
    described = sagemaker.describe_trial_component(TrialComponentName="Tracked-aws-training-job")
    assert described["Source"] == {"SourceArn": job["TrainingJobArn"], "SourceType": "SageMakerTrainingJob"}
    assert described["DisplayName"] == "D"
    assert described["Status"] == {
        "PrimaryStatus": "Completed",
        "Message": "Status: Completed, secondary status: Completed, failure reason: null",
    }
    assert described["Parameters"] == {
        "SageMaker.InstanceCount": {"NumberValue": 1.0},
        "SageMaker.InstanceType": {"StringValue": "ml.m5.large"},
        "SageMaker.VolumeSizeInGB": {"NumberValue": 1.0},
        "seconds": {"NumberValue": 0.0},
        "rate": {"NumberValue": 0.5},
        "model": {"StringValue": "m"},
    }
    assert described["InputArtifacts"] == {
        "SageMaker.ImageUri": {"Value": IMAGE},
        "train": {"Value": "s3://contract/input/"},
    }
    assert described["OutputArtifacts"] == {
        "SageMaker.ModelArtifact": {"Value": job["ModelArtifacts"]["S3ModelArtifacts"]}
    }
    assert (described["StartTime"], described["EndTime"]) == (job["TrainingStartTime"], job["TrainingEndTime"])
    listed = sagemaker.list_trial_components(TrialName="trained-trial")["TrialComponentSummaries"]
    assert names({"all": listed}, "all", "TrialComponentName") == ["Tracked-aws-training-job"]
    by_source = sagemaker.list_trial_components(SourceArn=job["TrainingJobArn"])["TrialComponentSummaries"]
    assert by_source == listed


def test_a_component_has_the_statistics_of_all_values_of_a_metric(sagemaker: Any, jobs: Any) -> None:
    program = "for value in (1, 4, 1): print(f'Validation-accuracy={value}', flush=True)"
    jobs.create(
        "measured",
        AlgorithmSpecification={
            "TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": METRICS,
        },
        Environment={"PROGRAM": program},
    )  # fmt: skip
    arn = jobs.ended("measured")["TrainingJobArn"]
    [metric] = sagemaker.describe_trial_component(TrialComponentName="measured-aws-training-job")["Metrics"]
    assert metric.pop("TimeStamp")
    assert metric.pop("StdDev") == pytest.approx(statistics.pstdev([0.875, 1, 4, 1]))
    assert metric == {
        "MetricName": "validation:accuracy", "SourceArn": arn, "Max": 4.0, "Min": 0.875, "Last": 1.0, "Count": 4,
        "Avg": 1.71875,
    }  # fmt: skip


def test_a_failed_job_says_why_in_its_component(sagemaker: Any, jobs: Any) -> None:
    jobs.create("tracked-failure", {"failure": "no data", "exit_code": "1"})
    jobs.ended("tracked-failure")
    status = sagemaker.describe_trial_component(TrialComponentName="tracked-failure-aws-training-job")["Status"]
    assert status["PrimaryStatus"] == "Failed"
    assert "no data" in status["Message"]


def test_a_job_with_an_experiment_and_no_trial_gets_a_trial(sagemaker: Any, jobs: Any) -> None:
    experiment_with(sagemaker, "no-trial")
    jobs.create("trialless", ExperimentConfig={"ExperimentName": "no-trial"})
    [trial] = sagemaker.list_trials(ExperimentName="no-trial")["TrialSummaries"]
    components = sagemaker.list_trial_components(TrialName=trial["TrialName"])
    assert names(components, "TrialComponentSummaries", "TrialComponentName") == ["trialless-aws-training-job"]
    jobs.ended("trialless")


def test_a_job_of_a_missing_experiment_is_refused_and_leaves_nothing(sagemaker: Any, jobs: Any) -> None:
    request = jobs.request("orphan", ExperimentConfig={"ExperimentName": "nowhere"})
    refused(sagemaker.create_training_job, "ResourceNotFound", "Experiment .* does not exist", **request)
    refused(sagemaker.describe_training_job, "ValidationException", "not found", TrainingJobName="orphan")
    component = {"TrialComponentName": "orphan-aws-training-job"}
    refused(sagemaker.describe_trial_component, "ResourceNotFound", "does not exist", **component)


def test_a_second_job_of_a_deleted_ones_name_starts_its_component_anew(
    sagemaker: Any, jobs: Any, emulator: Any
) -> None:
    experiment_with(sagemaker, "again")
    component = "again-job-aws-training-job"
    jobs.create("again-job", ExperimentConfig={"ExperimentName": "again"})
    arn = jobs.ended("again-job")["TrainingJobArn"]
    data = [{"MetricName": "loss", "Value": 1.0, "Timestamp": int(time.time())}]
    emulator.client("sagemaker-metrics").batch_put_metrics(TrialComponentName=component, MetricData=data)
    sagemaker.delete_training_job(TrainingJobName="again-job")
    jobs.create("again-job", ExperimentConfig={"ExperimentName": "again"})
    assert jobs.ended("again-job")["TrainingJobArn"] == arn
    assert not sagemaker.describe_trial_component(TrialComponentName=component).get("Metrics")
    [trial] = sagemaker.list_trials(ExperimentName="again")["TrialSummaries"]
    components = sagemaker.list_trial_components(TrialName=trial["TrialName"])
    assert names(components, "TrialComponentSummaries", "TrialComponentName") == [component]


def test_a_run_lists_its_jobs_as_sources(sagemaker: Any, jobs: Any) -> None:
    experiment_with(sagemaker, "with-run", "run-group")
    sagemaker.create_trial_component(TrialComponentName="with-run-first")
    config = {"ExperimentName": "with-run", "TrialName": "run-group", "RunName": "with-run-first"}
    jobs.create("in-run", ExperimentConfig=config)
    job = jobs.ended("in-run")
    assert job["ExperimentConfig"] == config
    sources = sagemaker.describe_trial_component(TrialComponentName="with-run-first")["Sources"]
    assert sources == [{"SourceArn": job["TrainingJobArn"], "SourceType": "SageMakerTrainingJob"}]


def test_what_others_log_to_a_jobs_component_stays(sagemaker: Any, jobs: Any) -> None:
    jobs.create("logged-to", {"seconds": "600"})
    jobs.in_training("logged-to")
    component = {"TrialComponentName": "logged-to-aws-training-job"}
    sagemaker.update_trial_component(**component, Parameters={"own": {"StringValue": "mine"}})
    sagemaker.stop_training_job(TrainingJobName="logged-to")
    jobs.ended("logged-to")
    described = sagemaker.describe_trial_component(**component)
    assert described["Parameters"]["own"] == {"StringValue": "mine"}
    assert described["Status"]["PrimaryStatus"] == "Stopped"


def test_a_job_goes_on_when_its_component_is_deleted(sagemaker: Any, jobs: Any) -> None:
    jobs.create("without-component", {"seconds": "600"})
    jobs.in_training("without-component")
    sagemaker.delete_trial_component(TrialComponentName="without-component-aws-training-job")
    sagemaker.stop_training_job(TrainingJobName="without-component")
    assert jobs.ended("without-component")["TrainingJobStatus"] == "Stopped"


def test_processing_and_transform_jobs_have_components(sagemaker: Any, s3: Any, hosting: Any, until: Any) -> None:
    s3.put_object(Bucket="contract", Key="tracked/in/one.txt", Body=b"one")
    resources = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    sagemaker.create_processing_job(
        ProcessingJobName="tracked-processing",
        AppSpecification={"ImageUri": IMAGE, "ContainerArguments": ["message=all good"]},
        ProcessingResources={"ClusterConfig": resources},
        RoleArn=ROLE,
    )
    hosting.model("tracked-model")
    sagemaker.create_transform_job(
        TransformJobName="tracked-transform",
        ModelName="tracked-model",
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://contract/tracked/in/"}}
        },
        TransformOutput={"S3OutputPath": "s3://contract/tracked/out"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )

    def component(name: str) -> dict[str, Any] | None:
        described: dict[str, Any] = sagemaker.describe_trial_component(TrialComponentName=name)
        return described if described["Status"]["PrimaryStatus"] != "InProgress" else None

    processed = until(lambda: component("tracked-processing-aws-processing-job"), "the processing job")
    assert processed["Status"] == {
        "PrimaryStatus": "Completed", "Message": "Status: Completed, exit message: all good, failure reason: null",
    }  # fmt: skip
    assert processed["InputArtifacts"] == {"SageMaker.ImageUri": {"Value": IMAGE}}
    transformed = until(lambda: component("tracked-transform-aws-transform-job"), "the transform job")
    assert transformed["Source"]["SourceType"] == "SageMakerTransformJob"
    assert transformed["Parameters"]["SageMaker.ModelPrimary.Image"] == {"StringValue": IMAGE}
    assert transformed["OutputArtifacts"] == {"SageMaker.TransformOutput": {"Value": "s3://contract/tracked/out"}}


def test_a_component_survives_a_restart_that_fails_its_job(
    restartable: Callable[..., Any], make_jobs: Any, s3: Any
) -> None:
    with restartable() as first:
        client = first.client("sagemaker")
        request = make_jobs(client, s3).request("restarted", HyperParameters={"seconds": "600"})
        client.create_training_job(**request)
    with restartable() as second:
        name = {"TrialComponentName": "restarted-aws-training-job"}
        assert second.client("sagemaker").describe_trial_component(**name)["Status"]["PrimaryStatus"] == "Failed"


def test_a_jobs_environment_reaches_a_tracking_server_of_ones_own(
    jobs: Any, log_of: Callable[[str], list[str]], until: Any
) -> None:
    uri = "http://mlflow.example:5000/?a=b c"
    program = "import os; print('tracking', os.environ['MLFLOW_TRACKING_URI'], flush=True)"
    jobs.create("mlflow", Environment={"MLFLOW_TRACKING_URI": uri, "PROGRAM": program})
    jobs.ended("mlflow")
    until(lambda: f"tracking {uri}" in log_of("mlflow"), "the line with the address")
