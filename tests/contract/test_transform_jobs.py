"""Batch transform jobs, as boto3 sees them."""

from __future__ import annotations

import gzip
import json
import struct
from dataclasses import dataclass
from typing import Any

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError

BUCKET = "contract"
LINES = b"1,2,3\n4,5,6\n7,8,9\n"
BRACKETS = "handler._answer(200, b'<' + body + b'>', 'text/plain')"
SHOUT = "handler._answer(200, body.upper(), 'text/plain')"
SUM = """
rows = [[float(cell) for cell in row.split(',')] for row in body.decode().split()]
handler._answer(200, '\\n'.join(str(int(sum(row))) for row in rows).encode(), 'text/csv')
"""
VARIABLES = """
import json, os
names = [name for name in os.environ if name.startswith('SAGEMAKER_') and ('BATCH' in name or 'MAX' in name)]
seen = {**{name: os.environ[name] for name in names}, 'accept': handler.headers['Accept']}
handler._answer(200, json.dumps(seen).encode(), 'application/json')
"""
TOGETHER = """
import threading, builtins
barrier = builtins.__dict__.setdefault('barrier', threading.Barrier(3, timeout=10))
barrier.wait()
handler._answer(200, body, 'text/plain')
"""
FAIL_TWICE = """
import builtins
count = builtins.__dict__['count'] = builtins.__dict__.get('count', 0) + 1
handler._answer(500 if count < 3 else 200, b'not yet' if count < 3 else body, 'text/plain')
"""


@dataclass
class Transforms:
    """Transform jobs of the contract container. The answer of the model is a few lines of Python."""

    client: Any
    s3: Any
    until: Any

    def create(self, name: str, files: dict[str, bytes], answer: str | None = BRACKETS, **changes: Any) -> str:
        """`changes` replace members of the request; those of TransformInput and TransformOutput are merged."""
        for key, body in files.items():
            self.s3.put_object(Bucket=BUCKET, Key=f"transform/{name}/{key}", Body=body)
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/transform/{name}/"}
        environment = {**({"ANSWER": answer} if answer else {}), **changes.pop("Environment", {})}
        request = {
            "TransformJobName": name,
            "ModelName": "transformed",
            "TransformInput": {"DataSource": {"S3DataSource": source}, **changes.pop("TransformInput", {})},
            "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/out/{name}", **changes.pop("TransformOutput", {})},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": changes.pop("instances", 1)},
            "Environment": environment,
        }
        arn: str = self.client.create_transform_job(**{**request, **changes})["TransformJobArn"]
        return arn

    def ended(self, name: str) -> dict[str, Any]:
        def over() -> dict[str, Any] | None:
            job = self.client.describe_transform_job(TransformJobName=name)
            return job if job["TransformJobStatus"] in ("Completed", "Failed", "Stopped") else None

        job: dict[str, Any] = self.until(over, f"the end of transform job {name}")
        return job

    def begun(self, name: str) -> None:
        self.until(
            lambda: "TransformStartTime" in self.client.describe_transform_job(TransformJobName=name),
            f"{name} to have started",
        )

    def output(self, name: str) -> dict[str, bytes]:
        prefix = f"out/{name}/"
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())
        bodies = {entry["Key"]: self.s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read() for entry in found}
        return {key.removeprefix(prefix): body for key, body in bodies.items()}

    def answered(self, name: str, files: dict[str, bytes], answer: str = BRACKETS, **changes: Any) -> dict[str, bytes]:
        """Create, wait for Completed, and what the output files hold."""
        self.create(name, files, answer, **changes)
        job = self.ended(name)
        assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
        return self.output(name)


@pytest.fixture(scope="module")
def transforms(sagemaker: Any, s3: Any, hosting: Any, until: Any) -> Transforms:
    hosting.model("transformed")
    return Transforms(sagemaker, s3, until)


def test_every_file_has_its_answer_in_a_file_of_its_name(transforms: Any) -> None:
    arn = transforms.create("whole", {"a/one.txt": b"one", "two.txt": b"two"}, SHOUT)
    job = transforms.ended("whole")
    assert job["TransformJobStatus"] == "Completed"
    assert job["TransformJobArn"] == arn
    assert arn.endswith(":transform-job/whole")
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    assert transforms.output("whole") == {"a/one.txt.out": b"ONE", "two.txt.out": b"TWO"}


def test_the_waiter_of_boto3_returns(transforms: Any, sagemaker: Any) -> None:
    transforms.create("waited", {"one.txt": b"one"})
    waiter = sagemaker.get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName="waited", WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_describe_repeats_what_create_said(transforms: Any, sagemaker: Any) -> None:
    arn = transforms.create(
        "repeated", {"one.txt": b"one"}, MaxPayloadInMB=3, Tags=[{"Key": "team", "Value": "scones"}]
    )
    job = transforms.ended("repeated")
    assert (job["ModelName"], job["MaxPayloadInMB"]) == ("transformed", 3)
    assert (job["TransformInput"]["SplitType"], job["TransformOutput"]["AssembleWith"]) == ("None", "None")
    assert job["DataProcessing"] == {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
    assert job["TransformResources"] == {"InstanceType": "ml.m5.large", "InstanceCount": 1}
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "scones"}]


def test_the_model_has_its_archive_and_its_content_type(transforms: Any) -> None:
    files = {"one.csv": b"1,2"}
    answer = transforms.answered("served", files, None, TransformInput={"ContentType": "text/csv"})["one.csv.out"]
    assert json.loads(answer) == {"model": "v1", "got": "1,2", "type": "text/csv"}


def test_the_container_is_told_that_it_transforms(transforms: Any) -> None:
    told = transforms.answered(
        "told", {"one.txt": b"one"}, VARIABLES,
        BatchStrategy="SingleRecord", MaxPayloadInMB=2, MaxConcurrentTransforms=4,
        TransformOutput={"Accept": "application/json"},
    )  # fmt: skip
    assert json.loads(told["one.txt.out"]) == {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "2",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "4",
        "accept": "application/json",
    }


@pytest.mark.parametrize(
    ("strategy", "assemble", "expected"),
    [
        ("SingleRecord", "Line", b"<1,2,3>\n<4,5,6>\n<7,8,9>\n"),
        ("SingleRecord", "None", b"<1,2,3><4,5,6><7,8,9>"),
        ("MultiRecord", "None", b"<1,2,3\n4,5,6\n7,8,9\n>"),
    ],
)
def test_lines_are_sent_and_put_together_as_asked(
    transforms: Any, strategy: str, assemble: str, expected: bytes
) -> None:
    name = f"lines-{strategy}-{assemble}"
    found = transforms.answered(
        name,
        {"rows.csv": LINES},
        BatchStrategy=strategy,
        TransformInput={"SplitType": "Line"},
        TransformOutput={"AssembleWith": assemble},
    )
    assert found == {"rows.csv.out": expected}


def test_payloads_of_many_records_stay_below_the_limit_and_in_order(transforms: Any) -> None:
    rows = b"".join(b"%07d%s\n" % (number, b"x" * 1000) for number in range(3000))
    size = "handler._answer(200, str(len(body)).encode() + b' ' + body[:7], 'text/plain')"
    found = transforms.answered(
        "many",
        {"rows.txt": rows},
        size,
        MaxPayloadInMB=1,
        MaxConcurrentTransforms=3,
        TransformInput={"SplitType": "Line"},
        TransformOutput={"AssembleWith": "Line"},
    )["rows.txt.out"]
    answers = [line.split() for line in found.splitlines()]
    assert sum(int(length) for length, _ in answers) == len(rows)
    assert all(int(length) <= 1 << 20 for length, _ in answers)
    assert [first for _, first in answers] == sorted(first for _, first in answers)
    assert len(answers) == 3


def test_what_the_request_leaves_open_the_container_is_asked(transforms: Any) -> None:
    said = {"MaxConcurrentTransforms": 2, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 1}
    found = transforms.answered(
        "asked",
        {"rows.csv": LINES},
        Environment={"PARAMETERS": json.dumps(said)},
        TransformInput={"SplitType": "Line"},
    )
    assert found == {"rows.csv.out": b"<1,2,3><4,5,6><7,8,9>"}
    assert "MaxConcurrentTransforms=2, MaxPayloadInMB=1, BatchStrategy=SINGLE_RECORD" in _log("asked", "/data-log")[0]


def test_requests_run_side_by_side(transforms: Any) -> None:
    """Each waits for two others: alone, none would be answered."""
    files = {f"{number}.txt": b"x" for number in range(6)}
    assert len(transforms.answered("together", files, TOGETHER, MaxConcurrentTransforms=3)) == 6


def test_instances_share_the_files(transforms: Any) -> None:
    place = "handler._answer(200, str(BASE).encode(), 'text/plain')"
    found = transforms.answered("shared", {f"{number}.txt": b"x" for number in range(4)}, place, instances=2)
    assert len(found) == 4
    assert sorted(list(found.values()).count(one) for one in set(found.values())) == [2, 2]


def test_a_manifest_names_the_files(transforms: Any, s3: Any) -> None:
    manifest = [{"prefix": f"s3://{BUCKET}/transform/listed-files/"}, "a/one.txt"]
    s3.put_object(Bucket=BUCKET, Key="manifests/transform.json", Body=json.dumps(manifest))
    source = {"S3DataType": "ManifestFile", "S3Uri": f"s3://{BUCKET}/manifests/transform.json"}
    found = transforms.answered(
        "listed-files",
        {"a/one.txt": b"one", "two.txt": b"two"},
        TransformInput={"DataSource": {"S3DataSource": source}},
    )
    assert found == {"a/one.txt.out": b"<one>"}


def test_compressed_input_is_uncompressed(transforms: Any) -> None:
    found = transforms.answered("packed", {"a.gz": gzip.compress(b"one")}, TransformInput={"CompressionType": "Gzip"})
    assert found == {"a.gz.out": b"<one>"}


def test_records_of_recordio_are_unwrapped_one_by_one(transforms: Any) -> None:
    packed = b"".join(struct.pack("<II", 0xCED7230A, len(one)) + one + bytes(-len(one) % 4) for one in (b"abc", b"d"))
    found = transforms.answered(
        "recordio", {"a.rec": packed}, BatchStrategy="SingleRecord", TransformInput={"SplitType": "RecordIO"}
    )
    assert found == {"a.rec.out": b"<abc><d>"}


def test_records_of_tfrecord_are_unwrapped_one_by_one(transforms: Any) -> None:
    packed = b"".join(struct.pack("<QI", len(one), 0) + one + bytes(4) for one in (b"abc", b"d"))
    found = transforms.answered(
        "tfrecord", {"a.tfrecord": packed}, BatchStrategy="SingleRecord", TransformInput={"SplitType": "TFRecord"}
    )
    assert found == {"a.tfrecord.out": b"<abc><d>"}


@pytest.mark.parametrize(
    ("name", "processing", "expected"),
    [
        ("filtered", {"InputFilter": "$[1:]"}, b"5\n11\n17\n"),
        ("joined", {"InputFilter": "$[0,2]", "JoinSource": "Input"}, b"1,2,3,4\n4,5,6,10\n7,8,9,16\n"),
        ("chosen", {"JoinSource": "Input", "OutputFilter": "$[2:]"}, b"3,6\n6,15\n9,24\n"),
        ("last", {"JoinSource": "Input", "OutputFilter": "$[-1:]"}, b"6\n15\n24\n"),
    ],
)
def test_columns_are_left_out_and_joined(
    transforms: Any, name: str, processing: dict[str, str], expected: bytes
) -> None:
    found = transforms.answered(
        name,
        {"rows.csv": LINES},
        SUM,
        TransformInput={"SplitType": "Line", "ContentType": "text/csv"},
        TransformOutput={"AssembleWith": "Line", "Accept": "text/csv"},
        DataProcessing=processing,
    )
    assert found == {"rows.csv.out": expected}


def test_an_answer_is_joined_to_its_object(transforms: Any) -> None:
    rows = b'{"id": 7, "features": [1, 2]}\n{"id": 8, "features": [3, 4]}\n'
    answer = "handler._answer(200, b'\\n'.join(b'{\"score\": %d}' % len(one) for one in body.split()), 'text/plain')"
    types = "application/jsonlines"
    found = transforms.answered(
        "objects",
        {"rows.jsonl": rows},
        answer,
        TransformInput={"SplitType": "Line", "ContentType": types},
        TransformOutput={"AssembleWith": "Line", "Accept": types},
        DataProcessing={
            "InputFilter": "$.features",
            "JoinSource": "Input",
            "OutputFilter": "$['id','SageMakerOutput']",
        },
    )
    lines = [json.loads(line) for line in found["rows.jsonl.out"].splitlines()]
    assert lines == [{"id": 7, "SageMakerOutput": {"score": 5}}, {"id": 8, "SageMakerOutput": {"score": 5}}]


def test_answers_that_are_not_one_for_each_record_cannot_be_joined(transforms: Any) -> None:
    transforms.create(
        "mismatched",
        {"rows.csv": LINES},
        "handler._answer(200, b'1', 'text/csv')",
        TransformInput={"SplitType": "Line", "ContentType": "text/csv"},
        TransformOutput={"Accept": "text/csv"},
        DataProcessing={"JoinSource": "Input"},
    )
    assert transforms.ended("mismatched")["FailureReason"] == "ClientError: See job logs for more information"
    assert "mismatched line count" in _log("mismatched", "/data-log")[-1]


def test_a_failing_model_is_tried_again(transforms: Any) -> None:
    assert transforms.answered("patient", {"a.txt": b"one"}, FAIL_TWICE) == {"a.txt.out": b"one"}


def test_an_answer_that_takes_too_long_fails_the_job(transforms: Any) -> None:
    config = {"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 0}
    transforms.create("slow", {"a.txt": b"sleep 5"}, None, ModelClientConfig=config)
    job = transforms.ended("slow")
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert "a.txt: Unable to get response from algorithm" in _log("slow", "/data-log")[-1]


@pytest.mark.parametrize(("status", "fault"), [(415, "ClientError"), (503, "AlgorithmError")])
def test_one_bad_file_fails_the_job_and_the_others_are_answered(transforms: Any, status: int, fault: str) -> None:
    answer = f"handler._answer({status} if body == b'bad' else 200, body, 'text/plain')"
    name = f"partly-{status}"
    files = {"a.txt": b"good", "b.txt": b"bad", "c.txt": b"fine"}
    transforms.create(name, files, answer, ModelClientConfig={"InvocationsMaxRetries": 0})
    job = transforms.ended(name)
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"] == f"{fault}: See job logs for more information"
    assert transforms.output(name) == {"a.txt.out": b"good", "c.txt.out": b"fine"}
    said = [line.partition("[sagemaker logs]: ")[2] for line in _log(name, "/data-log")]
    assert f"b.txt: Bad HTTP status received from algorithm: {status}" in said
    assert "b.txt: bad" in said


def test_a_file_larger_than_a_payload_fails_the_job(transforms: Any) -> None:
    transforms.create("large", {"a.txt": b"x" * (1 << 20) + b"x"}, MaxPayloadInMB=1)
    assert transforms.ended("large")["FailureReason"] == "ClientError: See job logs for more information"
    assert "a.txt: Too much data for max payload size" in _log("large", "/data-log")[-1]


def test_without_a_limit_a_file_is_streamed_in_chunks(transforms: Any) -> None:
    answer = "handler._answer(200, f'{handler.headers[\"Transfer-Encoding\"]} {len(body)}'.encode(), 'text/plain')"
    found = transforms.answered("unlimited", {"a.txt": b"x" * (7 << 20)}, answer, MaxPayloadInMB=0)
    assert found == {"a.txt.out": b"chunked 7340032"}


def test_a_container_that_ends_fails_the_job_with_its_last_words(transforms: Any) -> None:
    answer = "print('out of memory', flush=True); __import__('os')._exit(9)"
    transforms.create("dying", {"a.txt": b"one"}, answer, ModelClientConfig={"InvocationsMaxRetries": 0})
    job = transforms.ended("dying")
    assert "AlgorithmError: The model container exited with code 9." in job["FailureReason"]
    assert "out of memory" in job["FailureReason"]


def test_a_container_that_does_not_start_fails_the_job(transforms: Any) -> None:
    transforms.create("refusing", {"a.txt": b"one"}, Environment={"REFUSE_TO_START": "1"})
    job = transforms.ended("refusing")
    assert "AlgorithmError: The model container exited with code 1." in job["FailureReason"]
    assert _log("refusing") == ["this model is no good"]


def test_stopping_breaks_requests_off(transforms: Any, sagemaker: Any) -> None:
    transforms.create("stopped", {"a.txt": b"sleep 60"}, None)
    transforms.begun("stopped")
    sagemaker.stop_transform_job(TransformJobName="stopped")
    job = transforms.ended("stopped")
    assert job["TransformJobStatus"] == "Stopped"
    assert "FailureReason" not in job
    assert transforms.output("stopped") == {}
    with pytest.raises(ClientError, match="the transform job is in status Stopped"):
        sagemaker.stop_transform_job(TransformJobName="stopped")


def test_jobs_are_listed_in_pages_newest_first(transforms: Any, sagemaker: Any) -> None:
    for number in range(3):
        transforms.create(f"listed-{number}", {"a.txt": b"one"})
    for number in range(3):
        transforms.ended(f"listed-{number}")
    pages = sagemaker.get_paginator("list_transform_jobs").paginate(
        NameContains="listed-", StatusEquals="Completed", PaginationConfig={"PageSize": 2}
    )
    names = [job["TransformJobName"] for page in pages for job in page["TransformJobSummaries"]]
    assert [name for name in names if name != "listed-files"] == [f"listed-{number}" for number in (2, 1, 0)]


def test_a_second_job_of_the_same_name_is_resource_in_use(transforms: Any, sagemaker: Any) -> None:
    transforms.create("unique", {"a.txt": b"one"})
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="a transform job with this name already exists"):
        transforms.create("unique", {"a.txt": b"one"})


@pytest.mark.parametrize("operation", ["describe_transform_job", "stop_transform_job"])
def test_a_missing_job_is_a_validation_exception(sagemaker: Any, operation: str) -> None:
    with pytest.raises(ClientError, match="Could not find requested job with name: missing") as error:
        getattr(sagemaker, operation)(TransformJobName="missing")
    assert error.value.response["Error"]["Code"] == "ValidationException"


CSV_IN = {"SplitType": "Line", "ContentType": "text/csv"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ModelName": "missing"}, "Could not find model"),
        ({"DataCaptureConfig": {"DestinationS3Uri": "s3://contract/x"}}, "DataCaptureConfig of a transform job"),
        ({"MaxPayloadInMB": 50, "MaxConcurrentTransforms": 3}, "cannot exceed 100 MB"),
        ({"DataProcessing": {"InputFilter": "$..a"}, "TransformInput": CSV_IN}, "is not supported from '..a' on"),
        ({"DataProcessing": {"InputFilter": "$.a"}}, "needs TransformInput.ContentType to be text/csv"),
        ({"DataProcessing": {"JoinSource": "Input"}, "TransformInput": CSV_IN}, "needs TransformOutput.Accept to be"),
        ({"DataProcessing": {"InputFilter": "$[1:]"}, "TransformInput": {"ContentType": "text/csv"}}, "SplitType Line"),
    ],
)
def test_a_job_that_cannot_run_is_refused(transforms: Any, sagemaker: Any, changes: Any, said: str) -> None:
    with pytest.raises(ClientError, match=said) as error:
        transforms.create("refused", {"a.txt": b"one"}, **changes)
    assert error.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match="Could not find requested job"):
        sagemaker.describe_transform_job(TransformJobName="refused")


def test_more_instances_than_the_quota_are_refused(transforms: Any, sagemaker: Any) -> None:
    with pytest.raises(sagemaker.exceptions.ResourceLimitExceeded, match=r"ml\.m5\.large for transform job usage"):
        transforms.create("crowd", {"a.txt": b"one"}, instances=21)


def test_output_below_the_prefix_of_the_input_is_not_taken_for_input(transforms: Any) -> None:
    transforms.create(
        "within",
        {"a.txt": b"one", "b.txt": b"two"},
        instances=2,
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/transform/within"},
    )
    assert transforms.ended("within")["TransformJobStatus"] == "Completed"
    found = transforms.s3.list_objects_v2(Bucket=BUCKET, Prefix="transform/within/")["Contents"]
    names = [entry["Key"].rpartition("/")[2] for entry in found]
    assert names == ["a.txt", "a.txt.out", "b.txt", "b.txt.out"]


def test_what_a_container_asks_for_without_sense_is_not_heard(transforms: Any) -> None:
    said = {"MaxConcurrentTransforms": "many", "BatchStrategy": None, "MaxPayloadInMB": -1}
    files, environment = {"a.txt": b"one"}, {"PARAMETERS": json.dumps(said)}
    assert transforms.answered("senseless", files, Environment=environment) == {"a.txt.out": b"<one>"}


def test_a_prefix_without_objects_is_refused(transforms: Any) -> None:
    with pytest.raises(ClientError, match="No S3 objects found under S3 URL"):
        transforms.create("nothing", {})


def test_an_interrupted_job_is_failed_with_the_reason(restartable: Any, make_hosting: Any, s3: Any, until: Any) -> None:
    before = set(psutil.Process().children(recursive=True))
    with restartable() as emulator:
        client = emulator.client("sagemaker")
        make_hosting(client, s3).model("transformed")
        interrupted = Transforms(client, s3, until)
        interrupted.create("interrupted", {"a.txt": b"sleep 60"}, None)
        interrupted.begun("interrupted")
    assert not set(psutil.Process().children(recursive=True)) - before
    with restartable() as emulator:
        job = emulator.client("sagemaker").describe_transform_job(TransformJobName="interrupted")
    assert job["TransformJobStatus"] == "Failed"
    assert "shut down while the job was running" in job["FailureReason"]


def _log(job: str, ending: str = "") -> list[str]:
    """The container's log, or the one that `ending` names."""
    logs, group = boto3.client("logs"), "/aws/sagemaker/TransformJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/i-")["logStreams"]
    names = [stream["logStreamName"] for stream in streams]
    return [
        event["message"]
        for name in names
        if name.endswith("/data-log") == bool(ending)
        for event in logs.get_log_events(logGroupName=group, logStreamName=name, startFromHead=True)["events"]
    ]
