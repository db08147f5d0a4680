"""Batch transform jobs, as boto3 sees them: input files, how they are split, sent, filtered, joined and assembled."""

from __future__ import annotations

import gzip
import json
import struct
from typing import Any

import pytest
from tests.contract.transforms import BUCKET, LINES, Transforms, log_of

SUM = """
rows = [[float(cell) for cell in row.split(',')] for row in body.decode().split()]
handler._answer(200, '\\n'.join(str(int(sum(row))) for row in rows).encode(), 'text/csv')
"""
TOGETHER = """
import threading, builtins
barrier = builtins.__dict__.setdefault('barrier', threading.Barrier(3, timeout=120))
barrier.wait()
handler._answer(200, body, 'text/plain')
"""


@pytest.fixture(scope="module")
def transforms(sagemaker: Any, s3: Any, hosting: Any, until: Any) -> Transforms:
    hosting.model("transformed")
    return Transforms(sagemaker, s3, until)


@pytest.mark.parametrize(
    ("strategy", "assemble", "expected"),
    [
        ("SingleRecord", "Line", b"<1,2,3>\n<4,5,6>\n<7,8,9>\n"),
        ("SingleRecord", "None", b"<1,2,3><4,5,6><7,8,9>"),
        ("MultiRecord", "None", b"<1,2,3\n4,5,6\n7,8,9\n>"),
    ],
)
def test_lines_are_sent_and_assembled_as_requested(
    transforms: Any, strategy: str, assemble: str, expected: bytes
) -> None:
    name = f"lines-{strategy}-{assemble}"
    output = transforms.answered(
        name,
        {"rows.csv": LINES},
        BatchStrategy=strategy,
        TransformInput={"SplitType": "Line"},
        TransformOutput={"AssembleWith": assemble},
    )
    assert output == {"rows.csv.out": expected}


def test_payloads_of_many_records_stay_below_the_limit_and_in_order(transforms: Any) -> None:
    rows = b"".join(b"%07d%s\n" % (number, b"x" * 1000) for number in range(3000))
    size = "handler._answer(200, str(len(body)).encode() + b' ' + body[:7], 'text/plain')"
    output = transforms.answered(
        "many",
        {"rows.txt": rows},
        size,
        MaxPayloadInMB=1,
        MaxConcurrentTransforms=3,
        TransformInput={"SplitType": "Line"},
        TransformOutput={"AssembleWith": "Line"},
    )["rows.txt.out"]
    answers = [line.split() for line in output.splitlines()]
    assert sum(int(length) for length, _ in answers) == len(rows)
    assert all(int(length) <= 1 << 20 for length, _ in answers)
    assert [first for _, first in answers] == sorted(first for _, first in answers)
    assert len(answers) == 3


def test_requests_run_concurrently(transforms: Any) -> None:
    """Each waits for two others: alone, none would be answered."""
    files = {f"{number}.txt": b"x" for number in range(6)}
    assert len(transforms.answered("together", files, TOGETHER, MaxConcurrentTransforms=3)) == 6


def test_instances_share_the_files(transforms: Any) -> None:
    place = "handler._answer(200, str(handler.server.server_port).encode(), 'text/plain')"
    output = transforms.answered("shared", {f"{number}.txt": b"x" for number in range(4)}, place, instances=2)
    assert len(output) == 4
    assert sorted(list(output.values()).count(one) for one in set(output.values())) == [2, 2]


def test_a_manifest_names_the_files(transforms: Any, s3: Any) -> None:
    manifest = [{"prefix": f"s3://{BUCKET}/transform/listed-files/"}, "a/one.txt"]
    s3.put_object(Bucket=BUCKET, Key="manifests/transform.json", Body=json.dumps(manifest))
    source = {"S3DataType": "ManifestFile", "S3Uri": f"s3://{BUCKET}/manifests/transform.json"}
    output = transforms.answered(
        "listed-files",
        {"a/one.txt": b"one", "two.txt": b"two"},
        TransformInput={"DataSource": {"S3DataSource": source}},
    )
    assert output == {"a/one.txt.out": b"<one>"}


def test_compressed_input_is_decompressed(transforms: Any) -> None:
    output = transforms.answered("packed", {"a.gz": gzip.compress(b"one")}, TransformInput={"CompressionType": "Gzip"})
    assert output == {"a.gz.out": b"<one>"}


def test_records_of_recordio_are_unwrapped_one_by_one(transforms: Any) -> None:
    packed = b"".join(struct.pack("<II", 0xCED7230A, len(one)) + one + bytes(-len(one) % 4) for one in (b"abc", b"d"))
    output = transforms.answered(
        "recordio", {"a.rec": packed}, BatchStrategy="SingleRecord", TransformInput={"SplitType": "RecordIO"}
    )
    assert output == {"a.rec.out": b"<abc><d>"}


def test_records_of_tfrecord_are_unwrapped_one_by_one(transforms: Any) -> None:
    packed = b"".join(struct.pack("<QI", len(one), 0) + one + bytes(4) for one in (b"abc", b"d"))
    output = transforms.answered(
        "tfrecord", {"a.tfrecord": packed}, BatchStrategy="SingleRecord", TransformInput={"SplitType": "TFRecord"}
    )
    assert output == {"a.tfrecord.out": b"<abc><d>"}


@pytest.mark.parametrize(
    ("name", "processing", "expected"),
    [
        ("filtered", {"InputFilter": "$[1:]"}, b"5\n11\n17\n"),
        ("joined", {"InputFilter": "$[0,2]", "JoinSource": "Input"}, b"1,2,3,4\n4,5,6,10\n7,8,9,16\n"),
        ("chosen", {"JoinSource": "Input", "OutputFilter": "$[2:]"}, b"3,6\n6,15\n9,24\n"),
        ("last", {"JoinSource": "Input", "OutputFilter": "$[-1:]"}, b"6\n15\n24\n"),
        ("both-ends", {"JoinSource": "Input", "OutputFilter": "$[0,-1]"}, b"1,6\n4,15\n7,24\n"),
        ("first-and-rest", {"JoinSource": "Input", "OutputFilter": "$[0,2:]"}, b"1,3,6\n4,6,15\n7,9,24\n"),
    ],
)
def test_columns_are_filtered_and_joined(
    transforms: Any, name: str, processing: dict[str, str], expected: bytes
) -> None:
    output = transforms.answered(
        name,
        {"rows.csv": LINES},
        SUM,
        TransformInput={"SplitType": "Line", "ContentType": "text/csv"},
        TransformOutput={"AssembleWith": "Line", "Accept": "text/csv"},
        DataProcessing=processing,
    )
    assert output == {"rows.csv.out": expected}


def test_an_answer_is_joined_to_its_object(transforms: Any) -> None:
    rows = b'{"id": 7, "features": [1, 2]}\n{"id": 8, "features": [3, 4]}\n'
    answer = "handler._answer(200, b'\\n'.join(b'{\"score\": %d}' % len(one) for one in body.split()), 'text/plain')"
    types = "application/jsonlines"
    output = transforms.answered(
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
    lines = [json.loads(line) for line in output["rows.jsonl.out"].splitlines()]
    assert lines == [{"id": 7, "SageMakerOutput": {"score": 5}}, {"id": 8, "SageMakerOutput": {"score": 5}}]


def test_answers_that_do_not_match_the_records_cannot_be_joined(transforms: Any) -> None:
    transforms.create(
        "mismatched",
        {"rows.csv": LINES},
        "handler._answer(200, b'1', 'text/csv')",
        TransformInput={"SplitType": "Line", "ContentType": "text/csv"},
        TransformOutput={"Accept": "text/csv"},
        DataProcessing={"JoinSource": "Input"},
    )
    assert transforms.ended("mismatched")["FailureReason"] == "ClientError: See job logs for more information"
    assert "mismatched line count" in log_of("mismatched", "/data-log")[-1]


def test_a_file_larger_than_a_payload_fails_the_job(transforms: Any) -> None:
    transforms.create("large", {"a.txt": b"x" * (1 << 20) + b"x"}, MaxPayloadInMB=1)
    assert transforms.ended("large")["FailureReason"] == "ClientError: See job logs for more information"
    assert "a.txt: Too much data for max payload size" in log_of("large", "/data-log")[-1]


def test_without_a_limit_a_file_is_streamed_in_chunks(transforms: Any) -> None:
    answer = "handler._answer(200, f'{handler.headers[\"Transfer-Encoding\"]} {len(body)}'.encode(), 'text/plain')"
    output = transforms.answered("unlimited", {"a.txt": b"x" * (7 << 20)}, answer, MaxPayloadInMB=0)
    assert output == {"a.txt.out": b"chunked 7340032"}


def test_output_below_the_prefix_of_the_input_is_not_read_as_input(transforms: Any) -> None:
    transforms.create(
        "within",
        {"a.txt": b"one", "b.txt": b"two"},
        instances=2,
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/transform/within"},
    )
    assert transforms.ended("within")["TransformJobStatus"] == "Completed"
    objects = transforms.s3.list_objects_v2(Bucket=BUCKET, Prefix="transform/within/")["Contents"]
    names = [entry["Key"].rpartition("/")[2] for entry in objects]
    assert names == ["a.txt", "a.txt.out", "b.txt", "b.txt.out"]
