"""Restarts: resources are kept, endpoints are back in service, interrupted jobs have failed."""

from __future__ import annotations

from typing import Any

import psutil

LONG = "600"  # seconds for which a job runs unless it is stopped


def test_endpoints_are_in_service_again_after_a_restart(restartable: Any, make_hosting: Any, s3: Any) -> None:
    with restartable() as emulator:
        assert make_hosting(emulator.client("sagemaker"), s3).simple("again")["EndpointStatus"] == "InService"
    with restartable() as emulator:
        client = emulator.client("sagemaker")
        assert make_hosting(client, s3).settled("again")["EndpointStatus"] == "InService"
        client.get_waiter("endpoint_in_service").wait(EndpointName="again", WaiterConfig={"Delay": 1})


def test_an_interrupted_job_fails_with_the_reason(restartable: Any, make_jobs: Any, s3: Any) -> None:
    with restartable() as emulator:
        jobs = make_jobs(emulator.client("sagemaker"), s3)
        jobs.create("interrupted", {"seconds": LONG})
        jobs.in_training("interrupted")
    with restartable() as emulator:
        job = emulator.client("sagemaker").describe_training_job(TrainingJobName="interrupted")
    assert job["TrainingJobStatus"] == "Failed"
    assert "shut down while the job was running" in job["FailureReason"]


def test_a_stopped_emulator_leaves_no_process_behind(
    restartable: Any, make_jobs: Any, make_hosting: Any, s3: Any
) -> None:
    before = set(psutil.Process().children(recursive=True))
    with restartable() as emulator:
        client = emulator.client("sagemaker")
        make_hosting(client, s3).simple("ended")
        jobs = make_jobs(client, s3)
        jobs.create("ended", {"seconds": LONG})
        jobs.in_training("ended")
        assert set(psutil.Process().children(recursive=True)) - before
    assert not set(psutil.Process().children(recursive=True)) - before
