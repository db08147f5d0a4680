"""Data capture of a batch transform job: its manifests, and the IDs in its output."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.jobs.manifests import S3Object
from sagemaker_emulator.transform.captured_data import BatchCapture, with_inference_ids
from sagemaker_emulator.transform.data_processing import DataProcessingError

STARTED = datetime(2022, 8, 26, 13, 5, 1, tzinfo=UTC)
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def test_a_manifest_names_the_objects_below_their_prefix_in_the_hour_of_the_start() -> None:
    objects = [S3Object(S3Location("in", f"data/{name}"), name) for name in ("a.csv", "b/c.csv", "failed.csv")]
    capture = BatchCapture(S3Location("captured", "here"), False)
    manifests = capture.manifests(objects, S3Location("out", "there"), {"a.csv", "b/c.csv"}, STARTED)
    (source, inputs), (target, outputs) = manifests.items()
    assert re.fullmatch(f"s3://captured/here/input/2022/08/26/13/{UUID}.jsonl", str(source))
    assert re.fullmatch(f"s3://captured/here/output/2022/08/26/13/{UUID}.jsonl", str(target))
    assert json.loads(inputs) == [{"prefix": "s3://in/data/"}, "a.csv", "b/c.csv"]
    assert json.loads(outputs) == [{"prefix": "s3://out/there/"}, "a.csv.out", "b/c.csv.out"]


def test_each_row_of_csv_gets_an_id_and_the_start_of_the_job() -> None:
    first, second = with_inference_ids(b"0\n1,2\n", "text/csv", STARTED).decode().splitlines()
    assert re.fullmatch(f"0,{UUID},2022-08-26T13:05:01Z", first)
    assert re.fullmatch(f"1,2,{UUID},2022-08-26T13:05:01Z", second)


@pytest.mark.parametrize("accept", ["application/json", "application/jsonlines"])
def test_json_gets_two_members(accept: str) -> None:
    labeled = json.loads(with_inference_ids(b'{"output": 0}', accept, STARTED))
    assert re.fullmatch(UUID, labeled.pop("SageMakerInferenceId"))
    assert labeled == {"output": 0, "SageMakerInferenceTime": "2022-08-26T13:05:01Z"}
    assert json.loads(with_inference_ids(b"[0.5]", accept, STARTED))["SageMakerOutput"] == [0.5]


def test_an_output_that_is_not_json_cannot_have_ids() -> None:
    with pytest.raises(DataProcessingError, match="Fail to parse application/json"):
        with_inference_ids(b"no json", "application/json", STARTED)


@pytest.mark.parametrize("accept", ["", "image/png"])
def test_ids_need_an_output_that_can_have_them(accept: str) -> None:
    wire = {"DestinationS3Uri": "s3://captured/here", "GenerateInferenceId": True}
    with pytest.raises(ValueError, match=r"GenerateInferenceId needs TransformOutput\.Accept"):
        BatchCapture.from_request(wire, accept)
