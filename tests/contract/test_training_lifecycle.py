"""Running training jobs: checkpoints, stops in every phase, several hosts, refused requests, updates, deletions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

BUCKET = "contract"
LONG = "600"  # seconds for which a job runs unless it is stopped
TWO_HOSTS = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
HOST = "import json; me = json.loads((BASE / 'input/config/resourceconfig.json').read_text())['current_host']\n"
CHECKPOINT = "(BASE / 'checkpoints/epoch-1').write_text('one'); (BASE / 'model/seen').write_text("
SEEN = CHECKPOINT + "' '.join(sorted(p.name for p in (BASE / 'checkpoints').iterdir())))"


def test_checkpoints_are_downloaded_and_uploaded(jobs: Any, s3: Any, unpacked: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="points/epoch-0", Body=b"zero")
    config = {"S3Uri": f"s3://{BUCKET}/points"}
    jobs.create("pointed", CheckpointConfig=config, Environment={"PROGRAM": SEEN})
    assert jobs.ended("pointed")["CheckpointConfig"] == config
    assert unpacked("pointed")["seen"] == b"epoch-0 epoch-1"
    assert s3.get_object(Bucket=BUCKET, Key="points/epoch-1")["Body"].read() == b"one"


def test_the_container_is_told_where_its_checkpoints_are_kept(jobs: Any, unpacked: Any) -> None:
    config = {"S3Uri": f"s3://{BUCKET}/told", "LocalPath": "/opt/ml/points"}
    copy = "(BASE / 'model/told').write_text((BASE / 'input/config/checkpointconfig.json').read_text())"
    jobs.create("told", CheckpointConfig=config, Environment={"PROGRAM": copy})
    assert jobs.ended("told")["TrainingJobStatus"] == "Completed"
    assert json.loads(unpacked("told")["told"]) == config


def test_checkpoints_are_uploaded_while_the_job_runs(jobs: Any, sagemaker: Any, s3: Any, until: Any) -> None:
    config = {"S3Uri": f"s3://{BUCKET}/live/", "LocalPath": "/opt/ml/points/mine"}
    lines = "(BASE / 'points/mine/first').write_text('1')"
    jobs.create("live", {"seconds": LONG}, CheckpointConfig=config, Environment={"PROGRAM": lines})
    until(lambda: "Contents" in s3.list_objects_v2(Bucket=BUCKET, Prefix="live/first"), "the first checkpoint")
    assert sagemaker.describe_training_job(TrainingJobName="live")["SecondaryStatus"] == "Training"
    sagemaker.stop_training_job(TrainingJobName="live")
    assert jobs.ended("live")["TrainingJobStatus"] == "Stopped"


def test_checkpoints_of_a_failed_job_are_kept(jobs: Any, s3: Any) -> None:
    config = {"S3Uri": f"s3://{BUCKET}/lost/"}
    jobs.create("lost", {"exit_code": "1"}, CheckpointConfig=config, Environment={"PROGRAM": SEEN})
    assert jobs.ended("lost")["TrainingJobStatus"] == "Failed"
    assert s3.get_object(Bucket=BUCKET, Key="lost/epoch-1")["Body"].read() == b"one"


@pytest.mark.parametrize("path", ["/elsewhere/points", "/opt/ml", "/opt/ml/model/points", "/opt/ml/../etc"])
def test_a_checkpoint_path_that_is_not_its_own_folder_is_refused(jobs: Any, path: str) -> None:
    with pytest.raises(ClientError, match="cannot be kept in S3"):
        jobs.create("unkept", CheckpointConfig={"S3Uri": f"s3://{BUCKET}/x", "LocalPath": path})


def test_tensorboard_files_are_uploaded_while_the_job_runs(jobs: Any, sagemaker: Any, s3: Any, until: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="boards/board/tensorboard-output/earlier", Body=b"not restored")
    lines = "(BASE / 'output/tensorboard/events').write_text(' '.join(p.name for p in (BASE / 'output').iterdir()))"
    config = {"S3OutputPath": f"s3://{BUCKET}/boards"}
    jobs.create("board", {"seconds": LONG}, TensorBoardOutputConfig=config, Environment={"PROGRAM": lines})
    key = "boards/board/tensorboard-output/events"
    until(lambda: "Contents" in s3.list_objects_v2(Bucket=BUCKET, Prefix=key), "the first events")
    sagemaker.stop_training_job(TrainingJobName="board")
    job = jobs.ended("board")
    assert (job["TrainingJobStatus"], job["TensorBoardOutputConfig"]) == ("Stopped", config)
    assert "tensorboard" in s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode().split()


@pytest.mark.parametrize("path", ["/var/logs", "/opt/ml", "/opt/ml/output", "/opt/ml/output/data/logs"])
def test_a_tensorboard_path_that_is_not_its_own_folder_is_refused(jobs: Any, path: str) -> None:
    with pytest.raises(ClientError, match="cannot be kept in S3"):
        jobs.create("unkept", TensorBoardOutputConfig={"S3OutputPath": f"s3://{BUCKET}/x", "LocalPath": path})


def test_a_bucket_that_is_not_there_fails_the_job_in_awss_words(jobs: Any) -> None:
    jobs.create("homeless", OutputDataConfig={"S3OutputPath": "s3://no-such-bucket/models"})
    reason = jobs.ended("homeless")["FailureReason"]
    target = "s3://no-such-bucket/models/homeless/output/model.tar.gz"
    assert reason.startswith(f"ClientError: Artifact upload failed:Unable to upload file to {target} (An error")
    assert "NoSuchBucket" in reason


def test_the_models_of_all_hosts_are_merged(jobs: Any, unpacked: Any) -> None:
    lines = HOST + "(BASE / 'model' / me).write_text(me); (BASE / 'output/data' / me).write_text(me)"
    jobs.create("merged", ResourceConfig=TWO_HOSTS, Environment={"PROGRAM": lines})
    assert jobs.ended("merged")["TrainingJobStatus"] == "Completed"
    assert unpacked("merged") == {"model.txt": b"trained", "algo-1": b"algo-1", "algo-2": b"algo-2"}
    assert unpacked("merged", "output.tar.gz") == {"algo-1": b"algo-1", "algo-2": b"algo-2"}


def test_a_failing_host_ends_the_others_and_is_the_failure_reason(jobs: Any) -> None:
    lines = HOST + "(BASE / 'output/failure').write_text(me)\nif me == 'algo-2': raise SystemExit(3)"
    jobs.create("half", {"seconds": LONG}, ResourceConfig=TWO_HOSTS, Environment={"PROGRAM": lines})
    assert jobs.ended("half")["FailureReason"] == "AlgorithmError: algo-2, exit code: 3"


def test_an_uncompressed_model_is_a_prefix_in_s3(jobs: Any, s3: Any) -> None:
    output = {"S3OutputPath": f"s3://{BUCKET}/models/", "CompressionType": "NONE"}
    jobs.create("loose", {"output": "done"}, OutputDataConfig=output)
    assert jobs.ended("loose")["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://{BUCKET}/models/loose/output/model/"
    objects = s3.list_objects_v2(Bucket=BUCKET, Prefix="models/loose/")["Contents"]
    assert [entry["Key"].removeprefix("models/loose/output/") for entry in objects] == [
        "data/report.txt",
        "model/model.txt",
    ]


def test_a_job_that_ignores_sigterm_is_killed_and_keeps_its_model(
    jobs: Any, sagemaker: Any, unpacked: Any, log_of: Any, until: Any
) -> None:
    lines = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"
    jobs.create("deaf", {"seconds": LONG}, Environment={"PROGRAM": lines})
    until(lambda: "deaf" in log_of("deaf"), "the container to ignore SIGTERM")
    sagemaker.stop_training_job(TrainingJobName="deaf")
    sagemaker.stop_training_job(TrainingJobName="deaf")
    job = jobs.ended("deaf")
    assert job["TrainingJobStatus"] == "Stopped"
    assert [entry["Status"] for entry in job["SecondaryStatusTransitions"]].count("Stopping") == 1
    assert unpacked("deaf") == {"model.txt": b"trained"}


def test_a_job_stopped_right_after_its_creation_is_stopped(jobs: Any, sagemaker: Any) -> None:
    for number in range(5):
        jobs.create(f"at-once-{number}", {"seconds": LONG})
        sagemaker.stop_training_job(TrainingJobName=f"at-once-{number}")
    assert {jobs.ended(f"at-once-{number}")["TrainingJobStatus"] for number in range(5)} == {"Stopped"}


def test_describe_has_the_seconds_and_the_times_of_all_transitions(jobs: Any) -> None:
    jobs.create("timed", {"seconds": "1.2"}, RetryStrategy={"MaximumRetryAttempts": 2})
    job = jobs.ended("timed")
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] >= 1
    assert job["RetryStrategy"] == {"MaximumRetryAttempts": 2}
    times = [(entry["StartTime"], entry["EndTime"]) for entry in job["SecondaryStatusTransitions"]]
    assert all(earlier[1] == later[0] for earlier, later in pairwise(times))


def test_a_spot_job_runs_and_is_described_as_one(jobs: Any) -> None:
    condition = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}
    jobs.create("spot", EnableManagedSpotTraining=True, StoppingCondition=condition)
    job = jobs.ended("spot")
    assert (job["TrainingJobStatus"], job["EnableManagedSpotTraining"]) == ("Completed", True)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"EnableManagedSpotTraining": True}, "Invalid MaxWaitTimeInSeconds. It must be present"),
        ({"StoppingCondition": {"MaxWaitTimeInSeconds": 99_999}}, "only be specified when EnableManagedSpotTraining"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 2_419_201}}, "at most 2419200"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}}, "InstanceCount of at least 1"),
        ({"DebugRuleConfigurations": [{"RuleConfigurationName": "a", "RuleEvaluatorImage": "b"}]}, "is not emulated"),
        ({"OutputDataConfig": {"S3OutputPath": "https://example.com/x"}}, "is not an S3 URI"),
    ],
)
def test_a_request_that_cannot_run_is_refused(jobs: Any, sagemaker: Any, changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ClientError, match=text) as error:
        jobs.create("cannot", **changes)
    assert error.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize("member", ["AlgorithmSpecification", "ResourceConfig", "StoppingCondition"])
def test_a_missing_member_is_named(jobs: Any, sagemaker: Any, member: str) -> None:
    request = jobs.request("needy")
    del request[member]
    with pytest.raises(ClientError, match=f"{member} is required"):
        sagemaker.create_training_job(**request)


def test_jobs_are_listed_by_the_status_of_their_warm_pool(jobs: Any, sagemaker: Any) -> None:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1, "KeepAlivePeriodInSeconds": 60}
    jobs.create("cold")
    jobs.create("warm", ResourceConfig=resources)
    assert jobs.ended("warm")["WarmPoolStatus"] == {"Status": "Terminated"}
    (summary,) = sagemaker.list_training_jobs(WarmPoolStatusEquals="Terminated")["TrainingJobSummaries"]
    assert (summary["TrainingJobName"], summary["WarmPoolStatus"]["Status"]) == ("warm", "Terminated")
    assert sagemaker.list_training_jobs(WarmPoolStatusEquals="Available")["TrainingJobSummaries"] == []


def test_a_running_job_is_updated(jobs: Any, sagemaker: Any) -> None:
    jobs.create("updated", {"seconds": LONG})
    sagemaker.update_training_job(TrainingJobName="updated", ProfilerConfig={"DisableProfiler": True})
    assert sagemaker.describe_training_job(TrainingJobName="updated")["ProfilerConfig"] == {"DisableProfiler": True}
    sagemaker.stop_training_job(TrainingJobName="updated")
    jobs.ended("updated")
    with pytest.raises(ClientError, match="in status Stopped"):
        sagemaker.update_training_job(TrainingJobName="updated", ProfilerConfig={"DisableProfiler": False})


def test_an_ended_job_is_deleted(jobs: Any, sagemaker: Any) -> None:
    jobs.create("deleted", {"seconds": LONG})
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="stop it before deleting"):
        sagemaker.delete_training_job(TrainingJobName="deleted")
    sagemaker.stop_training_job(TrainingJobName="deleted")
    jobs.ended("deleted")
    sagemaker.delete_training_job(TrainingJobName="deleted")
    with pytest.raises(ClientError, match="Requested resource not found"):
        sagemaker.describe_training_job(TrainingJobName="deleted")


def test_the_name_in_the_arn_of_a_job_finds_it(jobs: Any, sagemaker: Any) -> None:
    jobs.create("Mixed-Case", {"seconds": LONG})
    name = sagemaker.describe_training_job(TrainingJobName="Mixed-Case")["TrainingJobArn"].rpartition("/")[2]
    assert name == "mixed-case"
    jobs.in_training(name)
    assert sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobName"] == "Mixed-Case"
    sagemaker.stop_training_job(TrainingJobName=name)
    assert jobs.ended(name)["TrainingJobStatus"] == "Stopped"
    sagemaker.delete_training_job(TrainingJobName=name)
    with pytest.raises(ClientError, match="Requested resource not found"):
        sagemaker.describe_training_job(TrainingJobName="Mixed-Case")


@pytest.mark.parametrize("operation", ["stop_training_job", "update_training_job", "delete_training_job"])
def test_a_missing_job_is_a_validation_exception(sagemaker: Any, operation: str) -> None:
    with pytest.raises(ClientError, match="Requested resource not found") as error:
        getattr(sagemaker, operation)(TrainingJobName="missing")
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_a_job_stopped_during_the_upload_is_stopped_with_its_model(
    jobs: Any, sagemaker: Any, unpacked: Any, until: Any
) -> None:
    lines = "import os; (BASE / 'model/large').write_bytes(os.urandom(40_000_000))"
    jobs.create("uploading", Environment={"PROGRAM": lines})

    def status() -> str:
        job: dict[str, str] = sagemaker.describe_training_job(TrainingJobName="uploading")
        return job["SecondaryStatus"]

    until(lambda: status() == "Uploading", "the upload")
    sagemaker.stop_training_job(TrainingJobName="uploading")
    assert jobs.ended("uploading")["TrainingJobStatus"] == "Stopped"
    assert len(unpacked("uploading")["large"]) == 40_000_000


def test_a_killed_container_has_the_exit_code_of_its_signal(jobs: Any) -> None:
    jobs.create("killed", Environment={"PROGRAM": "os = __import__('os'); os.kill(os.getpid(), 9)"})
    assert jobs.ended("killed")["FailureReason"].endswith(", exit code: 137")


def test_an_entrypoint_and_arguments_replace_train(jobs: Any, log_of: Any) -> None:
    specification = jobs.request("entered")["AlgorithmSpecification"]
    entry = {"ContainerEntrypoint": ["/bin/sh", "-c"], "ContainerArguments": ["echo mine > /opt/ml/model/a; exit 0"]}
    jobs.create("entered", AlgorithmSpecification={**specification, **entry})
    assert jobs.ended("entered")["TrainingJobStatus"] == "Completed"


def test_metrics_go_to_cloudwatch_as_they_are_read(jobs: Any, aws: None) -> None:
    definitions = [{"Name": "loss", "Regex": r"loss=(\S+)"}, {"Name": "odd", "Regex": "loss=(x)?"}]
    specification = {**jobs.request("any")["AlgorithmSpecification"], "MetricDefinitions": definitions}
    lines = "[print('loss=' + text, flush=True) for text in ('0.5', 'nan', '0.25', 'none')]"
    jobs.create("metered", AlgorithmSpecification=specification, Environment={"PROGRAM": lines})
    (metric,) = jobs.ended("metered")["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("loss", 0.25)
    now = datetime.now(UTC)
    (datapoint,) = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs",
        MetricName="loss",
        Dimensions=[{"Name": "TrainingJobName", "Value": "metered"}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=3600,
        Statistics=["SampleCount", "Minimum"],
    )["Datapoints"]
    assert (datapoint["SampleCount"], datapoint["Minimum"]) == (2, 0.25)
