"""Staging on S3: whole or not at all, again without work, and never at the cost of what was there."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scones import bucket, stage
from scones.errors import ArchiveError, BucketError, MissingError, SpoiltError, UnreachableError
from scones.kit import Kit

MakeKit = Callable[..., Kit]


def objects(kit: Kit) -> dict[str, str]:
    return bucket.etags(kit.client("s3"), kit.bucket, "")


def test_images_manifests_and_record_are_in_the_bucket(kit: Kit) -> None:
    dataset = stage.stage(kit)
    assert (dataset.train_images, dataset.test_images) == (4, 2)
    assert len(objects(kit)) == 4 + 2 + 2 + 1
    assert stage.recorded(kit) == dataset
    assert stage.manifest_of(kit, "test") == {"test_s_000000.png": 1, "test_s_000002.png": 0}


def test_the_bucket_is_private_encrypted_and_ours(kit: Kit) -> None:
    stage.stage(kit)
    s3 = kit.client("s3")
    blocked = s3.get_public_access_block(Bucket=kit.bucket)["PublicAccessBlockConfiguration"]
    assert all(blocked.values())
    assert bucket.is_ours(s3, kit.bucket)


def test_without_a_bucket_it_says_what_makes_one(make_kit: MakeKit, archive: Path) -> None:
    with pytest.raises(MissingError, match="there is no bucket scones-unlimited-123456789012-us-east-1: run `scones"):
        stage.stage(make_kit(dataset=str(archive)))


def test_staging_again_puts_nothing(kit: Kit, screen: object) -> None:
    stage.stage(kit)
    stage.stage(kit)
    assert "Already unpacked" in str(screen)
    assert "(all there already)" in str(screen)


def test_an_object_that_was_lost_is_put_again(kit: Kit, screen: object) -> None:
    stage.stage(kit)
    kit.client("s3").delete_object(Bucket=kit.bucket, Key="test/test_s_000000.png")
    stage.stage(kit)
    assert "(1 objects put)" in str(screen)


def put_order(kit: Kit) -> list[str]:
    order: list[str] = []
    kit.client("s3").meta.events.register(
        "provide-client-params.s3.PutObject", lambda params, **_: order.append(params["Key"])
    )
    return order


def test_the_training_manifest_is_put_when_all_else_is_there(kit: Kit) -> None:
    """It starts the pipeline where PIPELINE_ON_NEW_DATA is yes."""
    order = put_order(kit)
    stage.stage(kit)
    assert order[-3:] == ["test.lst", "train.lst", stage.RECORD]


def test_other_training_images_are_new_data_even_under_the_old_names(kit: Kit) -> None:
    stage.stage(kit)
    kit.client("s3").put_object(Bucket=kit.bucket, Key="train/train_s_000001.png", Body=b"another")
    order = put_order(kit)
    stage.stage(kit)
    assert order[-3:] == ["train/train_s_000001.png", "train.lst", stage.RECORD]


def test_other_training_images_that_an_interrupted_staging_put_are_new_data(kit: Kit) -> None:
    stage.stage(kit)
    for key in ("train/train_s_000001.png", "test/test_s_000000.png"):
        kit.client("s3").put_object(Bucket=kit.bucket, Key=key, Body=b"another")
    interrupted_before(kit, "PutObject", "test/test_s_000000.png")
    order = put_order(kit)
    stage.stage(kit)
    assert order[-2:] == ["train.lst", stage.RECORD]


def test_another_data_set_replaces_ours_and_leaves_the_rest(
    kit: Kit, make_kit: MakeKit, make_batch: Callable[..., bytes], parts: object, tmp_path: Path
) -> None:
    stage.stage(kit)
    kit.client("s3").put_object(Bucket=kit.bucket, Key="test/somebodys.png", Body=b"")
    parts.members["cifar-100-python/test"] = make_batch([48, 8], "new")  # type: ignore[attr-defined]
    other = parts.write(tmp_path / "other.tar.gz")  # type: ignore[attr-defined]
    stage.stage(make_kit(dataset=str(other)))
    found = {key for key in objects(kit) if key.startswith("test/")}
    assert found == {"test/new_s_000000.png", "test/new_s_000001.png", "test/somebodys.png"}


def interrupted_before(kit: Kit, operation: str, key: str) -> None:
    """Stage, and press Ctrl-C where a request that names the key is about to be sent."""

    def interrupt(params: dict[str, object], **event: object) -> None:
        if key in f"{params['url_path']} {params['body']!r}":
            raise KeyboardInterrupt

    kit.client("s3").meta.events.register(f"before-call.s3.{operation}", interrupt)
    with pytest.raises(KeyboardInterrupt):
        stage.stage(kit)
    kit.client("s3").meta.events.unregister(f"before-call.s3.{operation}", interrupt)


@pytest.mark.parametrize(
    ("operation", "key"),
    [
        ("PutObject", "unfinished.lst"),
        ("PutObject", "new_s_000001"),
        ("DeleteObjects", "test_s_000000"),
        ("PutObject", "test.lst"),
        ("DeleteObjects", "unfinished.lst"),
        ("PutObject", "dataset.json"),
    ],
)
def test_an_interrupted_stage_reads_as_not_staged_and_leaves_nothing_that_the_next_does_not_replace(
    kit: Kit,
    make_kit: MakeKit,
    make_batch: Callable[..., bytes],
    parts: object,
    tmp_path: Path,
    operation: str,
    key: str,
) -> None:
    first = stage.stage(kit)
    before = objects(kit)
    parts.members["cifar-100-python/test"] = make_batch([48, 8], "new")  # type: ignore[attr-defined]
    other = make_kit(dataset=str(parts.write(tmp_path / "other.tar.gz")))  # type: ignore[attr-defined]
    interrupted_before(other, operation, key)
    with pytest.raises(MissingError, match="run `scones stage` first"):
        stage.recorded(kit)
    assert stage.stage(kit) == first
    assert objects(kit) == before


def test_a_wrong_archive_leaves_what_was_staged(kit: Kit, make_kit: MakeKit, tmp_path: Path) -> None:
    stage.stage(kit)
    before = objects(kit)
    wrong = tmp_path / "wrong.tar.gz"
    wrong.write_bytes(b"no archive")
    with pytest.raises(ArchiveError):
        stage.stage(make_kit(dataset=str(wrong)))
    assert objects(kit) == before
    assert len(list(kit.settings.staged.iterdir())) == 1


def test_an_archive_that_is_not_there_is_named(kit: Kit, make_kit: MakeKit) -> None:
    with pytest.raises(ArchiveError, match="there is no such file"):
        stage.stage(make_kit(dataset="/nowhere/archive.tar.gz"))


def test_a_folder_is_said_to_be_one(kit: Kit, make_kit: MakeKit, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="is a directory, not a file"):
        stage.stage(make_kit(dataset=str(tmp_path)))


def test_without_a_network_the_sample_is_used_and_said(make_kit: MakeKit, archive: Path, screen: object) -> None:
    kit = make_kit(fallback_dataset=str(archive))
    source = stage.fallback(kit, UnreachableError("no route to host"))
    assert source.path == archive
    assert "CIFAR-100 could not be reached" in str(screen)
    assert "no route to host" in str(screen)
    assert "The drawn sample is used instead" in str(screen)


def test_without_a_network_and_a_sample_it_says_what_to_set(make_kit: MakeKit) -> None:
    with pytest.raises(MissingError, match="set DATASET"):
        stage.fallback(make_kit(fallback_dataset="/nowhere"), UnreachableError("no route to host"))


def test_an_empty_prefix_is_an_error_even_with_a_manifest_beside_it(kit: Kit) -> None:
    stage.stage(kit)
    s3 = kit.client("s3")
    bucket.delete_all(s3, kit.bucket, [key for key in objects(kit) if key.startswith("test/")])
    with pytest.raises(MissingError, match=r"no image under s3://.*/test/: run `scones stage`"):
        stage.require_images(kit, "test")


def test_before_staging_the_record_is_missing(kit: Kit) -> None:
    with pytest.raises(MissingError, match="run `scones stage` first"):
        stage.recorded(kit)


def test_a_record_is_readable_json(kit: Kit) -> None:
    stage.stage(kit)
    assert json.loads(bucket.get(kit, "dataset.json", "stage"))["name"] == "archive.tar.gz"


@pytest.mark.parametrize("key", ["dataset.json", "train.lst"])
def test_an_object_of_somebody_else_is_not_overwritten(kit: Kit, key: str) -> None:
    s3 = kit.client("s3")
    s3.delete_bucket_tagging(Bucket=kit.bucket)
    s3.put_object(Bucket=kit.bucket, Key=key, Body=b"theirs")
    with pytest.raises(SpoiltError, match="somebody else's, and not overwritten"):
        stage.stage(kit)
    assert list(objects(kit)) == [key]


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"\xff", b'{"name": 1}'])
def test_a_record_that_was_spoilt_is_named_and_put_again(kit: Kit, text: bytes) -> None:
    dataset = stage.stage(kit)
    kit.client("s3").put_object(Bucket=kit.bucket, Key="dataset.json", Body=text)
    with pytest.raises(SpoiltError, match=r"s3://.*/dataset\.json is not what `scones stage` puts there"):
        stage.recorded(kit)
    next(kit.settings.staged.glob("*/dataset.json")).write_bytes(text)
    assert stage.stage(kit) == stage.recorded(kit) == dataset


@pytest.mark.parametrize("text", [b"0\t1\n", b"0\tx\ta.png\n", b"0\t1\t../a.png\n", b"\xff"])
def test_a_manifest_that_was_spoilt_is_named(kit: Kit, text: bytes) -> None:
    kit.client("s3").put_object(Bucket=kit.bucket, Key="test.lst", Body=text)
    with pytest.raises(SpoiltError, match=r"test\.lst is not what"):
        stage.manifest_of(kit, "test")


def test_a_lost_bucket_has_no_objects(kit: Kit) -> None:
    assert objects(kit) == {}
    assert not issubclass(BucketError, ArchiveError)
