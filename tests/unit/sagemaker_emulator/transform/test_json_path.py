"""The JSONPath of DataProcessing, by the examples of AWS's "Associate Prediction Results with Input Records"."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sagemaker_emulator.transform.json_path import JsonPath, JsonPathError

RECORD = {
    "id": 7,
    "features": [1.5, 2.5, 3.5],
    "nested": {"a_b-c": {"deep": [10, 11]}, "x": {"deep": [12]}},
    "rows": [{"v": 1}, {"v": 2}],
    "odd name": "found",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)


def selected(path: str, value: Any = RECORD) -> Any:
    return JsonPath.parse(path).select(value)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", RECORD),
        ("$.id", 7),
        ("$.nested.a_b-c.deep", [10, 11]),
        ("$['odd name']", "found"),
        ("$['nested']['x']", {"deep": [12]}),
        ("$['id','odd name']", {"id": 7, "odd name": "found"}),
        ("$['id' , 'absent']", {"id": 7}),
        ("$.features[0]", 1.5),
        ("$.features[2]", 3.5),
        ("$.features[0,2]", [1.5, 3.5]),
        ("$.features[2 , 0]", [3.5, 1.5]),
        ("$.features[-1]", 3.5),
        ("$.features[0,-1]", [1.5, 3.5]),
        ("$.features[0, -1]", [1.5, 3.5]),
        ("$.features[0,1:]", [1.5, 2.5, 3.5]),
        ("$.features[-1,:2]", [3.5, 1.5, 2.5]),
        ("$.features[ 1 ]", 2.5),
        ("$.features.[1:]", [2.5, 3.5]),
        ("$.['id','odd name']", {"id": 7, "odd name": "found"}),
        ("$.nested.['x']", {"deep": [12]}),
        ("$.features[1:]", [2.5, 3.5]),
        ("$.features[:2]", [1.5, 2.5]),
        ("$.features[1:2]", [2.5]),
        ("$.features[-2:]", [2.5, 3.5]),
        ("$.features[:-1]", [1.5, 2.5]),
        ("$.features[:]", [1.5, 2.5, 3.5]),
        ("$.features[*]", [1.5, 2.5, 3.5]),
        ("$.features.*", [1.5, 2.5, 3.5]),
        ("$.nested.*.deep", [[10, 11], [12]]),
        ("$.nested[*].deep[0]", [10, 12]),
        ("$.rows[*].v", [1, 2]),
        ("$.rows[0,1].v", [1, 2]),
        ("$.rows[1:].v", [2]),
    ],
)
def test_a_path_selects_what_aws_documents(path: str, expected: Any) -> None:
    assert selected(path) == expected


def test_the_columns_of_a_csv_record_are_a_list() -> None:
    assert selected("$[0,2]", ["a", "b", "c"]) == ["a", "c"]
    assert selected("$[1:]", ["a", "b", "c"]) == ["b", "c"]
    assert selected("$[0,-1]", ["a", "b", "c"]) == ["a", "c"]


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        ("$.id.", "."),
        ("$id", "id"),
        ("$..id", "..id"),
        ("$.features[0", "[0"),
        ("$.features[--1]", "[--1]"),
        ("$.features[0,]", "[0,]"),
        ("$.features[0:2:1]", "[0:2:1]"),
        ("$.features[]", "[]"),
        ("$.features[?(@ > 1)]", "[?(@ > 1)]"),
        ("$[id]", "[id]"),
        ("$.1", ".1"),
        ("$['a''b']", "['a''b']"),
    ],
)
def test_an_operator_that_aws_does_not_document_is_refused_where_it_stands(path: str, rest: str) -> None:
    with pytest.raises(JsonPathError) as refused:
        JsonPath.parse(path)
    assert str(refused.value) == (
        f"JSONPath {path!r} is not supported from {rest!r} on: $, .name, .*, ['name','name'], [0], [-1], [0,2], "
        "[1:], [0,5:] and [*] are"
    )


@pytest.mark.parametrize("path", ["", "id", ".id", " $"])
def test_a_path_begins_with_the_root(path: str) -> None:
    with pytest.raises(JsonPathError) as refused:
        JsonPath.parse(path)
    assert str(refused.value) == f"JSONPath {path!r} does not begin with $"


def test_nothing_follows_a_choice_of_names() -> None:
    with pytest.raises(JsonPathError) as refused:
        JsonPath.parse("$['id','rows'].v")
    assert str(refused.value) == "JSONPath \"$['id','rows'].v\": nothing can follow a choice of several names"
    assert selected("$.nested['x','y']") == {"x": {"deep": [12]}}


@pytest.mark.parametrize(
    "path",
    [
        "$.absent",
        "$.features[3]",
        "$.features[0,3]",
        "$.features[-4]",
        "$.features[0,-4]",
        "$.id[0]",
        "$.nested[0]",
        "$.id.name",
        "$.id[*]",
        "$['odd name'][0]",
        "$['odd name'][1:]",
        "$.nested.*.absent",
    ],
)
def test_a_path_that_matches_nothing_is_an_error(path: str) -> None:
    with pytest.raises(JsonPathError) as refused:
        selected(path)
    assert str(refused.value) == f"JSONPath {path!r} matches nothing in a record"


@settings(max_examples=50)
@given(
    value=JSON, path=st.lists(st.sampled_from([".a", "[0]", "[1:]", ".*", "['a','b']", "[0,1]", "[-1,1:]"]), max_size=3)
)
def test_a_path_on_any_value_selects_or_is_refused(value: Any, path: list[str]) -> None:
    with suppress(JsonPathError):
        selected("$" + "".join(path), value)
