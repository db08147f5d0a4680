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
