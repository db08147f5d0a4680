import base64
import io
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

PNG = b"\x89PNG\r\n\x1a\n and some pixels"
JPEG = b"\xff\xd8\xff\xe0 and some pixels"


def event_with(image: bytes, **fields: str) -> dict[str, Any]:
    return {"image_data": base64.b64encode(image).decode(), **fields}


def answer_of(
    classify: ModuleType, event: object, answer: bytes = b"[0.9, 0.1]", **request: str | bytes
) -> list[float]:
    expected = {"EndpointName": "scones", "ContentType": "image/png", "Accept": "application/json", "Body": PNG}
    with Stubber(classify.sagemaker_runtime) as stubber:
        stubber.add_response("invoke_endpoint", {"Body": io.BytesIO(answer)}, {**expected, **request})
        inferences: list[float] = classify.lambda_handler(event, None)["body"]["inferences"]
        return inferences


def test_a_jpeg_is_sent_as_a_jpeg(classify: ModuleType) -> None:
    assert answer_of(classify, event_with(JPEG), ContentType="image/jpeg", Body=JPEG) == [0.9, 0.1]


def test_the_inference_id_is_sent(classify: ModuleType) -> None:
    event = event_with(PNG, inference_id="execution-7")
    assert answer_of(classify, event, InferenceId="execution-7") == [0.9, 0.1]


def test_an_inference_id_next_to_a_wrapped_body_is_used(classify: ModuleType) -> None:
    event = {"Payload": {"body": event_with(PNG)}, "inference_id": "execution-7"}
    assert answer_of(classify, event, InferenceId="execution-7") == [0.9, 0.1]


def test_a_name_longer_than_an_inference_id_keeps_its_end_and_is_an_attribute(classify: ModuleType) -> None:
    name = "x" * 44 + "-2f6f1d0c-6f4e-4a53-8a4b-5b0e1c9d7e21"
    event, whole = event_with(PNG, inference_id=name), f"execution={name}"
    assert answer_of(classify, event, InferenceId=name[-64:], CustomAttributes=whole) == [0.9, 0.1]


def test_base64_may_have_line_breaks(classify: ModuleType) -> None:
    event = {"image_data": base64.encodebytes(PNG).decode()}
    assert answer_of(classify, event) == [0.9, 0.1]


def test_without_an_endpoint_name_the_error_names_the_variable(
    classify: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENDPOINT_NAME")
    with pytest.raises(classify.EndpointNameMissing, match="set it to the endpoint's name"):
        classify.lambda_handler(event_with(PNG), None)


@pytest.mark.parametrize("image_data", ["", None, 5, ["aGk="]])
def test_an_event_without_image_data_raises_image_missing(classify: ModuleType, image_data: object) -> None:
    with pytest.raises(classify.ImageMissing, match="should be a PNG or JPEG in base64"):
        classify.lambda_handler({"image_data": image_data}, None)


def test_a_truncated_body_raises_image_missing(classify: ModuleType) -> None:
    with pytest.raises(classify.ImageMissing, match="text that is not JSON"):
        classify.lambda_handler({"body": '{"image_data": "iVBO'}, None)


@pytest.mark.parametrize(
    ("image_data", "message"),
    [
        ("b'iVBORw0KGgo='", "not base64"),
        ("été", "not base64"),
        (base64.b64encode(b"GIF89a").decode(), "6 bytes that begin b'GIF89a'; it should be a PNG or a JPEG"),
    ],
)
def test_data_that_is_not_png_or_jpeg_is_not_an_image(classify: ModuleType, image_data: str, message: str) -> None:
    with pytest.raises(classify.NotAnImage, match=message):
        classify.lambda_handler({"image_data": image_data}, None)


@pytest.mark.parametrize("answer", [b"", b"oops", b"5", b'{"predictions": [0.9]}', b'["0.9"]', b"null", b"[]"])
def test_an_answer_that_is_not_a_list_of_numbers_is_not_understood(classify: ModuleType, answer: bytes) -> None:
    with pytest.raises(classify.AnswerNotUnderstood, match="endpoint scones answered b"):
        answer_of(classify, event_with(PNG), answer)


@pytest.mark.parametrize("name", ["ModelError", "ModelNotReadyException", "ServiceUnavailable", "InternalFailure"])
def test_the_endpoints_errors_keep_their_names(classify: ModuleType, name: str) -> None:
    assert type(error_for(classify, name)).__name__ == name


def test_throttling_has_its_own_error(classify: ModuleType) -> None:
    assert isinstance(error_for(classify, "ThrottlingException"), classify.EndpointThrottled)


def test_a_missing_endpoint_is_a_validation_error(classify: ModuleType) -> None:
    error = error_for(classify, "ValidationError", "Endpoint scones of account 123456789012 not found.")
    assert type(error).__name__ == "ValidationError"
    assert "not found" in str(error)


def error_for(classify: ModuleType, code: str, message: str = "it happens") -> Exception:
    with Stubber(classify.sagemaker_runtime) as stubber:
        stubber.add_client_error("invoke_endpoint", code, message)
        with pytest.raises((ClientError, classify.ClassifyError)) as caught:
            classify.lambda_handler(event_with(PNG), None)
    error: Exception = caught.value
    return error


def test_the_most_probable_class_is_named_if_classes_are_known(
    classify: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLASSES", "bicycle,bus,train")
    body = body_for(classify, b"[0.2, 0.1, 0.7]")
    assert (body["class"], body["confidence"]) == ("train", 0.7)


def test_more_probabilities_than_classes_are_refused(classify: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSES", "bicycle,motorcycle")
    with pytest.raises(classify.ClassesDoNotMatch, match=r"answered 3 probabilities, but CLASSES names 2 classes"):
        body_for(classify, b"[0.2, 0.1, 0.7]")


def body_for(classify: ModuleType, answer: bytes) -> dict[str, Any]:
    with Stubber(classify.sagemaker_runtime) as stubber:
        stubber.add_response("invoke_endpoint", {"Body": io.BytesIO(answer)})
        body: dict[str, Any] = classify.lambda_handler(event_with(PNG), None)["body"]
        return body
