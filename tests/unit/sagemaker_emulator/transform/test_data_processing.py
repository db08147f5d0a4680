"""The part of a record that is sent to the model, and the parts of record and answer that are stored."""

from typing import Any

import pytest

from sagemaker_emulator.transform.data_processing import DataProcessing, DataProcessingError

CSV, JSON, LINES = "text/csv", "application/json", "application/jsonlines"


def processing(
    input_filter: str = "$",
    output_filter: str = "$",
    join: str = "None",
    types: tuple[str | None, str | None] = (CSV, CSV),
    split_type: str = "Line",
) -> DataProcessing:
    request: dict[str, Any] = {
        "DataProcessing": {"InputFilter": input_filter, "OutputFilter": output_filter, "JoinSource": join},
        "TransformInput": {"SplitType": split_type, **({"ContentType": types[0]} if types[0] else {})},
        "TransformOutput": {"Accept": types[1]} if types[1] else {},
    }
    return DataProcessing.from_request(request)


@pytest.mark.parametrize(
    ("input_filter", "type_", "record", "sent"),
    [
        ("$", CSV, b"1, 2\r\n", b"1, 2\r\n"),
        ("$[1:]", CSV, b"id,1,2\r\n", b"1,2"),
        ("$[0]", CSV, b'"a,b",c', b'"a,b"'),
        ("$[1:]", CSV, b"id", b""),
        ("$[0,1]", CSV, b"X , a \r\n", b"X , a "),
        ("", CSV, b"1,2\r\n", b"1,2\r\n"),
        ("$.features", JSON, b'{"id": 1, "features": [1, 2]}', b"[1,2]"),
        ("$['a','b']", LINES, b'{"a": 1, "b": {"c": 2}, "d": 3}', b'{"a":1,"b":{"c":2}}'),
    ],
)
def test_the_input_filter_selects_what_is_sent_to_the_model(
    input_filter: str, type_: str, record: bytes, sent: bytes
) -> None:
    assert processing(input_filter, types=(type_, type_)).sent(record) == sent


@pytest.mark.parametrize(
    ("output_filter", "join", "type_", "records", "answer", "stored"),
    [
        ("$[0]", "None", CSV, [b"1", b"2"], b"a,b\nc,d\n", b"a\nc"),
        ("$", "Input", CSV, [b"1,2", b"3,4"], b"a\nb", b"1,2,a\n3,4,b"),
        ("$", "Input", JSON, [b'{"id": 1}'], b'{"p":\n0.5}', b'{"id":1,"SageMakerOutput":{"p":0.5}}'),
        ("$", "Input", JSON, [b"[1]"], b"0.5", b'{"SageMakerInput":[1],"SageMakerOutput":0.5}'),
        ("$.SageMakerOutput", "Input", LINES, [b"{}", b"{}"], b"1\n2", b"1\n2"),
        ("", "Input", CSV, [b"1"], b"a", b"1,a"),
        ("$.p", "None", JSON, [b"{}", b"{}"], b'{"p":1}\n{"p":2}', b"1\n2"),
    ],
)
def test_the_output_filter_selects_what_is_stored(
    output_filter: str, join: str, type_: str, records: list[bytes], answer: bytes, stored: bytes
) -> None:
    made = processing(output_filter=output_filter, join=join, types=(type_, type_))
    assert made.stored(records, answer) == stored


def test_an_answer_has_a_line_for_each_record_that_it_is_joined_with() -> None:
    with pytest.raises(DataProcessingError) as refused:
        processing(join="Input").stored([b"1", b"2"], b"a\n")
    assert str(refused.value) == "Fail to join data: mismatched line count between the input and the output"


@pytest.mark.parametrize(
    ("type_", "record", "message"),
    [
        (JSON, b"{", "Fail to parse application/json: Expecting property name"),
        (CSV, b"\xff", "Fail to parse text/csv: 'utf-8' codec"),
        (JSON, b"[1]", "JSONPath '$.a' matches nothing in a record"),
    ],
)
def test_a_record_that_cannot_be_read_or_filtered_is_an_error(type_: str, record: bytes, message: str) -> None:
    with pytest.raises(DataProcessingError) as refused:
        processing("$.a", types=(type_, type_)).sent(record)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("arguments", "changes_input", "changes_output"),
    [
        ({}, False, False),
        ({"input_filter": "$[0]"}, True, False),
        ({"output_filter": "$[0]"}, False, True),
        ({"join": "Input"}, False, True),
        ({"types": (None, None)}, False, False),
        ({"types": ("image/png", "image/png"), "split_type": "RecordIO"}, False, False),
    ],
)
def test_only_the_requested_parts_are_changed(
    arguments: dict[str, Any], changes_input: bool, changes_output: bool
) -> None:
    made = processing(**arguments)
    assert (made.changes_input, made.changes_output) == (changes_input, changes_output)


@pytest.mark.parametrize(
    "arguments",
    [
        {"input_filter": "$.a", "types": ("Application/JSON; charset=utf-8", JSON), "split_type": "None"},
        {"input_filter": "$.a", "types": (LINES, None)},
        {"output_filter": "$.a", "types": (None, LINES)},
        {"join": "Input", "types": (JSON, LINES)},
    ],
)
def test_compatible_types_are_accepted(arguments: dict[str, Any]) -> None:
    assert processing(**arguments)


READABLE = "text/csv, application/json or application/jsonlines"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"input_filter": "$.a", "types": ("image/png", CSV)},
            f"DataProcessing needs TransformInput.ContentType to be {READABLE}, not 'image/png'",
        ),
        (
            {"join": "Input", "types": (None, CSV)},
            f"DataProcessing needs TransformInput.ContentType to be {READABLE}, not ''",
        ),
        (
            {"output_filter": "$.a", "types": (CSV, None)},
            f"DataProcessing needs TransformOutput.Accept to be {READABLE}, not ''",
        ),
        (
            {"input_filter": "$.a", "split_type": "None"},
            "DataProcessing of text/csv needs SplitType Line, not None",
        ),
        (
            {"input_filter": "$.a", "types": (JSON, JSON), "split_type": "TFRecord"},
            "DataProcessing of application/json needs SplitType Line, not TFRecord",
        ),
        (
            {"join": "Input", "types": (CSV, JSON)},
            "JoinSource Input cannot join text/csv with application/json: "
            "ContentType and Accept must both be CSV or both be JSON",
        ),
    ],
)
def test_types_that_cannot_be_processed_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        processing(**arguments)
    assert str(refused.value) == message
