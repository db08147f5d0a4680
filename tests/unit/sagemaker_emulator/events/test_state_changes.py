"""State-change events: which resources have them, and the times in their details."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from sagemaker_emulator.events.state_changes import StateChangeEvents
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.resources.model_package import ModelPackage
from sagemaker_emulator.resources.processing_job import ProcessingJob
from sagemaker_emulator.resources.training_job import TrainingJob
from sagemaker_emulator.resources.transform_job import TransformJob
from sagemaker_emulator.resources.tuning_job import TuningJob
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.tuning.jobs import TuningJobs

TRAINING = {"TrainingJobName": "one", "ResourceConfig": {}, "OutputDataConfig": {"S3OutputPath": "s3://bucket"}}
TUNING = {
    "HyperParameterTuningJobConfig": {
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
        "ResourceLimits": {},
    },
    "TrainingJobDefinition": {},
}


class NoTrials:
    """Tuning jobs that have launched nothing."""

    def results(self, _: TuningJob) -> list[Any]:
        return []


@pytest.fixture
def events(tmp_path: Path) -> Iterator[StateChangeEvents]:
    store = Store(tmp_path / "store.sqlite3")
    store.put_tags("arn", {"team": "bikes"})
    yield StateChangeEvents(store, cast(Endpoints, None), cast(TuningJobs, NoTrials()))
    store.close()


@pytest.mark.parametrize(
    ("resource", "detail_type", "status"),
    [
        (TrainingJob.requested("arn", TRAINING, 1.5), "SageMaker Training Job State Change", "TrainingJobStatus"),
        (TransformJob("one", "arn", {}, 1.5, 1.5), "SageMaker Transform Job State Change", "TransformJobStatus"),
        (ProcessingJob("one", "arn", {}, 1.5, 1.5), "SageMaker Processing Job State Change", "ProcessingJobStatus"),
        (
            TuningJob("one", "arn", TUNING, 1.5, 1.5),
            "SageMaker HyperParameter Tuning Job State Change",
            "HyperParameterTuningJobStatus",
        ),
        (ModelPackage("one", "arn", {}, 1.5, 1.5), "SageMaker Model Package State Change", "ModelPackageStatus"),
    ],
)
def test_an_event_describes_the_resource_with_times_in_milliseconds(
    events: StateChangeEvents, resource: Any, detail_type: str, status: str
) -> None:
    event = events.event_of(resource)
    assert event is not None
    assert (event.detail_type, event.arn) == (detail_type, "arn")
    detail = json.loads(event.detail)
    assert detail["CreationTime"] == 1500
    assert detail[status] in ("InProgress", "Completed")
    assert detail["Tags"] == {"team": "bikes"}
    assert None not in detail.values()


def test_times_inside_lists_are_milliseconds_too(events: StateChangeEvents) -> None:
    event = events.event_of(TrainingJob.requested("arn", TRAINING, 1.5))
    assert event is not None
    (transition,) = json.loads(event.detail)["SecondaryStatusTransitions"]
    assert transition["StartTime"] == 1500


@dataclass(frozen=True)
class Other:
    kind: ClassVar[str] = "other"

    name: str = "one"
    arn: str = "arn"
    created: float = 1.0


def test_other_resources_have_no_events(events: StateChangeEvents) -> None:
    assert events.event_of(Other()) is None
