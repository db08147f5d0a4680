from typing import Any

import pytest

from localstack_plugin.cloudformation.outcome import (
    CREATE,
    UPDATE,
    deployed_template,
    differs,
    failure_option,
    reason_of,
    remaining_template,
)


@pytest.mark.parametrize(
    ("action", "is_disabled", "request_", "option"),
    [
        (CREATE, False, {}, "ROLLBACK"),
        (CREATE, False, {"DisableRollback": False}, "ROLLBACK"),
        (CREATE, False, {"DisableRollback": True}, "DO_NOTHING"),
        (CREATE, False, {"OnFailure": "DELETE"}, "DELETE"),
        (CREATE, False, {"OnStackFailure": "DO_NOTHING"}, "DO_NOTHING"),
        (CREATE, True, {"OnStackFailure": "DELETE"}, "DO_NOTHING"),
        (UPDATE, False, {"OnFailure": "DELETE"}, "ROLLBACK"),
        (UPDATE, True, {}, "DO_NOTHING"),
    ],
)
def test_what_happens_after_a_failure_is_for_the_request_to_say(
    action: str, is_disabled: bool, request_: dict[str, Any], option: str
) -> None:
    assert failure_option(action, is_disabled, request_) == option


def test_the_reason_names_the_resources_by_what_failed() -> None:
    failed = {"create": ["A", "B"], "update": ["C"], "delete": []}
    assert reason_of(failed, "Rollback requested by user.") == (
        "The following resource(s) failed to create: [A, B]. The following resource(s) failed to update: [C]. "
        "Rollback requested by user."
    )


def test_the_template_of_a_kept_failure_says_what_is_there() -> None:
    before = {"Resources": {"Same": {"Type": "T", "Properties": {"P": {"Ref": "X"}}, "DependsOn": "Gone"}}}
    after = {
        "Resources": {"Same": {"Type": "T", "Properties": {"P": 2}}, "New": {"Type": "T"}, "Failed": {"Type": "T"}}
    }
    there = {
        "Same": {"ResourceStatus": "UPDATE_FAILED", "Properties": {"P": 1}},
        "New": {"ResourceStatus": "CREATE_COMPLETE", "Properties": {"Q": 1}},
    }
    assert deployed_template(before, after, there)["Resources"] == {
        "Same": {"Type": "T", "Properties": {"P": 1}},
        "New": {"Type": "T"},
    }


def test_the_template_of_what_a_removal_left_refers_to_nothing() -> None:
    template = {
        "Resources": {"Left": {"Type": "T", "Properties": {"P": {"Ref": "Gone"}}, "DependsOn": "Gone"}, "Gone": {}},
        "Outputs": {"O": {"Value": {"Ref": "Gone"}}},
    }
    assert remaining_template(template, {"Left": {"Properties": {"P": "gone"}}}) == {
        "Resources": {"Left": {"Type": "T", "Properties": {"P": "gone"}}},
        "Outputs": {},
    }
    assert remaining_template(None, {}) == {"Resources": {}, "Outputs": {}}


@pytest.mark.parametrize(
    ("path", "is_different"),
    [
        ("/properties/Same", False),
        ("/properties/Name", True),
        ("/properties/In/Deep", True),
        ("/properties/None", False),
    ],
)
def test_a_path_of_the_schema_is_compared_by_value(path: str, is_different: bool) -> None:
    before = {"Same": [1], "Name": "a", "In": {"Deep": 1}}
    after = {"Same": [1], "Name": "b", "In": "text"}
    assert differs(path, before, after) is is_different
