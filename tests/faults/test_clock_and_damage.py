"""A clock that is set, and state that is damaged: what is recorded moves, and nothing else does."""

from __future__ import annotations

import shutil
import sqlite3
import time
from typing import Any

import pytest
from tests.contract.conftest import BUCKET
from tests.faults.conftest import captured_bodies
from tests.faults.test_s3_away import CAPTURE
from tests.waiting import until


class SteppedTime:
    """The module `time`, with a wall clock that the test sets. Clocks that nobody can set go on as they are."""

    def __init__(self) -> None:
        self.step_s = 0.0

    def time(self) -> float:
        return time.time() + self.step_s

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


CLOCKS = (
    "jobs.job_collection",
    "training.jobs",
    "training.run",
    "hosting.rollouts",
    "hosting.endpoints",
    "resources.moment",
    "aws_clients.log_streams",
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SteppedTime:
    clock = SteppedTime()
    for module in CLOCKS:
        monkeypatch.setattr(f"sagemaker_emulator.{module}.time", clock)
    return clock


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0])
def test_a_clock_that_is_set_ends_no_job_and_expires_no_request(
    serve: Any, jobs_of: Any, hosting_of: Any, s3: Any, clock: SteppedTime, step_s: float
) -> None:
    name = f"stepped{int(step_s)}".replace("-", "-back-")
    with serve() as emulator:
        jobs, hosting = jobs_of(emulator), hosting_of(emulator)
        hosting.model(name)
        config = {"OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/{name}"}}
        hosting.config(name, {"VariantName": "AllTraffic", "ModelName": name}, AsyncInferenceConfig=config)
        hosting.endpoint(name, name)
        jobs.create(name, {"seconds": "2"}, StoppingCondition={"MaxRuntimeInSeconds": 1800})
        jobs.in_training(name)
        clock.step_s = step_s
        answer = emulator.client("sagemaker-runtime").invoke_endpoint_async(
            EndpointName=name, Body=b"x", RequestTTLSeconds=1800
        )
        job = jobs.ended(name)
        assert (job["TrainingJobStatus"], job.get("FailureReason")) == ("Completed", None)
        assert 1 <= job["TrainingTimeInSeconds"] < 600
        key = answer["OutputLocation"].removeprefix(f"s3://{BUCKET}/")
        until(lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix=key).get("KeyCount"), "the answer")


def test_a_damaged_state_starts_reports_and_serves(
    serve: Any, hosting_of: Any, s3: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with serve() as emulator:
        state = emulator.instance.settings.state_dir
        hosting_of(emulator).simple("damaged", DataCaptureConfig=CAPTURE)
        hosting_of(emulator).model("row")
    (state / "capture" / "0123456789abcdef").mkdir()
    (state / "capture" / "0123456789abcdef" / "prefix").write_text("")
    (state / "async").mkdir(exist_ok=True)
    (state / "async" / "unknown").write_text("no folder")
    with sqlite3.connect(state / "sagemaker.sqlite3") as store:
        store.execute("UPDATE resource SET body = ? WHERE name = 'row'", (b"{",))
    store.close()
    with serve() as emulator:
        client = emulator.client("sagemaker")
        assert [one["ModelName"] for one in client.list_models()["Models"]] == ["damaged"]
        hosting_of(emulator).settled("damaged")
        emulator.client("sagemaker-runtime").invoke_endpoint(EndpointName="damaged", Body="1", ContentType="text/csv")
    assert captured_bodies(s3, "damaged") == ["1"]
    assert len(list((state / "set-aside").iterdir())) == 2
    assert caplog.text.count("0123456789abcdef is damaged") == 1


def test_a_lost_payload_is_reported_as_a_failure_of_the_platform(serve: Any, hosting_of: Any, s3: Any) -> None:
    hold = "import time; time.sleep(600)"
    with serve() as emulator:
        state, hosting = emulator.instance.settings.state_dir, hosting_of(emulator)
        hosting.model("payload", environment={"ANSWER": hold})
        output = {"S3OutputPath": f"s3://{BUCKET}/payload", "S3FailurePath": f"s3://{BUCKET}/payload-failed"}
        variant = {"VariantName": "AllTraffic", "ModelName": "payload"}
        hosting.config("payload", variant, AsyncInferenceConfig={"OutputConfig": output})
        hosting.endpoint("payload", "payload")
        answer = emulator.client("sagemaker-runtime").invoke_endpoint_async(EndpointName="payload", Body=b"x")
    for folder in (state / "async").iterdir():
        shutil.rmtree(folder)
    key = answer["FailureLocation"].removeprefix(f"s3://{BUCKET}/")
    with serve():
        until(lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix=key).get("KeyCount"), "the failure")
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().startswith(b"InternalServerError: The payload")
