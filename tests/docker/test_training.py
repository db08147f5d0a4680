"""Training jobs in Docker with a custom image: input, output, limits and end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

BUCKET = "docker-engine"


def channel(prefix: str) -> list[dict[str, Any]]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{prefix}"}
    return [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}]


def test_a_custom_image_trains_on_its_input_and_its_model_is_uploaded(emulator: Any) -> None:
    for number in range(3):
        emulator.s3.put_object(Bucket=BUCKET, Key=f"own/{number}.txt", Body=b"x")
    emulator.create("own", {"model": "mine"}, InputDataConfig=channel("own/"))
    assert emulator.ended("own")["TrainingJobStatus"] == "Completed"
    assert emulator.unpacked("own") == {"model.txt": b"mine"}
    first, *_, last = emulator.log("own")
    assert json.loads(first) == {"files": 3, "host": "algo-1", "uid": 0}
    assert last == "the last line"


def test_two_hosts_see_each_other_by_name(emulator: Any) -> None:
    emulator.create("pair", {"meet": "yes"}, ResourceConfig={"InstanceCount": 2})
    assert emulator.ended("pair")["TrainingJobStatus"] == "Completed"
    assert "algo-1 heard algo-2" in emulator.log("pair")
    assert set(emulator.unpacked("pair")) == {"model.txt", "met-algo-1", "met-algo-2"}


def test_the_failure_reason_names_memory_when_a_program_used_too_much(emulator: Any) -> None:
    emulator.create("greedy", {"program": "x = bytearray(400 << 20)"}, ResourceConfig={"InstanceType": "ml.m4.xlarge"})
    reason = emulator.ended("greedy")["FailureReason"]
    assert "used more than its 0.0625 GiB of memory (OOM)" in reason
    assert reason.endswith("exit code: 137")


def test_the_failure_reason_has_the_exit_code_and_the_end_of_the_log(emulator: Any) -> None:
    emulator.create("failing", {"program": "print('oh no', flush=True); raise SystemExit(3)"})
    job = emulator.ended("failing")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: ")
    assert job["FailureReason"].endswith("oh no, exit code: 3")


def test_an_image_that_cannot_be_pulled_fails_the_job_with_the_message_of_aws(emulator: Any) -> None:
    missing = {"TrainingImage": "127.0.0.1:9/missing:1", "TrainingInputMode": "File"}
    emulator.create("missing", AlgorithmSpecification=missing)
    reason = emulator.ended("missing")["FailureReason"]
    assert reason.startswith("ClientError: Cannot pull algorithm container. Either the image does not exist")
    assert "127.0.0.1:9/missing:1" in reason


def test_an_instance_type_with_a_missing_gpu_fails_the_job_and_is_named(emulator: Any, engine: Any) -> None:
    if "nvidia" in engine.info()["Runtimes"]:
        pytest.skip("this Docker engine has GPUs")
    emulator.create("gpu", ResourceConfig={"InstanceType": "ml.p3.2xlarge"})
    reason = emulator.ended("gpu")["FailureReason"]
    assert "The instance type ml.p3.2xlarge has 1 GPU(s), which Docker cannot give" in reason
    assert "NVIDIA Container Toolkit" in reason


def test_a_stopped_job_keeps_its_model(emulator: Any, until: Callable[..., Any]) -> None:
    emulator.create("stopped", {"model": "half", "ticks": "600"})
    until(lambda: "tick=1" in emulator.log("stopped"), "the job to tick")
    emulator.sagemaker.stop_training_job(TrainingJobName="stopped")
    assert emulator.ended("stopped")["TrainingJobStatus"] == "Stopped"
    assert emulator.unpacked("stopped") == {"model.txt": b"half"}


def test_checkpoints_reach_s3_while_the_job_runs(emulator: Any, until: Callable[..., Any]) -> None:
    program = "(BASE / 'checkpoints/one.txt').write_text('1')"
    config = {"S3Uri": f"s3://{BUCKET}/checkpoints"}
    emulator.create("checkpoints", {"program": program, "ticks": "600"}, CheckpointConfig=config)

    def uploaded() -> bool:
        listed = emulator.s3.list_objects_v2(Bucket=BUCKET, Prefix="checkpoints/")
        return [one["Key"] for one in listed.get("Contents", ())] == ["checkpoints/one.txt"]

    until(uploaded, "the checkpoint to be in S3")
    assert emulator.job("checkpoints")["TrainingJobStatus"] == "InProgress"
    emulator.sagemaker.stop_training_job(TrainingJobName="checkpoints")
    emulator.ended("checkpoints")


def test_a_job_leaves_no_container_in_docker(emulator: Any, engine: Any, until: Callable[..., Any]) -> None:
    emulator.create("tidy", ResourceConfig={"InstanceCount": 2})
    emulator.ended("tidy")
    until(
        lambda: not [one for one in engine.containers.list(all=True) if one.name.startswith("tidy-")],
        "the containers to be removed",
    )


def test_a_channel_in_pipe_mode_is_read_epoch_by_epoch(emulator: Any) -> None:
    for number in range(3):
        emulator.s3.put_object(Bucket=BUCKET, Key=f"piped/{number}.bin", Body=bytes(1 << 20))
    algorithm = {"TrainingImage": emulator.image, "TrainingInputMode": "Pipe"}
    emulator.create("piped", {"read": "-1"}, AlgorithmSpecification=algorithm, InputDataConfig=channel("piped/"))
    assert emulator.ended("piped")["TrainingJobStatus"] == "Completed"
    assert [line for line in emulator.log("piped") if line.startswith("read ")] == [f"read {3 << 20}"] * 2


def test_a_program_may_close_a_pipe_before_its_end(emulator: Any) -> None:
    emulator.s3.put_object(Bucket=BUCKET, Key="early/1.bin", Body=bytes(4 << 20))
    algorithm = {"TrainingImage": emulator.image, "TrainingInputMode": "Pipe"}
    emulator.create("early", {"read": "1000"}, AlgorithmSpecification=algorithm, InputDataConfig=channel("early/"))
    assert emulator.ended("early")["TrainingJobStatus"] == "Completed"
    assert [line for line in emulator.log("early") if line.startswith("read ")] == ["read 1000"] * 2
