from collections.abc import Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest

BUCKET = "staged"


@pytest.fixture
def bucket(aws: None) -> Iterator[Any]:
    """Three images to train with and two to test with."""
    made = boto3.resource("s3").Bucket(BUCKET)
    made.create()
    for split, count in (("train", 3), ("test", 2)):
        for index in range(count):
            made.put_object(Key=f"{split}/{index}.png", Body=b"image")
        lines = "".join(f"{index}\t{index % 2}\t{index}.png\n" for index in range(count))
        made.put_object(Key=f"{split}.lst", Body=lines.encode())
    yield made
    made.objects.delete()
    made.delete()


def test_what_is_staged_says_how_many_samples_and_classes_there_are(inspect_data: ModuleType, bucket: Any) -> None:
    assert inspect_data.lambda_handler({"bucket": BUCKET}, None) == {
        "images": {"train": 3, "test": 2},
        "hyperparameters": {"num_training_samples": "3", "num_classes": "2"},
    }


def test_images_that_a_manifest_names_and_are_not_there_are_missing(inspect_data: ModuleType, bucket: Any) -> None:
    bucket.Object("test/1.png").delete()
    with pytest.raises(inspect_data.ImagesMissing, match=r"1 of the 2 images .*test.lst names .* first 1.png"):
        inspect_data.lambda_handler({"bucket": BUCKET}, None)


def test_without_a_manifest_nothing_is_staged(inspect_data: ModuleType, bucket: Any) -> None:
    bucket.Object("train.lst").delete()
    with pytest.raises(inspect_data.DataNotStaged, match=r"train.lst is not there"):
        inspect_data.lambda_handler({"bucket": BUCKET}, None)


@pytest.mark.parametrize("text", [b"", b"0\t1\n", b"0\tbicycle\ta.png\n", b"0\t1\t\n", b"\xff\xfe\n"])
def test_a_manifest_of_another_form_is_not_understood(inspect_data: ModuleType, bucket: Any, text: bytes) -> None:
    bucket.put_object(Key="train.lst", Body=text)
    with pytest.raises(inspect_data.ManifestNotUnderstood, match=r"train.lst"):
        inspect_data.lambda_handler({"bucket": BUCKET}, None)
