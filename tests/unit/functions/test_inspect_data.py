from collections.abc import Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest

BUCKET = "staged"


@pytest.fixture
def bucket(aws: None) -> Iterator[Any]:
    """Create a bucket with three training images and two test images."""
    bucket = boto3.resource("s3").Bucket(BUCKET)
    bucket.create()
    for split, count in (("train", 3), ("test", 2)):
        for index in range(count):
            bucket.put_object(Key=f"{split}/{index}.png", Body=b"image")
        lines = "".join(f"{index}\t{index % 2}\t{index}.png\n" for index in range(count))
        bucket.put_object(Key=f"{split}.lst", Body=lines.encode())
    yield bucket
    bucket.objects.delete()
    bucket.delete()


def test_the_image_counts_and_hyperparameters_follow_from_the_staged_data(
    inspect_data: ModuleType, bucket: Any
) -> None:
    assert inspect_data.lambda_handler({"bucket": BUCKET}, None) == {
        "images": {"train": 3, "test": 2},
        "hyperparameters": {"num_training_samples": "3", "num_classes": "2"},
    }


def test_images_of_a_manifest_that_do_not_exist_are_missing(inspect_data: ModuleType, bucket: Any) -> None:
    bucket.Object("test/1.png").delete()
    with pytest.raises(inspect_data.ImagesMissing, match=r"1 of the 2 images .*test.lst names .* first 1.png"):
        inspect_data.lambda_handler({"bucket": BUCKET}, None)


def test_without_a_manifest_the_data_is_not_staged(inspect_data: ModuleType, bucket: Any) -> None:
    bucket.Object("train.lst").delete()
    with pytest.raises(inspect_data.DataNotStaged, match=r"train.lst does not exist"):
        inspect_data.lambda_handler({"bucket": BUCKET}, None)


@pytest.mark.parametrize("text", [b"", b"0\t1\n", b"0\tbicycle\ta.png\n", b"0\t1\t\n", b"\xff\xfe\n"])
def test_a_manifest_in_another_format_is_not_understood(inspect_data: ModuleType, bucket: Any, text: bytes) -> None:
    bucket.put_object(Key="train.lst", Body=text)
    with pytest.raises(inspect_data.ManifestNotUnderstood, match=r"train.lst"):
        inspect_data.lambda_handler({"bucket": BUCKET}, None)
