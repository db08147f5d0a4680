"""The moves of jobs between AWS's statuses, and the record that a job keeps of them."""

from itertools import product

import pytest

from sagemaker_emulator.resources.job import Job, JobStatus
from sagemaker_emulator.resources.moment import Moment
from sagemaker_emulator.resources.processing_job import ProcessingJob
from sagemaker_emulator.resources.training_job import MESSAGES, SecondaryStatus, TrainingJob, Transition
from sagemaker_emulator.resources.transform_job import TransformJob
from sagemaker_emulator.resources.tuning_job import TuningJob

S = JobStatus
P = SecondaryStatus
LEGAL = {
    (S.IN_PROGRESS, S.COMPLETED),
    (S.IN_PROGRESS, S.FAILED),
    (S.IN_PROGRESS, S.STOPPING),
    (S.IN_PROGRESS, S.STOPPED),
    (S.STOPPING, S.STOPPED),
    (S.STOPPING, S.COMPLETED),
    (S.STOPPING, S.FAILED),
}
REQUEST = {"TrainingJobName": "job-1", "ResourceConfig": {"InstanceCount": 1}}


def in_status(status: JobStatus) -> TransformJob:
    return TransformJob("job-1", "arn", {}, created=1, modified=1, status=status)


def training_job(**resources: int) -> TrainingJob:
    request = {**REQUEST, "ResourceConfig": {**REQUEST["ResourceConfig"], **resources}}  # type: ignore[dict-item]
    return TrainingJob.requested("arn:job-1", request, 100)


@pytest.mark.parametrize(("status", "following"), [*product(S, S)])
def test_a_job_makes_the_moves_of_aws_and_no_others(status: JobStatus, following: JobStatus) -> None:
    if (status, following) in LEGAL:
        assert in_status(status).moved_to(following, 5).status is following
        return
    with pytest.raises(ValueError, match=f"^transform-job 'job-1' cannot go from {status} to {following}$"):
        in_status(status).moved_to(following, 5)


@pytest.mark.parametrize(("following", "ended"), [(S.STOPPING, None), (S.COMPLETED, 5), (S.FAILED, 5), (S.STOPPED, 5)])
def test_a_job_ends_with_its_last_move(following: JobStatus, ended: float | None) -> None:
    job = in_status(S.IN_PROGRESS).moved_to(following, 5)
    assert (job.modified, job.ended, job.is_over) == (5, ended, ended is not None)
    assert job.failure_reason is None


def test_a_new_job_is_in_progress_and_not_over() -> None:
    job = TransformJob("job-1", "arn", {}, created=1, modified=1)
    assert (job.status, job.is_over, job.started, job.ended) == (S.IN_PROGRESS, False, None, None)


def test_a_job_begins_when_its_containers_start() -> None:
    job = in_status(S.IN_PROGRESS).begun(3)
    assert (job.started, job.modified, job.created) == (3, 3, 1)


@pytest.mark.parametrize(("reason", "kept"), [("Because.", "Because."), ("", None), ("x" * 1025, "x" * 1024)])
def test_a_failure_reason_has_at_most_1024_characters(reason: str, kept: str | None) -> None:
    assert in_status(S.IN_PROGRESS).moved_to(S.FAILED, 5, reason).failure_reason == kept
    assert training_job().moved_to(S.FAILED, 5, reason).failure_reason == kept


@pytest.mark.parametrize(("message", "kept"), [("done", "done"), ("", None), (None, None), ("x" * 1025, "x" * 1024)])
def test_an_exit_message_has_at_most_1024_characters(message: str | None, kept: str | None) -> None:
    job = ProcessingJob("job-1", "arn", {}, created=1, modified=1)
    assert job.with_exit_message(message).exit_message == kept


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (TransformJob, "transform-job"),
        (ProcessingJob, "processing-job"),
        (TrainingJob, "training-job"),
        (TuningJob, "hyper-parameter-tuning-job"),
    ],
)
def test_a_kind_is_spelled_as_in_its_arn(kind: type[Job], name: str) -> None:
    assert kind.kind == name


def test_a_requested_training_job_is_starting() -> None:
    job = TrainingJob.requested("arn:job-1", REQUEST, 100, "arn:tuning")
    assert (job.name, job.arn, job.request, job.created, job.modified) == ("job-1", "arn:job-1", REQUEST, 100, 100)
    assert (job.status, job.secondary_status, job.tuning_job_arn) == (S.IN_PROGRESS, P.STARTING, "arn:tuning")
    assert job.transitions == (Transition(P.STARTING, 100, None, "Preparing the instances for training"),)
    assert TrainingJob.requested("arn:job-1", REQUEST, 100).tuning_job_arn is None


def test_each_phase_of_training_closes_the_one_before_it() -> None:
    job = training_job().entered(P.DOWNLOADING, 110).entered(P.TRAINING, 120).moved_to(S.COMPLETED, 150)
    assert [(t.status, t.start_time, t.end_time, t.message) for t in job.transitions] == [
        (P.STARTING, 100, 110, "Preparing the instances for training"),
        (P.DOWNLOADING, 110, 120, "Downloading input data"),
        (P.TRAINING, 120, 150, "Training image download completed. Training in progress."),
        (P.COMPLETED, 150, 150, "Training job completed"),
    ]
    assert (job.secondary_status, job.modified, job.started, job.training_seconds) == (P.COMPLETED, 150, 110, 40)


def test_training_starts_with_the_first_download() -> None:
    job = training_job().entered(P.DOWNLOADING, 110).entered(P.DOWNLOADING, 115).entered(P.TRAINING, 120)
    assert (job.started, job.modified, job.secondary_status) == (110, 120, P.TRAINING)
    assert training_job().entered(P.TRAINING, 120).started is None


@pytest.mark.parametrize("status", [S.STOPPING, S.STOPPED, S.FAILED])
def test_a_training_job_that_stops_or_is_over_enters_no_phase(status: JobStatus) -> None:
    job = training_job().moved_to(status, 110)
    with pytest.raises(ValueError, match=f"^training job 'job-1' cannot enter Uploading: its status is {status}$"):
        job.entered(P.UPLOADING, 120)


def test_a_transition_has_the_failure_reason_or_the_phases_message() -> None:
    assert training_job().moved_to(S.FAILED, 5, "Because.").transitions[-1].message == "Because."
    assert training_job().moved_to(S.FAILED, 5).transitions[-1].message == ""
    assert training_job().moved_to(S.STOPPING, 5).transitions[-1].message == MESSAGES[P.STOPPING]


def test_a_job_is_stopping_until_it_has_stopped() -> None:
    stopping = training_job().moved_to(S.STOPPING, 110)
    assert (stopping.secondary_status, stopping.transitions[-1].end_time) == (P.STOPPING, None)
    stopped = stopping.moved_to(S.STOPPED, 120, secondary=P.MAX_RUNTIME_EXCEEDED)
    assert (stopped.secondary_status, stopped.ended) == (P.MAX_RUNTIME_EXCEEDED, 120)
    assert [t.end_time for t in stopped.transitions] == [110, 120, 120]
    assert stopped.transitions[-1].message == "Training job runtime exceeded MaxRuntimeInSeconds provided"


@pytest.mark.parametrize("phases", [(), (P.TRAINING,)])
def test_a_job_that_never_downloaded_has_no_training_time(phases: tuple[SecondaryStatus, ...]) -> None:
    job = training_job()
    for phase in phases:
        job = job.entered(phase, 110)
    assert job.moved_to(S.FAILED, 120).training_seconds is None
    assert job.entered(P.DOWNLOADING, 115).training_seconds is None


def test_a_warm_pool_ends_with_its_job() -> None:
    assert training_job().warm_pool_status is None
    kept_warm = training_job(KeepAlivePeriodInSeconds=60)
    assert kept_warm.warm_pool_status == "InUse"
    assert kept_warm.moved_to(S.COMPLETED, 110).warm_pool_status == "Terminated"


def test_only_a_failed_job_has_failed() -> None:
    assert training_job().moved_to(S.FAILED, 110).failed
    assert not training_job().moved_to(S.STOPPED, 110).failed


def test_the_last_transition_explains_why_a_job_waits() -> None:
    job = training_job().entered(P.DOWNLOADING, 101).entered(P.UPLOADING, 102)
    explained = job.explained("S3 does not answer", 103)
    assert explained.modified == 103
    assert [entry.message for entry in explained.transitions] == [
        *[entry.message for entry in job.transitions[:-1]],
        "S3 does not answer",
    ]
    assert explained.transitions[-1].start_time == job.transitions[-1].start_time == 102


def test_a_job_knows_how_long_ago_it_entered_a_phase() -> None:
    entered = Moment.now()
    moment = Moment(entered.epoch, entered.uptime - 5, entered.boot)
    job = training_job().entered(P.DOWNLOADING, 101, moment).entered(P.UPLOADING, 102)
    assert 5 <= (job.seconds_in(P.DOWNLOADING) or 0) < 65
    assert job.seconds_in(P.UPLOADING) is None  # its moment was not noted
    assert job.seconds_in(P.COMPLETED) is None
