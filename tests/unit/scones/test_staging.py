"""Staging is complete or not there at all, does no work twice, and changes nobody else's objects."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scones.context import Context
from scones.dataset import manifests, sources, staged, staging
from scones.errors import ArchiveError, BucketError, ForeignDataError, MissingError, UnreachableError

MakeContext = Callable[..., Context]


def objects(context: Context) -> dict[str, str]:
    return context.data_bucket.etags("")


def test_images_manifests_and_record_are_in_the_bucket(context: Context) -> None:
    dataset = staging.stage(context)
    assert (dataset.train_images, dataset.test_images) == (4, 2)
    assert len(objects(context)) == 4 + 2 + 2 + 1
    assert staged.recorded(context.data_bucket) == dataset
    assert staged.labels_of(context.data_bucket, "test") == {"test_s_000000.png": 1, "test_s_000002.png": 0}


def test_the_bucket_is_private_encrypted_and_tagged(context: Context) -> None:
    staging.stage(context)
    s3 = context.client("s3")
    blocked = s3.get_public_access_block(Bucket=context.data_bucket.name)["PublicAccessBlockConfiguration"]
    assert all(blocked.values())
    assert context.data_bucket.is_ours()


def test_without_a_bucket_the_error_names_scones_deploy(make_context: MakeContext, archive: Path) -> None:
    with pytest.raises(MissingError, match="there is no bucket scones-unlimited-123456789012-us-east-1: run `scones"):
        staging.stage(make_context(dataset=str(archive)))


def test_staging_again_uploads_nothing(context: Context, screen: object) -> None:
    staging.stage(context)
    staging.stage(context)
    assert "Already unpacked" in str(screen)
    assert "(all there already)" in str(screen)


def test_a_lost_object_is_put_again(context: Context, screen: object) -> None:
    staging.stage(context)
    context.client("s3").delete_object(Bucket=context.data_bucket.name, Key="test/test_s_000000.png")
    staging.stage(context)
    assert "(1 objects put)" in str(screen)


def put_order(context: Context) -> list[str]:
    order: list[str] = []
    context.client("s3").meta.events.register(
        "provide-client-params.s3.PutObject", lambda params, **_: order.append(params["Key"])
    )
    return order


def test_the_training_manifest_is_put_last(context: Context) -> None:
    """It starts the pipeline if PIPELINE_ON_NEW_DATA is yes."""
    order = put_order(context)
    staging.stage(context)
    assert order[-3:] == ["test.lst", "train.lst", manifests.RECORD]


def test_changed_training_images_are_new_data_even_under_the_old_names(context: Context) -> None:
    staging.stage(context)
    context.client("s3").put_object(Bucket=context.data_bucket.name, Key="train/train_s_000001.png", Body=b"another")
    order = put_order(context)
    staging.stage(context)
    assert order[-3:] == ["train/train_s_000001.png", "train.lst", manifests.RECORD]


def test_training_images_of_an_interrupted_staging_are_new_data(context: Context) -> None:
    staging.stage(context)
    for key in ("train/train_s_000001.png", "test/test_s_000000.png"):
        context.client("s3").put_object(Bucket=context.data_bucket.name, Key=key, Body=b"another")
    interrupted_before(context, "PutObject", "test/test_s_000000.png")
    order = put_order(context)
    staging.stage(context)
    assert order[-2:] == ["train.lst", manifests.RECORD]


def test_another_data_set_replaces_only_our_images(
    context: Context, make_context: MakeContext, make_batch: Callable[..., bytes], parts: object, tmp_path: Path
) -> None:
    staging.stage(context)
    context.client("s3").put_object(Bucket=context.data_bucket.name, Key="test/somebodys.png", Body=b"")
    parts.members["cifar-100-python/test"] = make_batch([48, 8], "new")  # type: ignore[attr-defined]
    other = parts.write(tmp_path / "other.tar.gz")  # type: ignore[attr-defined]
    staging.stage(make_context(dataset=str(other)))
    keys = {key for key in objects(context) if key.startswith("test/")}
    assert keys == {"test/new_s_000000.png", "test/new_s_000001.png", "test/somebodys.png"}


def interrupted_before(context: Context, operation: str, key: str) -> None:
    """Stage, and press Ctrl-C just before a request that contains the key."""

    def interrupt(params: dict[str, object], **event: object) -> None:
        if key in f"{params['url_path']} {params['body']!r}":
            raise KeyboardInterrupt

    context.client("s3").meta.events.register(f"before-call.s3.{operation}", interrupt)
    with pytest.raises(KeyboardInterrupt):
        staging.stage(context)
    context.client("s3").meta.events.unregister(f"before-call.s3.{operation}", interrupt)


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
def test_an_interrupted_staging_counts_as_not_staged_and_the_next_one_repairs_it(
    context: Context,
    make_context: MakeContext,
    make_batch: Callable[..., bytes],
    parts: object,
    tmp_path: Path,
    operation: str,
    key: str,
) -> None:
    first = staging.stage(context)
    before = objects(context)
    parts.members["cifar-100-python/test"] = make_batch([48, 8], "new")  # type: ignore[attr-defined]
    other = make_context(dataset=str(parts.write(tmp_path / "other.tar.gz")))  # type: ignore[attr-defined]
    interrupted_before(other, operation, key)
    with pytest.raises(MissingError, match="run `scones stage` first"):
        staged.recorded(context.data_bucket)
    assert staging.stage(context) == first
    assert objects(context) == before


def test_a_wrong_archive_does_not_change_the_staged_data(
    context: Context, make_context: MakeContext, tmp_path: Path
) -> None:
    staging.stage(context)
    before = objects(context)
    wrong = tmp_path / "wrong.tar.gz"
    wrong.write_bytes(b"no archive")
    with pytest.raises(ArchiveError):
        staging.stage(make_context(dataset=str(wrong)))
    assert objects(context) == before
    assert len(list(context.settings.staged.iterdir())) == 1


def test_a_missing_archive_is_named(context: Context, make_context: MakeContext) -> None:
    with pytest.raises(ArchiveError, match="there is no such file"):
        staging.stage(make_context(dataset="/nowhere/archive.tar.gz"))


def test_a_folder_instead_of_an_archive_is_named(context: Context, make_context: MakeContext, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="is a directory, not a file"):
        staging.stage(make_context(dataset=str(tmp_path)))


def test_without_a_network_the_sample_is_used(make_context: MakeContext, archive: Path, screen: object) -> None:
    context = make_context(fallback_dataset=str(archive))
    source = sources.fallback(context.settings.fallback_dataset, UnreachableError("no route to host"), context.console)
    assert source.path == archive
    assert "CIFAR-100 could not be reached" in str(screen)
    assert "no route to host" in str(screen)
    assert "The drawn sample is used instead" in str(screen)


def test_without_a_network_and_a_sample_the_error_names_the_setting(screen: Any) -> None:
    with pytest.raises(MissingError, match="set DATASET"):
        sources.fallback(Path("/nowhere"), UnreachableError("no route to host"), screen.console)


def test_a_manifest_without_images_is_an_error(context: Context) -> None:
    staging.stage(context)
    context.data_bucket.delete_all([key for key in objects(context) if key.startswith("test/")])
    with pytest.raises(MissingError, match=r"no image under s3://.*/test/: run `scones stage`"):
        staged.require_images(context.data_bucket, "test")


def test_before_staging_the_record_is_missing(context: Context) -> None:
    with pytest.raises(MissingError, match="run `scones stage` first"):
        staged.recorded(context.data_bucket)


def test_a_record_is_readable_json(context: Context) -> None:
    staging.stage(context)
    assert json.loads(context.data_bucket.get("dataset.json", "stage"))["name"] == "archive.tar.gz"


@pytest.mark.parametrize("key", ["dataset.json", "train.lst"])
def test_somebody_elses_object_is_not_overwritten(context: Context, key: str) -> None:
    s3 = context.client("s3")
    s3.delete_bucket_tagging(Bucket=context.data_bucket.name)
    s3.put_object(Bucket=context.data_bucket.name, Key=key, Body=b"theirs")
    with pytest.raises(ForeignDataError, match="belongs to somebody else and is not overwritten"):
        staging.stage(context)
    assert list(objects(context)) == [key]


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"\xff", b'{"name": 1}'])
def test_a_damaged_record_is_named_and_put_again(context: Context, text: bytes) -> None:
    dataset = staging.stage(context)
    context.client("s3").put_object(Bucket=context.data_bucket.name, Key="dataset.json", Body=text)
    with pytest.raises(ForeignDataError, match=r"s3://.*/dataset\.json is not what `scones stage` writes"):
        staged.recorded(context.data_bucket)
    next(context.settings.staged.glob("*/dataset.json")).write_bytes(text)
    assert staging.stage(context) == staged.recorded(context.data_bucket) == dataset


@pytest.mark.parametrize("text", [b"0\t1\n", b"0\tx\ta.png\n", b"0\t1\t../a.png\n", b"\xff"])
def test_a_damaged_manifest_is_named(context: Context, text: bytes) -> None:
    context.client("s3").put_object(Bucket=context.data_bucket.name, Key="test.lst", Body=text)
    with pytest.raises(ForeignDataError, match=r"test\.lst is not what"):
        staged.labels_of(context.data_bucket, "test")


def test_staging_reads_each_record_and_manifest_once(context: Context) -> None:
    staging.stage(context)
    keys: list[str] = []
    context.client("s3").meta.events.register(
        "provide-client-params.s3.GetObject", lambda params, **_: keys.append(params["Key"])
    )
    staging.stage(context)
    assert sorted(keys) == ["dataset.json", "test.lst", "train.lst"]


def test_a_lost_bucket_has_no_objects(context: Context) -> None:
    assert objects(context) == {}
    assert not issubclass(BucketError, ArchiveError)
