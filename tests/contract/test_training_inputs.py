"""Input channels of training jobs: files, FIFOs and records in the container, and requests that AWS refuses."""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
from typing import Any

import pytest
from botocore.exceptions import ClientError

BUCKET = "contract"
LONG = "600"  # seconds for which a job runs unless it is stopped
READ_EPOCHS = """
import hashlib, os, time
for epoch in range(int(parameters["epochs"])):
    fifo = BASE / "input/data" / f"train_{epoch}"
    while not fifo.exists():
        time.sleep(0.01)
    content = fifo.read_bytes()
    (BASE / "model" / f"epoch-{epoch}").write_bytes(content)
"""


def _channel(uri: str, data_type: str = "S3Prefix", attributes: list[str] | None = None, **changes: Any) -> list[Any]:
    source: dict[str, Any] = {"S3DataType": data_type, "S3Uri": uri}
    if attributes:
        source["AttributeNames"] = attributes
    return [{"ChannelName": "train", "DataSource": {"S3DataSource": source}, **changes}]


def _piped(jobs: Any, name: str, channels: list[Any], epochs: int = 1, **changes: Any) -> dict[str, Any]:
    jobs.create(
        name,
        {"epochs": str(epochs)},
        InputDataConfig=[{"InputMode": "Pipe", **channel} for channel in channels],
        Environment={"PROGRAM": READ_EPOCHS},
        **changes,
    )
    ended: dict[str, Any] = jobs.ended(name)
    return ended


def _records(content: bytes) -> list[bytes]:
    records, place = [], 0
    while place < len(content):
        magic, length = struct.unpack_from("<II", content, place)
        assert magic == 0xCED7230A
        records.append(content[place + 8 : place + 8 + length])
        place += 8 + length + -length % 4
    return records


@pytest.fixture(scope="module")
def objects(s3: Any) -> dict[str, bytes]:
    content = {f"piped/{name}": name.encode() * 50_000 for name in ("a.bin", "b.bin", "c.bin")}
    for key, body in content.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    return content


def test_a_pipe_has_all_objects_in_order_in_every_epoch(jobs: Any, objects: Any, unpacked: Any) -> None:
    job = _piped(jobs, "piped", _channel(f"s3://{BUCKET}/piped/"), epochs=3)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    whole = b"".join(objects.values())
    model = unpacked("piped")
    assert [hashlib.sha256(model[f"epoch-{epoch}"]).digest() for epoch in range(3)] == [
        hashlib.sha256(whole).digest()
    ] * 3


def test_a_pipe_wraps_objects_in_records(jobs: Any, objects: Any, unpacked: Any) -> None:
    _piped(jobs, "wrapped", _channel(f"s3://{BUCKET}/piped/", RecordWrapperType="RecordIO"))
    assert _records(unpacked("wrapped")["epoch-0"]) == list(objects.values())


@pytest.mark.parametrize("wrapper", ["None", "RecordIO"])
def test_a_pipe_unpacks_gzip(jobs: Any, s3: Any, unpacked: Any, wrapper: str) -> None:
    s3.put_object(Bucket=BUCKET, Key="zipped/a.gz", Body=gzip.compress(b"one ") + gzip.compress(b"two"))
    name = f"zipped-{wrapper}"
    _piped(jobs, name, _channel(f"s3://{BUCKET}/zipped/", CompressionType="Gzip", RecordWrapperType=wrapper))
    content = unpacked(name)["epoch-0"]
    assert (_records(content) if wrapper == "RecordIO" else [content]) == [b"one two"]


def test_a_pipe_is_shuffled_differently_in_every_epoch(jobs: Any, s3: Any, unpacked: Any) -> None:
    for number in range(10):
        s3.put_object(Bucket=BUCKET, Key=f"shuffled/{number}", Body=str(number).encode())
    for name in ("shuffled-1", "shuffled-2"):
        _piped(jobs, name, _channel(f"s3://{BUCKET}/shuffled/", ShuffleConfig={"Seed": 7}), epochs=2)
    first, second = (unpacked(name) for name in ("shuffled-1", "shuffled-2"))
    assert first["epoch-0"] == second["epoch-0"] != first["epoch-1"]
    assert sorted(first["epoch-0"]) == sorted(b"0123456789")


def test_an_augmented_manifest_becomes_records_of_its_attributes_in_order(jobs: Any, s3: Any, unpacked: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="augmented/a.png", Body=b"picture a")
    s3.put_object(Bucket=BUCKET, Key="augmented/b.png", Body=b"picture b")
    lines: list[dict[str, Any]] = [
        {"source-ref": f"s3://{BUCKET}/augmented/{name}.png", "label": label, "other": 1}
        for name, label in (("a", 3), ("b", {"boxes": []}))
    ]
    s3.put_object(Bucket=BUCKET, Key="augmented/all.manifest", Body="\n".join(map(json.dumps, lines)).encode())
    uri = f"s3://{BUCKET}/augmented/all.manifest"
    channels = _channel(uri, "AugmentedManifestFile", ["source-ref", "label"], RecordWrapperType="RecordIO")
    _piped(jobs, "augmented", channels)
    assert _records(unpacked("augmented")["epoch-0"]) == [b"picture a", b"3", b"picture b", b'{"boxes": []}']


def test_a_line_without_the_attribute_fails_the_job_and_names_it(jobs: Any, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="lacking.manifest", Body=b'{"label": 1}\n')
    channels = _channel(f"s3://{BUCKET}/lacking.manifest", "AugmentedManifestFile", ["label", "color"])
    job = _piped(jobs, "lacking", channels, epochs=2)
    assert job["TrainingJobStatus"] == "Failed"
    assert "has no attribute 'color'" in job["FailureReason"]


def test_a_container_that_never_opens_its_pipe_completes(jobs: Any, objects: Any) -> None:
    jobs.create("unopened", InputDataConfig=_channel(f"s3://{BUCKET}/piped/", InputMode="Pipe"))
    assert jobs.ended("unopened")["TrainingJobStatus"] == "Completed"


def test_a_job_that_stops_reading_can_be_stopped(jobs: Any, sagemaker: Any, objects: Any, s3: Any, until: Any) -> None:
    """More than a FIFO holds, a reader that sleeps: neither the writer nor the stop may hang."""
    lines = "f = open(BASE / 'input/data/train_0', 'rb'); f.read(1); print('reading', flush=True)"
    channels = _channel(f"s3://{BUCKET}/piped/", InputMode="Pipe")
    jobs.create("dozing", {"seconds": LONG}, InputDataConfig=channels, Environment={"PROGRAM": lines})
    jobs.in_training("dozing")
    sagemaker.stop_training_job(TrainingJobName="dozing")
    assert jobs.ended("dozing")["TrainingJobStatus"] == "Stopped"


def test_fast_file_mode_brings_files(jobs: Any, log_of: Any) -> None:
    jobs.create("fast", InputDataConfig=_channel(f"s3://{BUCKET}/input/", InputMode="FastFile"))
    assert jobs.ended("fast")["TrainingJobStatus"] == "Completed"
    assert "data/train/two.txt" in json.loads(log_of("fast")[0])["input"]


def test_a_manifest_names_the_objects(jobs: Any, s3: Any, log_of: Any) -> None:
    jobs.request("manifest")  # puts the objects
    entries = [{"prefix": f"s3://{BUCKET}/in"}, "put/two.txt", "put/a/one.txt"]
    s3.put_object(Bucket=BUCKET, Key="some.manifest", Body=json.dumps(entries).encode())
    jobs.create("manifest", InputDataConfig=_channel(f"s3://{BUCKET}/some.manifest", "ManifestFile"))
    assert jobs.ended("manifest")["TrainingJobStatus"] == "Completed"
    assert {"data/train/put/two.txt", "data/train/put/a/one.txt"} <= set(json.loads(log_of("manifest")[0])["input"])


def test_a_manifest_that_names_a_missing_object_fails_the_job(jobs: Any, s3: Any) -> None:
    entries = [{"prefix": f"s3://{BUCKET}/input/"}, "two.txt", "three.txt"]
    s3.put_object(Bucket=BUCKET, Key="missing.manifest", Body=json.dumps(entries).encode())
    jobs.create("manifest-missing", InputDataConfig=_channel(f"s3://{BUCKET}/missing.manifest", "ManifestFile"))
    job = jobs.ended("manifest-missing")
    assert job["FailureReason"] == f"ClientError: Data download failed:s3://{BUCKET}/input/three.txt does not exist"


@pytest.mark.parametrize(
    "body", [b"nonsense", b"[]", b'["a.txt"]', b'{"prefix": "s3://contract/"}', b'[{"prefix": 3}]']
)
def test_a_broken_manifest_is_refused(jobs: Any, s3: Any, body: bytes) -> None:
    s3.put_object(Bucket=BUCKET, Key="broken.manifest", Body=body)
    with pytest.raises(ClientError, match=r"The manifest s3://contract/broken\.manifest"):
        jobs.create("broken", InputDataConfig=_channel(f"s3://{BUCKET}/broken.manifest", "ManifestFile"))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"data_type": "AugmentedManifestFile", "attributes": ["a"]},
            "only be used if the channel's input mode is Pipe",
        ),
        ({"data_type": "AugmentedManifestFile", "InputMode": "Pipe"}, "needs AttributeNames"),
        ({"attributes": ["a"]}, "can only be used with AugmentedManifestFile"),
        ({"CompressionType": "Gzip"}, "Gzip can only be used in Pipe"),
        ({"RecordWrapperType": "RecordIO"}, "RecordIO can only be used in Pipe"),
    ],
)
def test_a_contradictory_channel_is_refused(jobs: Any, changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ClientError, match=text) as error:
        jobs.create("refused", InputDataConfig=_channel(f"s3://{BUCKET}/input/", **changes))
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_two_channels_with_the_same_name_are_refused(jobs: Any) -> None:
    with pytest.raises(ClientError, match="'train' occurs 2 times"):
        jobs.create("twice", InputDataConfig=_channel(f"s3://{BUCKET}/input/") * 2)


def test_keys_with_unusual_characters_are_downloaded(jobs: Any, s3: Any, log_of: Any) -> None:
    names = ["a b+c.txt", "ü&=%20.txt", "x//y.txt", "(1)'.txt", "日本.txt"]
    for name in names:
        s3.put_object(Bucket=BUCKET, Key=f"odd/{name}", Body=b"x")
    s3.put_object(Bucket=BUCKET, Key="odd/folder/", Body=b"")
    jobs.create("odd", InputDataConfig=_channel(f"s3://{BUCKET}/odd/"))
    job = jobs.ended("odd")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    seen = {name for name in json.loads(log_of("odd")[0])["input"] if name.startswith("data/")}
    assert seen == {f"data/train/{name.replace('//', '/')}" for name in names}


def test_a_key_that_is_both_file_and_folder_fails_the_job_as_on_aws(jobs: Any, s3: Any) -> None:
    for key in ("clash/a", "clash/a/b"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    jobs.create("clash", InputDataConfig=_channel(f"s3://{BUCKET}/clash/"))
    assert "a previously downloaded file/folder clashes with it" in jobs.ended("clash")["FailureReason"]


def test_a_key_outside_the_channel_folder_fails_the_job(jobs: Any, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="outside/../../evil", Body=b"x")
    jobs.create("outside", InputDataConfig=_channel(f"s3://{BUCKET}/outside/"))
    assert "leads outside its channel's directory" in jobs.ended("outside")["FailureReason"]


def test_each_of_two_hosts_reads_its_share_of_a_pipe(jobs: Any, objects: Any, unpacked: Any) -> None:
    """Their models become one; of files of one name the first host's is taken."""
    channels = _channel(f"s3://{BUCKET}/piped/")
    channels[0]["DataSource"]["S3DataSource"]["S3DataDistributionType"] = "ShardedByS3Key"
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
    job = _piped(jobs, "shares", channels, ResourceConfig=resources)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert unpacked("shares")["epoch-0"] == objects["piped/a.bin"] + objects["piped/c.bin"]
