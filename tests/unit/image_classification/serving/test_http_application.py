import pytest
from aiohttp import web

from image_classification.serving.http_application import accepted_type, printable


@pytest.mark.parametrize(
    ("headers", "content_type"),
    [
        (["application/json"], "application/json"),
        (["*/*"], "application/json"),
        (["application/*;q=0.8"], "application/json"),
        ([""], "application/json"),
        (["text/csv, application/jsonlines;charset=utf-8"], "application/jsonlines"),
        (["text/csv", "Application/JSON"], "application/json"),
        (["application/jsonlines, application/json"], "application/jsonlines"),
    ],
)
def test_the_first_type_that_can_be_answered_is_chosen(headers: list[str], content_type: str) -> None:
    assert accepted_type(headers) == content_type


def test_other_types_are_not_acceptable() -> None:
    with pytest.raises(web.HTTPNotAcceptable) as error:
        accepted_type(["text/csv"])
    assert error.value.text == "Accept text/csv not supported. Supported types: application/json, application/jsonlines"


def test_bytes_of_a_header_that_are_not_utf_8_are_escaped() -> None:
    assert printable(b"image/\xff".decode(errors="surrogateescape")) == r"image/\udcff"
