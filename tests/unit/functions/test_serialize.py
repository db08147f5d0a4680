from types import ModuleType

import pytest

EVENT = {"image_data": "", "s3_bucket": "images", "s3_key": "test/wheels.png", "inferences": []}


def test_a_missing_object_raises_image_not_found(serialize: ModuleType) -> None:
    with pytest.raises(serialize.ImageNotFound, match=r"s3://images/test/wheels.png does not exist"):
        serialize.lambda_handler(EVENT, None)


def test_a_missing_bucket_raises_image_not_found(serialize: ModuleType) -> None:
    with pytest.raises(serialize.ImageNotFound, match=r"s3://no-such-bucket/.*NoSuchBucket"):
        serialize.lambda_handler({**EVENT, "s3_bucket": "no-such-bucket"}, None)


def test_an_empty_object_raises_image_empty(serialize: ModuleType) -> None:
    serialize.s3.put_object(Bucket="images", Key=EVENT["s3_key"], Body=b"")
    with pytest.raises(serialize.ImageEmpty, match="has no bytes"):
        serialize.lambda_handler(EVENT, None)


def test_an_image_at_the_limit_fits_between_two_states(serialize: ModuleType) -> None:
    serialize.s3.put_object(Bucket="images", Key=EVENT["s3_key"], Body=bytes(serialize.IMAGE_LIMIT_BYTES))
    image_data = serialize.lambda_handler(EVENT, None)["body"]["image_data"]
    key_of_1024_bytes_in_json_escapes, fields_of_lambda = 1024 // 2 * len(r"\u00e9"), 2048
    assert len(image_data) + key_of_1024_bytes_in_json_escapes + fields_of_lambda <= 262_144


def test_an_image_over_the_limit_raises_image_too_large(serialize: ModuleType) -> None:
    serialize.s3.put_object(Bucket="images", Key=EVENT["s3_key"], Body=bytes(serialize.IMAGE_LIMIT_BYTES + 1))
    with pytest.raises(serialize.ImageTooLarge, match=r"190,465 bytes; Step Functions passes on at most 190,464"):
        serialize.lambda_handler(EVENT, None)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({}, "s3_bucket is None"),
        ({"s3_bucket": "images"}, "s3_key is None"),
        ({"s3_bucket": "images", "s3_key": ""}, "s3_key is ''"),
        ({"s3_bucket": 5, "s3_key": "a.png"}, "s3_bucket is 5"),
        ({"body": "{not json"}, "text that is not JSON: '{not json'"),
        (["images", "a.png"], "should be an object with s3_bucket and s3_key"),
    ],
)
def test_an_event_without_an_object_is_not_understood(serialize: ModuleType, event: object, message: str) -> None:
    with pytest.raises(serialize.EventNotUnderstood, match=message):
        serialize.lambda_handler(event, None)
