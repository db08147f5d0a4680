from collections import defaultdict
from datetime import UTC, datetime

from localstack_plugin.stepfunctions.copied_values import json_copy


def test_a_copy_is_equal_and_shares_no_container() -> None:
    value = {"list": [1, {"deep": None}], "text": "x", "number": 1.5, "flag": True}
    copied = json_copy(value)
    assert copied == value
    copied["list"][1]["deep"] = "changed"
    copied["list"].append(2)
    assert value == {"list": [1, {"deep": None}], "text": "x", "number": 1.5, "flag": True}


def test_a_part_that_occurs_twice_is_copied_twice() -> None:
    part: list[int] = []
    copied = json_copy([part, part])
    assert copied[0] is not copied[1]


def test_a_subclass_of_a_dictionary_keeps_its_class() -> None:
    class Record(dict[str, list[int]]):
        pass

    record = Record(numbers=[1])
    copied = json_copy(record)
    assert type(copied) is Record
    assert copied["numbers"] is not record["numbers"]


def test_a_value_that_is_not_json_is_copied_too() -> None:
    now = datetime.now(UTC)
    assert json_copy({"at": now}) == {"at": now}


def test_a_subclass_with_attributes_of_its_own_is_copied_with_them() -> None:
    class Record(dict[str, list[int]]):
        source: list[str]

    record = Record(numbers=[1])
    record.source = ["file"]
    copied = json_copy(record)
    assert (type(copied), copied, copied.source) == (Record, {"numbers": [1]}, ["file"])
    assert copied.source is not record.source


def test_a_dictionary_that_makes_its_own_values_still_does_so_in_its_copy() -> None:
    counts = defaultdict[str, list[int]](list, a=[1])
    copied = json_copy(counts)
    copied["b"].append(2)
    assert (copied, counts) == ({"a": [1], "b": [2]}, {"a": [1]})
