"""Training jobs, as boto3 sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

BUCKET = "contract"
LONG = "600"  # seconds for which a job runs unless it is stopped


def test_a_job_runs_through_the_statuses_of_aws(jobs: Any) -> None:
    jobs.create("whole")
    job = jobs.ended("whole")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    assert [entry["Status"] for entry in job["SecondaryStatusTransitions"]] == [
        "Starting", "Downloading", "Training", "Uploading", "Completed",
    ]  # fmt: skip
    assert all("EndTime" in entry for entry in job["SecondaryStatusTransitions"])
    assert job["TrainingStartTime"] <= job["TrainingEndTime"]
    assert job["TrainingJobArn"].endswith(":training-job/whole")


def test_the_waiter_of_boto3_returns(jobs: Any, sagemaker: Any) -> None:
    jobs.create("waited")
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName="waited", WaiterConfig={"Delay": 1, "MaxAttempts": 120})


def test_describe_repeats_the_create_request(jobs: Any, sagemaker: Any) -> None:
    jobs.create("repeated", {"epochs": "1"}, Tags=[{"Key": "team", "Value": "scones"}])
    job = jobs.ended("repeated")
    assert job["HyperParameters"] == {"epochs": "1"}
    assert job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == f"s3://{BUCKET}/input/"
    assert sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"] == [{"Key": "team", "Value": "scones"}]


def test_describe_shows_the_defaults_that_aws_describes(jobs: Any) -> None:
    jobs.create("defaults")
    job = jobs.ended("defaults")
    members = ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining")
    assert [job[member] for member in members] == [False, False, False]
    (channel,) = job["InputDataConfig"]
    assert (channel["CompressionType"], channel["RecordWrapperType"]) == ("None", "None")


def test_the_model_is_in_s3_at_the_location_that_describe_answers(jobs: Any, unpacked: Any) -> None:
    jobs.create("artifacts", {"model": "forty-two", "output": "done"})
    uri = jobs.ended("artifacts")["ModelArtifacts"]["S3ModelArtifacts"]
    assert uri == f"s3://{BUCKET}/models/artifacts/output/model.tar.gz"
    assert unpacked("artifacts") == {"model.txt": b"forty-two"}
    assert unpacked("artifacts", "output.tar.gz") == {"report.txt": b"done"}


def test_the_log_is_in_cloudwatch_and_shows_the_input(jobs: Any, log_of: Any) -> None:
    jobs.create("logged")
    jobs.ended("logged")
    first = json.loads(log_of("logged")[0])
    assert first["job"] == "logged"
    assert {"data/train/a/one.txt", "data/train/two.txt", "config/resourceconfig.json"} <= set(first["input"])


def test_metrics_are_read_from_the_log(jobs: Any) -> None:
    definitions = [{"Name": "accuracy", "Regex": "Validation-accuracy=([0-9.]+)"}]
    request = jobs.request("measured")
    jobs.create(
        "measured", AlgorithmSpecification={**request["AlgorithmSpecification"], "MetricDefinitions": definitions}
    )
    (metric,) = jobs.ended("measured")["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("accuracy", pytest.approx(0.875))


def test_a_failure_file_becomes_the_failure_reason(jobs: Any) -> None:
    jobs.create("failing", {"exit_code": "2", "failure": "ClientError: no value for num_classes"})
    job = jobs.ended("failing")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "ClientError: no value for num_classes, exit code: 2"


def test_without_a_failure_file_the_reason_is_the_end_of_the_log(jobs: Any) -> None:
    jobs.create("crashing", {"exit_code": "1"})
    reason = jobs.ended("crashing")["FailureReason"]
    assert reason.startswith("AlgorithmError: ")
    assert "Validation-accuracy=0.875000, exit code: 1" in reason


def test_a_stopped_job_keeps_its_model(jobs: Any, sagemaker: Any, unpacked: Any, log_of: Any, until: Any) -> None:
    jobs.create("stopped", {"seconds": LONG})
    until(lambda: log_of("stopped"), "the first line of the log")
    sagemaker.stop_training_job(TrainingJobName="stopped")
    job = jobs.ended("stopped")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert "Stopping" in [entry["Status"] for entry in job["SecondaryStatusTransitions"]]
    assert unpacked("stopped") == {"model.txt": b"trained"}


def test_a_job_that_exceeds_its_time_limit_is_stopped_and_keeps_its_model(jobs: Any) -> None:
    jobs.create("slow", {"seconds": LONG}, StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = jobs.ended("slow")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert job["ModelArtifacts"]["S3ModelArtifacts"].endswith("slow/output/model.tar.gz")


def test_a_second_job_of_the_same_name_is_resource_in_use(jobs: Any, sagemaker: Any) -> None:
    jobs.create("unique")
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="training job with this name already exists"):
        jobs.create("unique")


def test_a_missing_job_is_a_validation_exception(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="Requested resource not found") as error:
        sagemaker.describe_training_job(TrainingJobName="missing")
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_stopping_an_ended_job_is_refused(jobs: Any, sagemaker: Any) -> None:
    jobs.create("over")
    jobs.ended("over")
    with pytest.raises(ClientError, match="the training job is in status Completed"):
        sagemaker.stop_training_job(TrainingJobName="over")


def test_a_prefix_without_objects_is_refused_at_create(jobs: Any, sagemaker: Any) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/nothing/"}}
    channels = [{"ChannelName": "train", "DataSource": source}]
    with pytest.raises(ClientError, match="No S3 objects found under S3 URL"):
        jobs.create("empty", InputDataConfig=channels)
    with pytest.raises(ClientError, match="Requested resource not found"):
        sagemaker.describe_training_job(TrainingJobName="empty")


def test_an_image_that_needs_docker_is_refused_by_name(jobs: Any) -> None:
    with pytest.raises(ClientError, match="cannot run the image 'own:1'"):
        jobs.create("own", AlgorithmSpecification={"TrainingImage": "own:1", "TrainingInputMode": "File"})


def test_a_name_that_breaks_the_pattern_is_refused_with_the_pattern(jobs: Any) -> None:
    with pytest.raises(ClientError, match="regular expression pattern") as error:
        jobs.create("not_valid")
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_two_hosts_share_the_keys_and_know_each_others_names(jobs: Any, s3: Any, log_of: Any) -> None:
    for key in ("sharded/a/one.txt", "sharded/two.txt"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": f"s3://{BUCKET}/sharded/",
        "S3DataDistributionType": "ShardedByS3Key",
    }
    jobs.create(
        "sharded",
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1},
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
    )
    assert jobs.ended("sharded")["TrainingJobStatus"] == "Completed"
    seen = [set(json.loads(line)["input"]) for line in log_of("sharded") if line.startswith("{")]
    data = [{name for name in names if name.startswith("data/")} for names in seen]
    assert sorted(map(len, data)) == [1, 1]
    assert set.union(*data) == {"data/train/a/one.txt", "data/train/two.txt"}


def test_jobs_are_listed_in_pages_newest_first(jobs: Any, sagemaker: Any) -> None:
    for number in range(5):
        jobs.create(f"listed-{number}")
    pages = sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains="listed-", PaginationConfig={"PageSize": 2}
    )
    names = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
    assert names == [f"listed-{number}" for number in (4, 3, 2, 1, 0)]


def test_a_listing_filters_and_sorts(jobs: Any, sagemaker: Any) -> None:
    for name in ("sort-b", "sort-a"):
        jobs.create(name)
        jobs.ended(name)
    answer = sagemaker.list_training_jobs(
        NameContains="sort-", StatusEquals="Completed", SortBy="Name", SortOrder="Ascending"
    )
    assert [job["TrainingJobName"] for job in answer["TrainingJobSummaries"]] == ["sort-a", "sort-b"]
    failed = sagemaker.list_training_jobs(NameContains="sort-", StatusEquals="Failed")
    assert failed["TrainingJobSummaries"] == []
